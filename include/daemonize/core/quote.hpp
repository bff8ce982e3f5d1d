// Quoting words for those who will take them apart again: a shell, and systemd's unit files.
// Uses nothing; the installation of services uses it. Windows' own rules are in command_line.hpp.
#ifndef DAEMONIZE_CORE_QUOTE_HPP
#define DAEMONIZE_CORE_QUOTE_HPP

#include <string>

namespace daemonize {
namespace detail {

// A word of sh(1), whatever it holds. In single quotes nothing has a meaning but the quote itself.
inline std::string quote_for_shell(const std::string& word) {
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

// An argument in ExecStart=: systemd.service(5), "Command lines". Specifiers (%) and variables ($) are doubled, control
// characters escaped, for a line of a unit file ends with its line.
inline std::string quote_for_unit(const std::string& word) {
    static const char* const digits = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (c == '%' || c == '$') {
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
    return quoted + "\"";
}

} // namespace detail
} // namespace daemonize

#endif
