// The figures of the README, and the map in daemonize.hpp, match the code.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <daemonize.hpp>

using daemonize::Stage;

namespace {

const std::string readme = test::contents(std::string(SOURCE_DIRECTORY) + "/README.md");

const std::string include = std::string(SOURCE_DIRECTORY) + "/include/";

// A line of the map in the head of daemonize.hpp: "//     FILE  NAME, NAME: text", or its continuation "//        NAME,
// NAME".
struct MapLine {
    std::string file;
    std::vector<std::string> names;
};

std::vector<MapLine> read_map() {
    std::istringstream head(test::contents(include + "daemonize.hpp"));
    std::vector<MapLine> map;
    for (std::string line; std::getline(head, line) && line.compare(0, 2, "//") == 0;) {
        std::istringstream words(line.substr(2, line.find(": ") - 2));
        std::string word;
        if (!(words >> word)) continue;
        if (word.find(".hpp") != std::string::npos && line.compare(0, 7, "//     ") == 0) {
            map.push_back({word, {}});
        } else if (line.compare(0, 20, "//                  ") == 0 && !map.empty() && line.back() != ';') {
            map.back().names.push_back(word.substr(0, word.find(',')));
        } else {
            continue;
        }
        while (words >> word) map.back().names.push_back(word.substr(0, word.find(',')));
    }
    return map;
}

bool defines(const std::string& text, const std::string& name) {
    for (const char* kind : {"class ", "struct ", "enum class "}) {
        for (const char* end : {" ", "{", ";", " {"}) {
            if (text.find(kind + name + end) != std::string::npos) return true;
        }
    }
    // A function, or a constant.
    return text.find(' ' + name + '(') != std::string::npos || text.find(' ' + name + '{') != std::string::npos;
}

} // namespace

TEST_CASE("the README's exit status of each stage is the one that a launcher ends with") {
    REQUIRE(!readme.empty());
    for (int number = 0; number < static_cast<int>(Stage::body); ++number) {
        const Stage stage = static_cast<Stage>(number);
        const std::string row = "| " + std::to_string(daemonize::exit_code(stage)) + " | `" + to_string(stage) + "`";
        INFO(row);
        CHECK(readme.find(row) != std::string::npos);
    }
    CHECK(readme.find("| 1 | `readiness`, `body`") != std::string::npos);
    CHECK(daemonize::exit_code(Stage::body) == 1);
}

TEST_CASE("the README asks CMake for this version") {
    const std::string version = std::to_string(DAEMONIZE_VERSION_MAJOR) + "." + std::to_string(DAEMONIZE_VERSION_MINOR);
    CHECK(readme.find("find_package(daemonize " + version + " REQUIRED)") != std::string::npos);
}

TEST_CASE("the map in daemonize.hpp names files that exist and hold what it says") {
    const std::vector<MapLine> map = read_map();
    REQUIRE(map.size() > 30);
    std::size_t names = 0;
    for (const MapLine& line : map) {
        const std::string text = test::contents(include + "daemonize/" + line.file);
        INFO(line.file);
        CHECK(!text.empty());
        CHECK(!line.names.empty());
        for (const std::string& name : line.names) {
            INFO(name);
            CHECK(defines(text, name));
            ++names;
        }
    }
    CHECK(names > 50);
}

// The first line of a header tells whether the header is public.
TEST_CASE("the map in daemonize.hpp has every header that calls itself public") {
    const std::vector<MapLine> map = read_map();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(include + "daemonize")) {
        if (entry.path().extension() != ".hpp") continue;
        const std::string text = test::contents(entry.path().string());
        const std::string file = entry.path().string().substr(include.size() + std::string("daemonize/").size());
        const bool is_public = text.substr(0, text.find("#ifndef")).find("(public") != std::string::npos;
        const bool is_named =
            std::any_of(map.begin(), map.end(), [&](const MapLine& line) { return line.file == file; });
        INFO(file);
        CHECK((!is_public || is_named || file == "core/config.hpp"));
    }
}
