// Quotes arguments for sh(1) and for the unit files of systemd, and parses a quoted line of a unit file (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_QUOTE_HPP
#define DAEMONIZE_POSIX_SERVICE_QUOTE_HPP

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

// Quotes an argument for sh(1). In single quotes only the single quote has a meaning.
inline std::string quote_for_shell(const std::string& argument) {
    std::string quoted = "'";
    for (const char c : argument) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted += '\'';
}

// Quotes an argument for ExecStart= of systemd.service(5), "Command lines". A percent sign (a specifier) and a dollar
// sign (a variable) are doubled. Control characters are escaped, because a line end ends the setting. In the program's
// path systemd expands no variables, so a dollar sign stays single.
inline std::string quote_for_unit(const std::string& argument, bool is_program = false) {
    static const char* const digits = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : argument) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (c == '%' || (c == '$' && !is_program)) {
            quoted += c;
            quoted += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            quoted += "\\x";
            quoted += digits[byte >> 4];
            quoted += digits[byte & 15];
        } else {
            quoted += c;
        }
    }
    return quoted += '"';
}

// Returns the arguments that quote_for_unit() quoted in `line`, the program first. Arguments without quotes are
// ignored. If the last quote is missing, the result is empty.
inline std::vector<std::string> arguments_in_unit(const std::string& line) {
    std::vector<std::string> arguments;
    for (std::size_t at = line.find('"'); at != std::string::npos; at = line.find('"', at)) {
        std::string argument;
        for (++at; at < line.size() && line[at] != '"'; ++at) {
            const char c = line[at];
            if (c == '\\' && line.compare(at + 1, 1, "x") == 0 && at + 3 < line.size()) {
                const auto digit = [&](std::size_t i) { return line[i] <= '9' ? line[i] - '0' : line[i] - 'a' + 10; };
                argument += static_cast<char>(digit(at + 2) * 16 + digit(at + 3));
                at += 3;
            } else {
                const bool is_doubled = c == '%' || (c == '$' && !arguments.empty());
                const bool is_pair = c == '\\' || (is_doubled && line.compare(at + 1, 1, std::string(1, c)) == 0);
                argument += line[is_pair && at + 1 < line.size() ? ++at : at];
            }
        }
        if (at++ >= line.size()) return {};
        arguments.push_back(argument);
    }
    return arguments;
}

} // namespace detail
} // namespace daemonize

#endif
