// cmake/single_header.cmake, on the library and on small trees with difficult includes.
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "support/catch.hpp"

namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A source tree that goes with the test.
class Tree {
  public:
    Tree() {
        std::string path = (fs::temp_directory_path() / "single_header.XXXXXX").string();
        REQUIRE(mkdtemp(path.data()) != nullptr);
        root_ = path;
        fs::create_directories(root_ / "include/daemonize");
        fs::copy(fs::path(SOURCE_DIRECTORY) / "cmake", root_ / "cmake");
        write("LICENSE", "The licence.\n");
        header("daemonize/core/config.hpp", "CONFIG",
               "#define DAEMONIZE_VERSION_MAJOR 4\n#define DAEMONIZE_VERSION_MINOR 5\n"
               "#define DAEMONIZE_VERSION_PATCH 6\n");
    }
    ~Tree() { fs::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    void write(const fs::path& path, const std::string& text) const {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path, std::ios::binary) << text;
    }

    void header(const fs::path& path, const std::string& guard, const std::string& body) const {
        write("include" / path, "#ifndef " + guard + "\n#define " + guard + "\n" + body + "#endif\n");
    }

    /// Runs the generator in the tree; the exit status.
    int generate(const std::string& arguments = "") const {
        std::string command = "cd '" + root_.string() + "' && '" CMAKE_COMMAND "' -P cmake/single_header.cmake ";
        command += arguments + " >said 2>&1";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::string output() const { return read(root_ / "daemonize.hpp"); }

    /// The message of the generator, in one line, because CMake wraps messages.
    std::string said() const {
        std::string words;
        std::ifstream file(root_ / "said");
        for (std::string word; file >> word;) words += word + " ";
        return words;
    }

    const fs::path& root() const { return root_; }

  private:
    fs::path root_;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

/// The names of the variables in a text, in order.
std::string variables(const std::string& text) {
    std::string names;
    std::istringstream words(text);
    for (std::string word; words >> word;)
        if (word == "int" && words >> word) names += word + " ";
    return names;
}

bool is_own_include(const std::string& line) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') return false;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    return word != std::string::npos && line.compare(word, 7, "include") == 0 && contains(line, "\"");
}

} // namespace

TEST_CASE("every line of every header that the library consists of is in the single header, byte for byte") {
    const Tree tree;
    fs::remove_all(tree.root() / "include");
    fs::copy(fs::path(SOURCE_DIRECTORY) / "include", tree.root() / "include", fs::copy_options::recursive);
    REQUIRE(tree.generate() == 0);
    const std::string output = tree.output();
    for (const auto& entry : fs::recursive_directory_iterator(tree.root() / "include")) {
        if (!entry.is_regular_file()) continue;
        INFO(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        std::string piece;
        for (std::string line; std::getline(file, line);) {
            if (!is_own_include(line)) {
                piece += line + "\n";
                continue;
            }
            CHECK(contains(output, piece));
            piece.clear();
        }
        CHECK(contains(output, piece));
    }
}

TEST_CASE("the single header begins with version and licence, and includes nothing of its own") {
    const Tree tree;
    tree.header("daemonize.hpp", "ALL", "#include <string>\n#include \"daemonize/core/config.hpp\"  // why\n");
    REQUIRE(tree.generate() == 0);
    CHECK(tree.output().rfind("/*\ndaemonize 4.5.6,", 0) == 0);
    CHECK(tree.output().find("The licence.\n*/\n") < tree.output().find("#ifndef ALL"));
    CHECK(contains(tree.output(), "#include <string>\n"));
    CHECK_FALSE(contains(tree.output(), "platform.hpp"));
}

TEST_CASE("what CMake takes for its own syntax survives in the single header") {
    const std::string text = "// ; [ ] [[ ]] [=[ ]=] ${root} $ENV{HOME} @root@ \\; \\ \\\\ \\n \" # $<1:x> \\${x}\n"
                             "#define ARRAY(x) x[0]; x[1]; \\\n    x[2];;\n\n\n\t// [ alone\n\n\n";
    const Tree tree;
    tree.header("daemonize/a.hpp", "A", text);
    tree.header("daemonize.hpp", "ALL", text + "#include \"daemonize/a.hpp\"\n" + text);
    REQUIRE(tree.generate() == 0);
    CHECK(count(tree.output(), text) == 3);
    CHECK(contains(tree.output(), "#ifndef A\n#define A\n" + text + "#endif\n"));
}

TEST_CASE("an include is resolved beside the including file first, and each header comes once") {
    const Tree tree;
    tree.header("daemonize.hpp", "ALL",
                "#include \"daemonize/posix/b.hpp\"\n#include \"daemonize/core/a.hpp\"\n"
                "  # include \"c.hpp\"\n");
    tree.header("daemonize/posix/b.hpp", "B", "#include \"../core/a.hpp\"\n#include \"c.hpp\"\nint b;\n");
    tree.header("daemonize/core/a.hpp", "A", "int a;\n");
    tree.header("daemonize/posix/c.hpp", "C1", "int beside;\n");
    tree.header("c.hpp", "C2", "int other;\n");
    REQUIRE(tree.generate() == 0);
    CHECK(variables(tree.output()) == "a; beside; b; other; ");
}

TEST_CASE("a header that one branch of an #if includes is there in the other branch and after it") {
    const Tree tree;
    tree.header("daemonize.hpp", "ALL",
                "#if defined(BRANCH)\n#include \"daemonize/b.hpp\"\n#include \"daemonize/a.hpp\"\nint first;\n"
                "#else\n#include \"daemonize/a.hpp\"\nint second;\n#endif\n"
                "#include \"daemonize/a.hpp\"\nint third;\n"
                "#ifdef BRANCH\n#include \"daemonize/a.hpp\"\n#endif\n");
    tree.header("daemonize/a.hpp", "A", "int a;\n");
    tree.header("daemonize/b.hpp", "B", "#include \"a.hpp\"\nint b;\n");
    REQUIRE(tree.generate() == 0);
    CHECK(variables(tree.output()) == "a; b; first; a; second; a; third; ");
}

TEST_CASE("what the single header cannot be made from is refused, with the reason") {
    const Tree tree;
    SECTION("an include that does not exist") {
        tree.header("daemonize.hpp", "ALL", "#include \"daemonize/gone.hpp\"\n");
        CHECK(tree.generate() != 0);
        CHECK(contains(tree.said(), "daemonize.hpp includes \"daemonize/gone.hpp\", which does not exist"));
    }
    SECTION("a cycle") {
        tree.header("daemonize.hpp", "ALL", "#include \"daemonize/a.hpp\"\n");
        tree.header("daemonize/a.hpp", "A", "#include \"b.hpp\"\n");
        tree.header("daemonize/b.hpp", "B", "#include \"a.hpp\"\n");
        CHECK(tree.generate() != 0);
        CHECK(contains(tree.said(), "An include cycle:"));
    }
    SECTION("a header without a guard") {
        tree.write("include/daemonize.hpp", "#pragma once\n");
        CHECK(tree.generate() != 0);
        CHECK(contains(tree.said(), "has no include guard"));
    }
    SECTION("an #if without its #endif") {
        tree.header("daemonize.hpp", "ALL", "#if 1\n");
        CHECK(tree.generate() != 0);
        CHECK(contains(tree.said(), "without its #endif"));
    }
    SECTION("an own include in angle brackets") {
        tree.header("daemonize.hpp", "ALL", "#include <daemonize/core/config.hpp>\n");
        CHECK(tree.generate() != 0);
        CHECK(contains(tree.said(), "is left"));
    }
    CHECK_FALSE(fs::exists(tree.root() / "daemonize.hpp"));
}

TEST_CASE("the single header goes where it is told to, or the generator fails") {
    const Tree tree;
    tree.header("daemonize.hpp", "ALL", "");
    REQUIRE(tree.generate("out/one.hpp") == 0);
    CHECK(contains(read(tree.root() / "out/one.hpp"), "#ifndef ALL"));
    CHECK_FALSE(fs::exists(tree.root() / "daemonize.hpp"));
    CHECK(tree.generate("out") != 0);
    CHECK(tree.generate("out/one.hpp/two.hpp") != 0);
    CHECK(tree.generate("/dev/full") != 0);
}
