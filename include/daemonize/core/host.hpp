// Host: what started the program, by name, and why we think so.
// Uses failure; detect_host() of posix or windows finds it.
#ifndef DAEMONIZE_CORE_HOST_HPP
#define DAEMONIZE_CORE_HOST_HPP

#include "failure.hpp"

#include <string>

namespace daemonize {

/// Who starts programs.
enum class HostKind {
    unknown,        ///< none of those below, as far as one can see; to be treated as a foreground run
    terminal,       ///< somebody at a terminal
    systemd,        ///< systemd, or another manager that speaks its protocol
    inetd,          ///< inetd or xinetd: there is a socket at descriptor 0
    launchd,        ///< macOS's launchd
    container_init, ///< nobody: the program is process 1 of its container
    windows_scm,    ///< Windows' Service Control Manager
    supervisor      ///< s6, runit or daemontools
};

namespace detail {

constexpr HostKind host_kinds[] = {HostKind::unknown,     HostKind::terminal,  HostKind::systemd,
                                   HostKind::inetd,       HostKind::launchd,   HostKind::container_init,
                                   HostKind::windows_scm, HostKind::supervisor};

} // namespace detail

/// The enumerator's name.
inline const char* to_string(HostKind kind) noexcept {
    switch (kind) {
    case HostKind::unknown: return "unknown";
    case HostKind::terminal: return "terminal";
    case HostKind::systemd: return "systemd";
    case HostKind::inetd: return "inetd";
    case HostKind::launchd: return "launchd";
    case HostKind::container_init: return "container_init";
    case HostKind::windows_scm: return "windows_scm";
    case HostKind::supervisor: return "supervisor";
    }
    return "unknown";
}

/// What started the program, and the observation that says so, for people.
struct Host {
    HostKind kind = HostKind::unknown;
    std::string why;
};

namespace detail {

// What DAEMONIZE_HOST says in place of all observation.
inline Host chosen_host(const std::string& name) {
    for (const HostKind kind : host_kinds) {
        if (name == to_string(kind)) return {kind, "DAEMONIZE_HOST says so"};
    }
    return {HostKind::unknown, joined({"DAEMONIZE_HOST=", one_line(name), " is not the name of a host"})};
}

} // namespace detail
} // namespace daemonize

#endif
