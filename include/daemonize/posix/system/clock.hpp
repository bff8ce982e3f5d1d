// The monotonic clock, and the time-out of poll(2) (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_CLOCK_HPP
#define DAEMONIZE_POSIX_SYSTEM_CLOCK_HPP

#include "../../core/config.hpp"
#include "../../core/duration.hpp"

#include <climits>
#include <ctime>

namespace daemonize {
namespace detail {

inline Duration monotonic_now() noexcept {
    struct timespec now = {};
    static_cast<void>(DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_MONOTONIC, &now)); // POSIX names no error for this clock
    return Duration::seconds(now.tv_sec) + Duration::nanoseconds(now.tv_nsec);
}

// Returns the milliseconds from now to `deadline`, rounded up, as poll(2) takes them. Returns 0 if the deadline has
// passed.
inline int poll_time(Duration deadline) noexcept {
    const Duration now = monotonic_now();
    if (deadline <= now) return 0;
    const std::int64_t left = (deadline.nanoseconds() - now.nanoseconds()) / 1000000 + 1;
    return left > INT_MAX ? INT_MAX : static_cast<int>(left);
}

} // namespace detail
} // namespace daemonize

#endif
