// The variables of a service manager for notifications: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID (internal).
#ifndef DAEMONIZE_POSIX_HOST_NOTIFY_ENVIRONMENT_HPP
#define DAEMONIZE_POSIX_HOST_NOTIFY_ENVIRONMENT_HPP

#include "../../core/duration.hpp"
#include "notify_socket.hpp"

#include <cstdlib>
#include <string>

namespace daemonize {
namespace detail {

inline Failure notify_failure(int error, std::string_view detail, std::string_view reason = {}) noexcept {
    return posix_failure(Stage::notification, error, detail, reason);
}

// Leaves `socket` empty if NOTIFY_SOCKET is not set or is empty.
inline Failure open_notify_socket(NotifySocket& socket) {
    const char* value = std::getenv("NOTIFY_SOCKET");
    if (value == nullptr || *value == '\0') return Failure();
    const std::string text = value;
    NotifyAddress address;
    if (const char* wrong = parse_notify_address(text, address))
        return notify_failure(EINVAL, joined({"at ", text}), wrong);
    if (const int error = socket.open(address)) return notify_failure(error, joined({"at ", text}));
    return Failure();
}

// sd_watchdog_enabled(3): reads the timeout of the manager for signs of life. Leaves `timeout` as it is if the manager
// watches no process, or another process.
inline Failure read_watchdog(Duration& timeout) {
    const char* value = std::getenv("WATCHDOG_USEC");
    if (value == nullptr) return Failure();
    std::uint64_t microseconds = 0;
    const bool is_number = parse_number(value, std::strlen(value), UINT64_MAX - 1, microseconds);
    if (!is_number || microseconds == 0) {
        return notify_failure(EINVAL, "in time",
                              joined({"WATCHDOG_USEC=", value, " is not a number of microseconds above 0"}));
    }
    if (const char* text = std::getenv("WATCHDOG_PID")) {
        const pid_t pid = parse_pid(text, std::strlen(text));
        if (pid == 0) {
            return notify_failure(EINVAL, "in time", joined({"WATCHDOG_PID=", text, " is not a process number"}));
        }
        if (pid != DAEMONIZE_SYSTEM(getpid)()) return Failure();
    }
    constexpr std::uint64_t most = INT64_MAX / 1000;
    timeout = Duration::nanoseconds(static_cast<std::int64_t>(microseconds < most ? microseconds : most) * 1000);
    return Failure();
}

} // namespace detail
} // namespace daemonize

#endif
