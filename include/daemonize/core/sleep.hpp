// sleep_until_stop(): the loop of every sleep_for() (internal).
#ifndef DAEMONIZE_CORE_SLEEP_HPP
#define DAEMONIZE_CORE_SLEEP_HPP

#include "duration.hpp"

namespace daemonize {
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
