// program_arguments(): the arguments of this process in UTF-8 (public), and the path of its program (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_PROGRAM_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_PROGRAM_HPP

#include "../../core/config.hpp"
#include "../../scm/command_line.hpp"
#include "strings.hpp"
#include "windows_header.hpp"

#include <string>
#include <vector>

namespace daemonize {
namespace detail {

// GetModuleFileNameW cuts a path that is too long for the buffer.
inline std::wstring program_path() {
    std::wstring path(MAX_PATH, L'\0');
    for (;;) {
        const DWORD size = DAEMONIZE_SYSTEM(GetModuleFileNameW)(nullptr, &path[0], static_cast<DWORD>(path.size()));
        if (size < path.size()) {
            path.resize(size);
            return path;
        }
        path.resize(path.size() * 2);
    }
}

// Returns the program as the command line names it, and the arguments. A creator of a process can pass an empty command
// line: the program is then the path of its file.
inline std::vector<std::string> program_and_arguments() {
    std::vector<std::string> all = parse_command_line(narrow(DAEMONIZE_SYSTEM(GetCommandLineW)()));
    if (all.empty()) all.push_back(narrow(program_path()));
    return all;
}

} // namespace detail

/// The arguments of this process in UTF-8, without the program (GetCommandLineW). The `argv` of main() lacks each
/// character that the code page does not have.
inline std::vector<std::string> program_arguments() {
    std::vector<std::string> arguments = detail::program_and_arguments();
    arguments.erase(arguments.begin());
    return arguments;
}

} // namespace daemonize

#endif
