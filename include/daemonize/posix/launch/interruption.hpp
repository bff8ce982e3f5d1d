// Interruption: the signal handler of the waiting launcher (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_INTERRUPTION_HPP
#define DAEMONIZE_POSIX_LAUNCH_INTERRUPTION_HPP

#include "../system/signals.hpp"

#include <csignal>
#include <sys/socket.h>
#include <sys/types.h>

namespace daemonize {
namespace detail {

// The variables of the signal handler. One launch at a time waits in a process.
inline volatile std::sig_atomic_t interrupting_signal = 0;
inline int interrupted_channel = -1;
inline pid_t interrupted_child = -1; // the daemon after one fork, which has no intermediate process

// Requests the daemon's end inside the handler, so that a signal just before poll(2) is not lost: poll(2) then returns
// when the daemon's end of the channel closes.
inline void interrupt_launch(int number) noexcept {
    const int error = errno;
    interrupting_signal = number;
    if (interrupted_child > 0) static_cast<void>(DAEMONIZE_SYSTEM(kill)(interrupted_child, SIGTERM));
    static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(interrupted_channel, SHUT_WR));
    errno = error;
}

// During the lifetime of the object, SIGINT, SIGTERM, SIGHUP and SIGQUIT end the daemon before the launcher. An ignored
// signal stays ignored, as nohup(1) asks.
class Interruption {
  public:
    Interruption(int channel, pid_t child) noexcept {
        interrupting_signal = 0;
        interrupted_channel = channel;
        interrupted_child = child;
        const struct sigaction action = plain_action(interrupt_launch);
        for (int i = 0; i < count; ++i) {
            replaced_[i] = DAEMONIZE_SYSTEM(sigaction)(handled_signals[i], &action, &before_[i]) == 0;
            if (replaced_[i] && is_ignored(before_[i])) restore(i);
        }
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() {
        for (int i = 0; i < count; ++i) restore(i);
    }

    // Keeps the handler, without an effect: the launcher exits next, and has every signal blocked.
    void stay() noexcept {
        interrupted_channel = interrupted_child = -1;
        for (bool& replaced : replaced_) replaced = false;
    }

  private:
    static constexpr int count = 4;
    static constexpr int handled_signals[count] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    void restore(int i) noexcept {
        if (replaced_[i]) static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(handled_signals[i], &before_[i], nullptr));
        replaced_[i] = false;
    }

    struct sigaction before_[count];
    bool replaced_[count] = {};
};

} // namespace detail
} // namespace daemonize

#endif
