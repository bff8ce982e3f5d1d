// Quoted arguments pass through a shell and through a line of a unit file unchanged.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <daemonize.hpp>

using daemonize::detail::quote_for_shell;
using daemonize::detail::quote_for_unit;

namespace {

// The argument that sh reads from a quoted word.
std::string read_by_shell(const std::string& quoted) {
    std::FILE* shell = ::popen(("printf %s. " + quoted).c_str(), "r");
    if (shell == nullptr) return "no shell";
    std::string text;
    for (int c = std::fgetc(shell); c != EOF; c = std::fgetc(shell)) text += static_cast<char>(c);
    return ::pclose(shell) == 0 && !text.empty() ? text.substr(0, text.size() - 1) : "it failed";
}

// The argument by the rules of systemd.service(5): quotes, C escapes, specifiers, variables.
std::string read_by_unit(const std::string& quoted) {
    std::string text;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        const char c = quoted[i];
        if (c == '\\' && quoted[i + 1] == 'x') {
            text += static_cast<char>(std::stoi(quoted.substr(i + 2, 2), nullptr, 16));
            i += 3;
        } else if (c == '\\' || c == '%' || c == '$') {
            if (c != '\\' && quoted[i + 1] != c) return "a lone " + std::string(1, c);
            text += quoted[++i];
        } else {
            text += c;
        }
    }
    return text;
}

std::vector<std::string> words() {
    std::vector<std::string> result = {
        "",         "plain", "two words", "it's",   "\"",     "\\",   "$HOME `id` $(id)",
        "%h %%",    "a\nb",  "*",         "; rm x", "\t",     "-n",   "\xc3\xa9\xe2\x82\xac",
        "\x7f\x01", "#",     "!",         "&&",     "a\\x41", "${A}", "''"};
    std::string all;
    for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
    result.push_back(all);
    return result;
}

} // namespace

TEST_CASE("a word comes out of a shell as it went in") {
    for (const std::string& word : words()) CHECK(read_by_shell(quote_for_shell(word)) == word);
}

TEST_CASE("a word comes out of a unit file as it went in, on one line") {
    for (const std::string& word : words()) {
        const std::string quoted = quote_for_unit(word);
        CHECK(quoted.find('\n') == std::string::npos);
        CHECK(quoted.front() == '"');
        CHECK(quoted.back() == '"');
        CHECK(read_by_unit(quoted) == word);
    }
}

TEST_CASE("the arguments of a unit are found again") {
    std::string line = "ExecStart=";
    for (const std::string& word : words()) line += " " + quote_for_unit(word);
    CHECK(daemonize::detail::arguments_in_unit(line) == words());
    CHECK(daemonize::detail::arguments_in_unit(line.substr(0, line.size() - 1)).empty());
    CHECK(daemonize::detail::arguments_in_unit("\"a\\").empty());
}

// systemd.service(5): "the first argument may not be a variable".
TEST_CASE("a program's path in a unit keeps its dollars") {
    CHECK(quote_for_unit("/srv/$HOME/100%", true) == "\"/srv/$HOME/100%%\"");
    CHECK(daemonize::detail::arguments_in_unit(quote_for_unit("/srv/$$/", true) + " \"$$\"") ==
          std::vector<std::string>{"/srv/$$/", "$"});
}

TEST_CASE("a description that ends with a backslash does not take the next line of the unit along") {
    daemonize::detail::ServiceDefinition unit;
    unit.description = "C:\\\\ ";
    unit.program = "/usr/bin/x";
    CHECK(daemonize::detail::unit_text(unit).find("\nDescription=C:\nAfter=") != std::string::npos);
}
