// The unit file of systemd that the verb install writes (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_SYSTEMD_UNIT_HPP
#define DAEMONIZE_POSIX_SERVICE_SYSTEMD_UNIT_HPP

#include "../../core/failure.hpp"
#include "../../core/utf.hpp"
#include "definition.hpp"
#include "quote.hpp"

#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

namespace daemonize {
namespace detail {

inline std::string user_unit_directory() {
    const char* config = std::getenv("XDG_CONFIG_HOME");
    if (config != nullptr && config[0] == '/') return joined({config, "/systemd/user"});
    const char* home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? joined({home, "/.config/systemd/user"}) : "";
}

inline bool is_utf8(const std::string& text) {
    std::string again;
    for (std::size_t at = 0; at < text.size();) append_utf8(again, decode_utf8(text, at));
    return again == text;
}

// Returns why systemd would refuse the unit, or an empty string. systemd reports some of these errors only at the start
// of the unit.
inline std::string unit_problem(const ServiceDefinition& service) {
    for (const char c : service.program) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\'' || c == '\\') {
            return joined(
                {"systemd accepts no quote, backslash or control character in the program's path: ", service.program});
        }
    }
    std::string texts = joined({service.program, service.description});
    for (const std::string& argument : service.arguments) append(texts, {" ", argument});
    return is_utf8(texts) ? "" : "systemd accepts only UTF-8 in a unit";
}

inline std::string unit_text(const ServiceDefinition& service) {
    constexpr bool is_program = true;
    std::string command = joined({quote_for_unit(service.program, is_program), " run --"});
    for (const std::string& argument : service.arguments) append(command, {" ", quote_for_unit(argument)});
    std::string description = one_line(service.description.empty() ? service.name : service.description);
    // A percent sign begins a specifier, so it is doubled.
    for (std::size_t at = 0; (at = description.find('%', at)) != std::string::npos; at += 2)
        description.insert(at, "%");
    // A backslash at the end of a line would continue the line.
    while (!description.empty() && description.back() == '\\') description.pop_back();
    return joined({install_comment, "\n[Unit]\nDescription=", description, "\nAfter=network.target\n\n",
                   "[Service]\nType=notify\nExecStart=", command,
                   // The shell has a built-in kill. A minimal system has no /bin/kill.
                   "\nExecReload=/bin/sh -c \"kill -HUP $$MAINPID\"\nRestart=on-failure\n\n[Install]\nWantedBy=",
                   geteuid() == 0 ? "multi-user" : "default", ".target\n"});
}

// Returns the arguments of the service in the text of a unit that unit_text() wrote.
inline std::vector<std::string> arguments_of_unit(const std::string& text) {
    const std::string key = "\nExecStart=";
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return {};
    std::vector<std::string> arguments = arguments_in_unit(text.substr(at + 1, text.find('\n', at + 1) - at - 1));
    if (!arguments.empty()) arguments.erase(arguments.begin()); // the program
    return arguments;
}

} // namespace detail
} // namespace daemonize

#endif
