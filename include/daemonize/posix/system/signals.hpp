// Signals around a launch: none arrives in the middle of it, and the daemon starts with a clean slate.
// Uses process_status; the launch uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_SIGNALS_HPP
#define DAEMONIZE_POSIX_SYSTEM_SIGNALS_HPP

#include "../launch/options.hpp"
#include "own_process.hpp"

namespace daemonize {
namespace detail {

inline bool is_ignored(const struct sigaction& action) noexcept { return action.sa_handler == SIG_IGN; }

inline struct sigaction plain_action(void (*handler)(int)) noexcept {
    struct sigaction action = {};
    action.sa_handler = handler;
    static_cast<void>(sigemptyset(&action.sa_mask)); // cannot fail: POSIX names no error
    return action;
}

// Blocks every signal in this thread, so that a forked child starts with a full mask and no handler runs in it before
// set-up is complete; gives the mask back at the end.
class BlockedSignals {
  public:
    BlockedSignals() noexcept { error_ = block(before_); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { unblock(); }

    int error() const noexcept { return error_; }

    void block() noexcept {
        sigset_t now;
        static_cast<void>(block(now));
    }

    // In the daemon, which empties the mask itself, and in a launcher that ends here.
    void leave_blocked() noexcept { error_ = ECANCELED; }

    // As before, but for SIGCHLD: a handler of the application's that reaps whatever ends would have our child's status.
    // Cannot fail: the set is one that the kernel gave.
    void unblock_but_children() noexcept {
        sigset_t mask = before_;
        static_cast<void>(sigaddset(&mask, SIGCHLD));
        if (error_ == 0) static_cast<void>(DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &mask, nullptr));
    }

    void unblock() noexcept {
        if (error_ == 0) static_cast<void>(DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &before_, nullptr));
    }

  private:
    static int block(sigset_t& before) noexcept {
        sigset_t all;
        static_cast<void>(sigfillset(&all));
        return DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &all, &before);
    }

    sigset_t before_;
    int error_ = 0;
};

// waitpid(2) fails with ECHILD where SIGCHLD is ignored, as some parents leave it: around a launch it is not.
class WaitableChildren {
  public:
    WaitableChildren() noexcept {
        if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, nullptr, &before_) != 0) error_ = errno;
        if (error_ != 0 || (!is_ignored(before_) && (before_.sa_flags & SA_NOCLDWAIT) == 0)) return;
        const struct sigaction action = plain_action(SIG_DFL);
        if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) != 0) error_ = errno;
        changed_ = error_ == 0;
    }
    WaitableChildren(const WaitableChildren&) = delete;
    WaitableChildren& operator=(const WaitableChildren&) = delete;
    ~WaitableChildren() {
        if (changed_) static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &before_, nullptr));
    }

    // In the daemon, which has a policy of its own.
    void leave_waitable() noexcept { changed_ = false; }

    int error() const noexcept { return error_; }
    const struct sigaction& before() const noexcept { return before_; }

  private:
    struct sigaction before_ = {};
    int error_ = 0;
    bool changed_ = false;
};

// What the daemon does with SIGCHLD: as asked, counted from what the program had before the launch.
inline StepError set_sigchld(Sigchld policy, const struct sigaction& before) noexcept {
    struct sigaction action = before;
    if (policy == Sigchld::ignore) action = plain_action(SIG_IGN);
    if (policy == Sigchld::default_action && is_ignored(before)) action = plain_action(SIG_DFL);
    if (policy == Sigchld::default_action) action.sa_flags &= ~SA_NOCLDWAIT;
    return DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) == 0
               ? StepError()
               : step_error(Stage::signal_reset, errno, "SIGCHLD");
}

// Gives the ignored signals back their default action: exec(2) passes ignored ones on, so a daemon started below nohup
// or by a shell in the background has them. Handlers are the application's own, and stay. SIGPIPE stays too: who ignores
// it wants EPIPE. SIGCHLD has a policy of its own.
inline StepError restore_ignored(std::uint64_t ignored) noexcept {
    const struct sigaction action = plain_action(SIG_DFL);
    for (int number = 1; number < signal_end; ++number) {
        if ((ignored >> (number - 1) & 1) == 0 || number == SIGPIPE || number == SIGCHLD) continue;
        if (DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr) != 0) {
            // Of the real-time ones, libc keeps some for itself.
            if (errno != EINVAL || number < 32) return step_error(Stage::signal_reset, errno);
        }
    }
    return StepError();
}

// Forgets a hang-up that came between fork and setsid: it was meant for the terminal's session, which the daemon has
// left. Ignoring a pending signal discards it.
inline StepError discard_hangup() noexcept {
    const struct sigaction ignore = plain_action(SIG_IGN);
    struct sigaction before;
    if (DAEMONIZE_SYSTEM(sigaction)(SIGHUP, &ignore, &before) != 0 ||
        DAEMONIZE_SYSTEM(sigaction)(SIGHUP, &before, nullptr) != 0) {
        return step_error(Stage::signal_reset, errno, "SIGHUP");
    }
    return StepError();
}

inline StepError unblock_all_signals() noexcept {
    sigset_t none;
    static_cast<void>(sigemptyset(&none));
    const int error = DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &none, nullptr);
    return error == 0 ? StepError() : step_error(Stage::signal_reset, error);
}

} // namespace detail
} // namespace daemonize

#endif
