// The monotonic clock, and what poll(2) is to be given of it: setting the time of day changes neither.
// Uses core; everything in posix may use it.
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
    static_cast<void>(DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_MONOTONIC, &now)); // POSIX: cannot fail for this clock
    return Duration::seconds(now.tv_sec) + Duration::nanoseconds(now.tv_nsec);
}

inline int poll_time(Duration deadline) noexcept {
    const Duration now = monotonic_now();
    if (deadline <= now) return 0;
    const std::int64_t left = (deadline.nanoseconds() - now.nanoseconds()) / 1000000 + 1;
    return left > INT_MAX ? INT_MAX : static_cast<int>(left);
}

} // namespace detail
} // namespace daemonize

#endif
