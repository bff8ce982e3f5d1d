// Host: the program that started this program, and the observation that shows it (public).
#ifndef DAEMONIZE_CORE_HOST_HPP
#define DAEMONIZE_CORE_HOST_HPP

#include "failure.hpp"

#include <string>
#include <system_error>

namespace daemonize {

/// The programs that start services.
enum class HostKind {
    unknown,        ///< no known host was detected; a Service runs in the foreground
    terminal,       ///< a person at a terminal
    systemd,        ///< systemd, or another manager with the same protocol
    inetd,          ///< inetd or xinetd: descriptor 0 is a socket
    launchd,        ///< launchd of macOS
    container_init, ///< the runtime of a container: the program is process 1
    windows_scm,    ///< the Service Control Manager of Windows
    supervisor      ///< s6, runit or daemontools
};

namespace detail {

constexpr HostKind all_host_kinds[] = {HostKind::unknown,     HostKind::terminal,  HostKind::systemd,
                                       HostKind::inetd,       HostKind::launchd,   HostKind::container_init,
                                       HostKind::windows_scm, HostKind::supervisor};

} // namespace detail

/// The name of the enumerator, like "systemd". A value without an enumerator gives "unknown".
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

/// The program that started this program.
struct Host {
    HostKind kind = HostKind::unknown;
    std::string why; ///< the observation that shows it, as a text for people
};

/// The name of the kind.
inline const char* to_string(const Host& host) noexcept { return to_string(host.kind); }

namespace detail {

// The host that the environment variable DAEMONIZE_HOST names. An unknown value is a failure at Stage::configuration.
inline Host host_of_variable(const std::string& value, Failure& failure) {
    std::string known;
    for (const HostKind kind : all_host_kinds) {
        if (value == to_string(kind)) return {kind, "DAEMONIZE_HOST names it"};
        known += joined({known.empty() ? "" : ", ", to_string(kind)});
    }
    failure =
        Failure(Stage::configuration, std::make_error_code(std::errc::invalid_argument),
                joined({"DAEMONIZE_HOST=", value}), joined({"the value is unknown; the known values are ", known}));
    return {HostKind::unknown, "DAEMONIZE_HOST has an unknown value"};
}

} // namespace detail
} // namespace daemonize

#endif
