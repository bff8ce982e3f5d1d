// The signal mask and the signal actions around a launch, and SIGPIPE around a write (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_SIGNALS_HPP
#define DAEMONIZE_POSIX_SYSTEM_SIGNALS_HPP

#include "proc.hpp"

namespace daemonize {
namespace detail {

inline bool is_ignored(const struct sigaction& action) noexcept { return action.sa_handler == SIG_IGN; }

inline struct sigaction plain_action(void (*handler)(int)) noexcept {
    struct sigaction action = {};
    action.sa_handler = handler;
    static_cast<void>(sigemptyset(&action.sa_mask)); // POSIX names no error for it
    return action;
}

inline bool has_handler(const struct sigaction& action) noexcept {
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

// The sa_mask of the actions that the library installs for good. A copy of the library in another module of the
// process, which shares no variable with this copy, knows such an action by this set, in the sigaction(2) call that it
// makes anyway. These signals are blocked for the microseconds of a handler. Without a handler the kernel only stores
// the set, and exec(2) clears it.
inline sigset_t library_mark() noexcept {
    sigset_t mark;
    static_cast<void>(sigemptyset(&mark));
    for (const int number : {SIGTTIN, SIGTTOU, SIGURG, SIGVTALRM, SIGXFSZ}) static_cast<void>(sigaddset(&mark, number));
    return mark;
}

inline bool is_marked(const struct sigaction& action) noexcept {
    const sigset_t mark = library_mark();
    int number = 1;
    while (number < signal_end && sigismember(&action.sa_mask, number) == sigismember(&mark, number)) ++number;
    return number == signal_end;
}

// Blocks every signal in this thread during its lifetime. A forked child starts with the full mask, so no handler runs
// in the child before set-up is complete.
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

    // Keeps the destructor from restoring the mask, in the daemon, which empties its mask itself, and in a launcher
    // that is about to exit.
    void leave_blocked() noexcept { error_ = ECANCELED; }

    // Restores the mask, but leaves SIGCHLD blocked: an application's handler that reaps every child would take the
    // status of the library's child. The call succeeds, because the kernel returned the set.
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

// If SIGCHLD is ignored, sets its default action during the lifetime of the object. Some parents leave SIGCHLD ignored,
// and waitpid(2) then fails with ECHILD.
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

    // Keeps the destructor from restoring the action. The daemon sets its own action for SIGCHLD.
    void leave_waitable() noexcept { changed_ = false; }

    int error() const noexcept { return error_; }
    const struct sigaction& before() const noexcept { return before_; }

  private:
    struct sigaction before_ = {};
    int error_ = 0;
    bool changed_ = false;
};

// Ignores SIGPIPE during its lifetime: write(2) to a pipe without a reader then fails with EPIPE.
class IgnoredSigpipe {
  public:
    IgnoredSigpipe() noexcept {
        const struct sigaction ignore = plain_action(SIG_IGN);
        if (DAEMONIZE_SYSTEM(sigaction)(SIGPIPE, &ignore, &before_) != 0) error_ = errno;
    }
    IgnoredSigpipe(const IgnoredSigpipe&) = delete;
    IgnoredSigpipe& operator=(const IgnoredSigpipe&) = delete;
    ~IgnoredSigpipe() {
        if (error_ == 0) static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(SIGPIPE, &before_, nullptr));
    }

    // The errno value of the first sigaction(2), or 0.
    int error() const noexcept { return error_; }

  private:
    struct sigaction before_ = {};
    int error_ = 0;
};

// Gives the ignored signals their default action. exec(2) passes an ignored signal on, so a daemon started under
// nohup(1) or by a shell in the background inherits some. Three things stay: the application's handlers, SIGPIPE,
// because a program that ignores SIGPIPE relies on EPIPE, and SIGCHLD, for which the launch has an option.
inline StepError restore_ignored(std::uint64_t ignored) noexcept {
    const struct sigaction action = plain_action(SIG_DFL);
    for (int number = 1; number < signal_end; ++number) {
        if ((ignored >> (number - 1) & 1) == 0 || number == SIGPIPE || number == SIGCHLD) continue;
        if (DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr) != 0) {
            // libc keeps some real-time signals for itself: EINVAL.
            if (errno != EINVAL || number < 32) return step_error(Stage::signal_reset, errno);
        }
    }
    return StepError();
}

// Discards a SIGHUP that came between fork(2) and setsid(2), for the session of the terminal, which the daemon has
// left. The kernel discards a pending signal when its action becomes SIG_IGN.
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
