// detect_host() on Windows: finds whether the SCM or a person on a console started the program (public).
#ifndef DAEMONIZE_WINDOWS_SCM_DETECT_HOST_HPP
#define DAEMONIZE_WINDOWS_SCM_DETECT_HOST_HPP

#include "../../core/host.hpp"
#include "../system/parent_process.hpp"
#include "../system/strings.hpp"

#include <string>

namespace daemonize {
namespace detail {

// The value of DAEMONIZE_HOST; "(too long)" for a value that is longer than every name of a host.
inline std::string chosen_host_name() {
    wchar_t value[64];
    constexpr DWORD capacity = sizeof value / sizeof *value;
    const DWORD size = DAEMONIZE_SYSTEM(GetEnvironmentVariableW)(L"DAEMONIZE_HOST", value, capacity);
    if (size >= capacity) return "(too long)";
    return narrow(std::wstring(value, size));
}

inline bool is_on_console() noexcept {
    DWORD mode = 0;
    return DAEMONIZE_SYSTEM(GetConsoleMode)(DAEMONIZE_SYSTEM(GetStdHandle)(STD_INPUT_HANDLE), &mode) != FALSE;
}

} // namespace detail

/// The host that started this program, and the observation that shows it. The environment variable DAEMONIZE_HOST, set
/// to the name of a HostKind, overrides the detection. Another value fails at Stage::configuration and gives
/// HostKind::unknown.
[[nodiscard]] inline Host detect_host(Failure& failure) noexcept {
    failure = Failure();
    const std::string chosen = detail::chosen_host_name();
    if (!chosen.empty()) return detail::host_of_variable(chosen, failure);
    if (detail::is_started_by_scm()) return {HostKind::windows_scm, "services.exe is the parent process"};
    if (detail::is_on_console()) return {HostKind::terminal, "standard input is a console"};
    return {HostKind::unknown, "no host was detected"};
}

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above; throws Error.
[[nodiscard]] inline Host detect_host() {
    Failure failure;
    Host host = detect_host(failure);
    detail::throw_if(failure);
    return host;
}
#endif

} // namespace daemonize

#endif
