// ServiceDefinition: the values that the verb install writes into a unit or an init script (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_DEFINITION_HPP
#define DAEMONIZE_POSIX_SERVICE_DEFINITION_HPP

#include <string>
#include <vector>

namespace daemonize {
namespace detail {

struct ServiceDefinition {
    std::string name;
    std::string description;
    std::string program;
    std::string pid_file;
    std::vector<std::string> arguments;
};

// A file that contains this text was written by the verb install. Only such a file is overwritten or removed.
constexpr const char* install_mark = "# Written by the verb install";
constexpr const char* install_comment =
    "# Written by the verb install. install overwrites this file, and uninstall removes the file.";

} // namespace detail
} // namespace daemonize

#endif
