// The clocks of Windows as a Duration, and a Duration as milliseconds (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_CLOCK_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_CLOCK_HPP

#include "../../core/config.hpp"
#include "../../core/duration.hpp"
#include "windows_header.hpp"

namespace daemonize {
namespace detail {

// Rounds up: a wait that ends in the last millisecond would be repeated without a pause. The longest wait is INT32_MAX
// milliseconds, about 24 days.
inline DWORD to_milliseconds(Duration span) noexcept {
    const std::int64_t milliseconds = span.milliseconds();
    if (span <= Duration()) return 0;
    if (milliseconds >= INT32_MAX) return INT32_MAX;
    return static_cast<DWORD>(milliseconds) + (Duration::milliseconds(milliseconds) < span ? 1 : 0);
}

// A monotonic clock with steps of about 16 ms.
inline Duration tick_clock() noexcept {
    return Duration::milliseconds(static_cast<std::int64_t>(DAEMONIZE_SYSTEM(GetTickCount64)()));
}

// A monotonic clock with steps below a microsecond.
inline Duration monotonic_now() noexcept {
    LARGE_INTEGER ticks;
    LARGE_INTEGER frequency;
    DAEMONIZE_SYSTEM(QueryPerformanceCounter)(&ticks);
    DAEMONIZE_SYSTEM(QueryPerformanceFrequency)(&frequency);
    const std::int64_t rest = ticks.QuadPart % frequency.QuadPart * 1000000000 / frequency.QuadPart;
    return Duration::seconds(ticks.QuadPart / frequency.QuadPart) + Duration::nanoseconds(rest);
}

} // namespace detail
} // namespace daemonize

#endif
