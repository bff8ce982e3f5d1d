// What a service manager's variables say of notifications: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
// Uses notify_socket; notifier.hpp uses it.
#ifndef DAEMONIZE_POSIX_HOST_NOTIFY_ENVIRONMENT_HPP
#define DAEMONIZE_POSIX_HOST_NOTIFY_ENVIRONMENT_HPP

#include "../../core/duration.hpp"
#include "notify_socket.hpp"

#include <cstdlib>
#include <string>

namespace daemonize {
namespace detail {

inline Failure notify_failure(int error, std::string_view to, std::string_view reason = {}) {
    return posix_failure(Stage::notification, error, to, reason);
}

// Leaves `socket` empty where NOTIFY_SOCKET is not set, or is empty.
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

// sd_watchdog_enabled(3): how long the manager waits for a sign of life; nothing where it waits for none, or for another
// process's.
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
            return notify_failure(EINVAL, "in time", joined({"WATCHDOG_PID=", text, " is no process's number"}));
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
