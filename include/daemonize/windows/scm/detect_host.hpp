// detect_host() on Windows: the Service Control Manager, a console, or neither.
// Uses host and real_scm; programs use it.
#ifndef DAEMONIZE_WINDOWS_SCM_DETECT_HOST_HPP
#define DAEMONIZE_WINDOWS_SCM_DETECT_HOST_HPP

#include "../../core/host.hpp"
#include "dispatcher.hpp"

#include <string>

namespace daemonize {
namespace detail {

// A value too long to be a host's name is cut, and is no host's name still.
inline std::string chosen_host_name() {
    wchar_t value[64];
    constexpr DWORD room = sizeof value / sizeof *value;
    const DWORD size = DAEMONIZE_SYSTEM(GetEnvironmentVariableW)(L"DAEMONIZE_HOST", value, room);
    if (size >= room) return "(too long)";
    return narrow(std::wstring(value, size).c_str());
}

inline bool is_on_console() noexcept {
    DWORD mode = 0;
    return DAEMONIZE_SYSTEM(GetConsoleMode)(DAEMONIZE_SYSTEM(GetStdHandle)(STD_INPUT_HANDLE), &mode) != FALSE;
}

} // namespace detail

/// What started this program, and why we think so. DAEMONIZE_HOST in the environment, a HostKind's name, overrides it;
/// another word there makes the host unknown, and `why` says so. Never fails.
inline Host detect_host() noexcept {
    const std::string chosen = detail::chosen_host_name();
    if (!chosen.empty()) return detail::chosen_host(chosen);
    if (detail::is_started_by_scm()) return {HostKind::windows_scm, "services.exe is the parent"};
    if (detail::is_on_console()) return {HostKind::terminal, "standard input is a console"};
    return {HostKind::unknown, "nothing tells what started it"};
}

} // namespace daemonize

#endif
