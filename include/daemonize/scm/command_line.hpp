// Command lines of Windows: quoting and parsing by the rules of CommandLineToArgvW, on any platform (internal).
#ifndef DAEMONIZE_SCM_COMMAND_LINE_HPP
#define DAEMONIZE_SCM_COMMAND_LINE_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace daemonize {
namespace detail {

// The path of a program is always quoted: Windows starts C:\My.exe for an unquoted `C:\My Service\x.exe`, if C:\My.exe
// exists. The path cannot hold a quotation mark: Windows has no escape for it here, and no file name has a quotation
// mark.
inline std::string quote_program(const std::string& path) { return '"' + path + '"'; }

// CommandLineToArgvW reads the result back as `argument`. Backslashes are doubled before a quotation mark, and only
// there.
inline std::string quote_argument(const std::string& argument) {
    if (!argument.empty() && argument.find_first_of(" \t\n\v\"") == std::string::npos) return argument;
    std::string text = "\"";
    std::size_t backslashes = 0;
    for (const char c : argument) {
        if (c == '\\') {
            ++backslashes;
            continue;
        }
        text.append(c == '"' ? 2 * backslashes + 1 : backslashes, '\\');
        backslashes = 0;
        text += c;
    }
    return text.append(2 * backslashes, '\\') + '"';
}

inline std::string join_command_line(const std::string& program, const std::vector<std::string>& arguments) {
    std::string line = quote_program(program);
    for (const std::string& argument : arguments) line += ' ' + quote_argument(argument);
    return line;
}

inline bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// Reads the argument whose first character is line[at], and moves `at` behind the argument.
inline std::string read_argument(const std::string& line, std::size_t& at) {
    std::string argument;
    bool quoted = false;
    while (at < line.size() && (quoted || !is_blank(line[at]))) {
        std::size_t backslashes = 0;
        while (at < line.size() && line[at] == '\\') {
            ++backslashes;
            ++at;
        }
        if (at == line.size() || line[at] != '"') {
            argument.append(backslashes, '\\');
            if (at < line.size() && (quoted || !is_blank(line[at]))) argument += line[at++];
            continue;
        }
        argument.append(backslashes / 2, '\\');
        ++at;
        if (backslashes % 2 != 0) {
            argument += '"';
        } else if (quoted && at < line.size() && line[at] == '"') {
            argument += '"'; // `""` inside quotation marks is one quotation mark, and ends the quoting
            ++at;
            quoted = false;
        } else {
            quoted = !quoted;
        }
    }
    return argument;
}

// The arguments of a command line; the first one is the program.
inline std::vector<std::string> parse_command_line(const std::string& line) {
    std::vector<std::string> arguments;
    if (line.empty()) return arguments;
    std::size_t at = 0;
    const bool quoted = line[0] == '"';
    if (quoted) ++at;
    const std::size_t begin = at;
    while (at < line.size() && (quoted ? line[at] != '"' : !is_blank(line[at]))) ++at;
    arguments.push_back(line.substr(begin, at - begin));
    if (quoted && at < line.size()) ++at;
    for (;;) {
        while (at < line.size() && is_blank(line[at])) ++at;
        if (at >= line.size()) return arguments;
        arguments.push_back(read_argument(line, at));
    }
}

} // namespace detail
} // namespace daemonize

#endif
