// Duration: a span of time, converted from any std::chrono duration without <chrono> (public). sleep_until_stop(): the
// loop of every sleep_for() (internal).
#ifndef DAEMONIZE_CORE_DURATION_HPP
#define DAEMONIZE_CORE_DURATION_HPP

#include <cstdint>

namespace daemonize {

/// A span of time in nanoseconds; 0 by default. Every std::chrono duration converts to it, by `rep` and `period`.
///
/// Conversions, sums and differences saturate: a result that does not fit becomes longest(), or the most negative span.
class Duration {
  public:
    constexpr Duration() noexcept = default;

    template <class Chrono, class Rep = typename Chrono::rep, class Period = typename Chrono::period>
    constexpr Duration(const Chrono& span) noexcept : nanoseconds_(from(span.count(), Period::num, Period::den)) {}

    /// The span of `count` units.
    static constexpr Duration nanoseconds(std::int64_t count) noexcept { return Duration(Exactly{count}); }
    static constexpr Duration milliseconds(std::int64_t count) noexcept {
        return Duration(Exactly{scale(count, 1000000, 1)});
    }
    static constexpr Duration seconds(std::int64_t count) noexcept {
        return Duration(Exactly{scale(count, per_second, 1)});
    }

    /// The longest span: about 292 years.
    static constexpr Duration longest() noexcept { return Duration(Exactly{most}); }

    /// The number of whole units, rounded towards zero.
    constexpr std::int64_t nanoseconds() const noexcept { return nanoseconds_; }
    constexpr std::int64_t milliseconds() const noexcept { return nanoseconds_ / 1000000; }
    constexpr std::int64_t seconds() const noexcept { return nanoseconds_ / per_second; }

    friend constexpr bool operator==(Duration a, Duration b) noexcept { return a.nanoseconds_ == b.nanoseconds_; }
    friend constexpr bool operator!=(Duration a, Duration b) noexcept { return !(a == b); }
    friend constexpr bool operator<(Duration a, Duration b) noexcept { return a.nanoseconds_ < b.nanoseconds_; }
    friend constexpr bool operator>(Duration a, Duration b) noexcept { return b < a; }
    friend constexpr bool operator<=(Duration a, Duration b) noexcept { return !(b < a); }
    friend constexpr bool operator>=(Duration a, Duration b) noexcept { return !(a < b); }
    friend constexpr Duration operator+(Duration a, Duration b) noexcept {
        return Duration(Exactly{sum(a.nanoseconds_, b.nanoseconds_)});
    }
    friend constexpr Duration operator-(Duration a, Duration b) noexcept {
        return Duration(Exactly{difference(a.nanoseconds_, b.nanoseconds_)});
    }

  private:
    struct Exactly {
        std::int64_t count;
    };
    constexpr explicit Duration(Exactly exactly) noexcept : nanoseconds_(exactly.count) {}

    static constexpr std::int64_t most = INT64_MAX;
    static constexpr std::int64_t least = INT64_MIN;
    static constexpr std::int64_t per_second = 1000000000;

    static constexpr std::int64_t sum(std::int64_t a, std::int64_t b) noexcept {
        if (b > 0 && a > most - b) return most;
        if (b < 0 && a < least - b) return least;
        return a + b;
    }

    static constexpr std::int64_t difference(std::int64_t a, std::int64_t b) noexcept {
        if (b > 0 && a < least + b) return least;
        if (b < 0 && a > most + b) return most;
        return a - b;
    }

    static constexpr std::int64_t product(std::int64_t value, std::int64_t positive) noexcept {
        if (value > most / positive) return most;
        if (value < least / positive) return least;
        return value * positive;
    }

    // Divides first: count * num would overflow for spans that fit into nanoseconds.
    static constexpr std::int64_t scale(std::int64_t count, std::int64_t num, std::int64_t den) noexcept {
        return sum(product(count / den, num), product(count % den, num) / den);
    }

    static constexpr std::int64_t common_divisor(std::int64_t a, std::int64_t b) noexcept {
        while (b != 0) {
            const std::int64_t rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }

    static constexpr std::int64_t from_floating(double nanoseconds) noexcept {
        const bool is_number = nanoseconds < 0.0 || nanoseconds >= 0.0;
        if (!is_number) return 0;
        if (nanoseconds >= 9223372036854775807.0) return most;
        if (nanoseconds <= -9223372036854775808.0) return least;
        return static_cast<std::int64_t>(nanoseconds);
    }

    template <class Count>
    static constexpr std::int64_t from(Count count, std::int64_t num, std::int64_t den) noexcept {
        constexpr bool whole = !(static_cast<Count>(0.5) > static_cast<Count>(0));
        if constexpr (!whole) {
            return from_floating(static_cast<double>(count) * static_cast<double>(num) / static_cast<double>(den) *
                                 1e9);
        } else {
            if (count > static_cast<Count>(0) && static_cast<std::uint64_t>(count) > static_cast<std::uint64_t>(most))
                return most;
            // Cancels the common divisor of 10^9 and `den`, so that a period of a nanosecond stays exact.
            const std::int64_t shared = common_divisor(per_second, den);
            const std::int64_t factor = product(num, per_second / shared);
            return scale(static_cast<std::int64_t>(count), factor, den / shared);
        }
    }

    std::int64_t nanoseconds_ = 0;
};

namespace detail {

// Sleeps for `span` and dispatches meanwhile. Returns true when the whole span has passed, and false as soon as poll()
// returns false, which means that a stop was requested. A pause extends the sleep until is_paused() returns false.
// wait(rest) returns when `rest` has passed or an event has come; it may return earlier.
template <class Now, class Poll, class IsPaused, class Wait>
bool sleep_until_stop(Duration span, Now now, Poll poll, IsPaused is_paused, Wait wait) {
    const Duration until = now() + (span < Duration() ? Duration() : span);
    for (;;) {
        if (!poll()) return false;
        const Duration time = now();
        const bool paused = is_paused();
        if (!paused && until <= time) return true;
        const bool is_endless = paused || until == Duration::longest();
        wait(is_endless ? Duration::longest() : until - time);
    }
}

} // namespace detail
} // namespace daemonize

#endif
