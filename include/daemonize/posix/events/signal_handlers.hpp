// SignalHandlers: signal handlers that record a signal and wake the thread that waits (internal).
#ifndef DAEMONIZE_POSIX_EVENTS_SIGNAL_HANDLERS_HPP
#define DAEMONIZE_POSIX_EVENTS_SIGNAL_HANDLERS_HPP

#include "../system/signals.hpp"
#include "children.hpp"
#include "wake_pipe.hpp"

#include <atomic>
#include <csignal>

namespace daemonize {
namespace detail {

inline bool is_stop_signal(int number) noexcept { return number == SIGTERM || number == SIGINT || number == SIGQUIT; }

// Whether a key of the terminal sends the signal: Ctrl-C or Ctrl-\.
inline bool is_key_signal(int number) noexcept { return number == SIGINT || number == SIGQUIT; }

// Whether a process sent the signal, by kill(2), sigqueue(3) or raise(3). Otherwise the kernel sent it for a terminal.
inline bool is_sent_by_process(const siginfo_t& info) noexcept { return info.si_code == SI_USER || info.si_code <= 0; }

// A process has one open SignalHandlers at a time. It belongs to the process that opened it: pthread_atfork(3) restores
// the actions of all signals in a forked child, and closes the child's copies of the descriptors.
class SignalHandlers {
  public:
    // The reason of each failure of an object that is not open.
    static constexpr const char* not_open = "this Events takes no signals: it could not be opened, or fork copied it";

    SignalHandlers(WakePipe& wake_pipe, Poller& poller, WatchedChildren& children) noexcept
        : wake_pipe_(wake_pipe), poller_(poller), children_(children) {}
    SignalHandlers(const SignalHandlers&) = delete;
    SignalHandlers& operator=(const SignalHandlers&) = delete;
    ~SignalHandlers() { close(); }

    StepError open() noexcept {
        if (const int error = ForkLock::prepare<abandon>()) return step_error(Stage::events, error);
        owner_ = DAEMONIZE_SYSTEM(getpid)();
        const ForkLock lock;
        SignalHandlers* none = nullptr;
        if (!current_.compare_exchange_strong(none, this)) {
            return step_error(Stage::events, EBUSY, "", "another Events of this process takes them already");
        }
        if (const StepError failed = wake_pipe_.open()) return failed;
        return poller_.open(wake_pipe_.descriptor());
    }

    bool is_open() const noexcept { return current_.load() == this; }

    // Restores the action of every signal.
    void close() noexcept {
        if (!is_open()) return;
        for (int number = 1; number < signal_end; ++number) restore(number);
        current_.store(nullptr);
        // A handler that still runs in another thread writes to the wake pipe. The pipe stays open until then.
        while (running_.load() != 0) static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1));
    }

    // Installs the handler for a signal. A second call for the same signal succeeds and does nothing.
    StepError take(int number) noexcept {
        if (!is_open()) return step_error(Stage::events, ECANCELED, "", not_open);
        if (number < 1 || number >= signal_end) return step_error(Stage::events, EINVAL);
        if (taken_[number]) return StepError();
        const ForkLock lock;
        // Read before the handler is installed: the handler restores this action in a child.
        struct sigaction& before = before_[number];
        if (DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &before) != 0) return step_error(Stage::events, errno);
        // A shell ignores the signals of the keys for a background job. Such signals stay ignored.
        if (is_key_signal(number) && is_ignored(before)) return StepError();
        if (has_handler(before) && is_marked(before) && before.sa_sigaction != handle) {
            return step_error(Stage::events, EBUSY, "",
                              "an Events of another copy of the library in this process takes them already");
        }
        const struct sigaction action = action_for(number, before);
        if (DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr) != 0) return step_error(Stage::events, errno);
        taken_[number] = true;
        return StepError();
    }

    // Whether the signal came since the last call.
    bool take_pending(int number) noexcept { return pending_[number].load() && pending_[number].exchange(false); }

    bool is_any_pending() const noexcept {
        for (const std::atomic<bool>& pending : pending_) {
            if (pending.load()) return true;
        }
        return false;
    }

    // Requests a stop. `number` is the signal, or -1 for stop(). The first request stays. Async-signal-safe.
    void request_stop(int number) noexcept {
        int none = 0;
        static_cast<void>(stop_.compare_exchange_strong(none, number));
    }

    // Async-signal-safe, but changes errno.
    void stop() noexcept {
        request_stop(-1);
        wake_pipe_.wake();
    }
    bool stop_requested() const noexcept { return stop_.load() != 0; }
    int stop_signal() const noexcept {
        const int number = stop_.load();
        return number > 0 ? number : 0;
    }

  private:
    // The application's own handler for SIGCHLD goes on running, with its mask and its flags.
    static struct sigaction action_for(int number, const struct sigaction& before) noexcept {
        struct sigaction action = plain_action(SIG_DFL);
        action.sa_flags = SA_RESTART;
        action.sa_mask = library_mark();
        if (number == SIGCHLD) action.sa_flags |= SA_NOCLDSTOP;
        if (number == SIGCHLD && has_handler(before)) {
            action = before;
            action.sa_flags &= ~static_cast<int>(SA_RESETHAND);
        }
        action.sa_flags |= SA_SIGINFO;
        action.sa_sigaction = handle;
        return action;
    }

    static void handle(int number, siginfo_t* info, void* context) noexcept {
        const int error = errno;
        struct sigaction earlier = {};
        earlier.sa_handler = SIG_DFL;
        running_.fetch_add(1);
        if (SignalHandlers* const handlers = current_.load()) {
            if (handlers->owner_ != DAEMONIZE_SYSTEM(getpid)()) {
                handlers->pass_on(number);
            } else {
                handlers->record(number, *info);
                if (number == SIGCHLD) earlier = handlers->before_[number];
            }
        }
        running_.fetch_sub(1);
        errno = error;
        // The last call, because a handler may leave by siglongjmp(3).
        if (has_handler(earlier)) call(earlier, number, info, context);
    }

    static void call(const struct sigaction& action, int number, siginfo_t* info, void* context) noexcept {
        if ((action.sa_flags & SA_SIGINFO) != 0) {
            action.sa_sigaction(number, info, context);
        } else {
            action.sa_handler(number);
        }
    }

    void record(int number, const siginfo_t& info) noexcept {
        if (is_stop_signal(number)) {
            request_stop(number);
            // A wrapper such as npm or sudo passes a key's signal on, so the signal comes once from the kernel and once
            // from the wrapper. Only a second signal from the same kind of sender ends the program.
            if (is_key_signal(number) && pressed_[is_sent_by_process(info) ? 1 : 0].exchange(true)) end_at_once(number);
        } else {
            pending_[number].store(true);
            // The kernel discards a pending SIGTSTP when SIGCONT comes, and a pending SIGCONT when SIGTSTP comes.
            if (number == SIGCONT) pending_[SIGTSTP].store(false);
            if (number == SIGTSTP) pending_[SIGCONT].store(false);
        }
        wake_pipe_.wake();
    }

    // Ends the process by the signal. The signal is blocked while its handler runs, and ends the process afterwards.
    static void end_at_once(int number) noexcept {
        const struct sigaction action = plain_action(SIG_DFL);
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr)); // it succeeded before
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), number));
    }

    // Runs in a child that a signal reaches before the fork handler has run, or that clone(2) or vfork(2) made without
    // fork handlers. Restores the action and sends the signal again. Writes no memory: a child of vfork(2) shares the
    // parent's.
    void pass_on(int number) const noexcept {
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &before_[number], nullptr));
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), number));
    }

    // Restores the action from before take(), unless the application has replaced the handler since.
    void restore(int number) noexcept {
        struct sigaction now;
        if (!taken_[number] || DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &now) != 0) return;
        // Another module that shares current_ may have installed its own copy of handle().
        if ((now.sa_flags & SA_SIGINFO) == 0 || (now.sa_sigaction != handle && !is_marked(now))) return;
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &before_[number], nullptr));
    }

    // The fork handler, in the child. Frees no memory.
    static void abandon() noexcept {
        SignalHandlers* const handlers = current_.load();
        if (handlers == nullptr) return;
        for (int number = 1; number < signal_end; ++number) handlers->restore(number);
        current_.store(nullptr);
        running_.store(0); // the threads that ran handlers are the parent's
        handlers->children_.close();
        handlers->poller_.close();
        handlers->wake_pipe_.close();
    }

    // A signal handler may use lock-free atomics alone: C++17, [support.signal].
    static_assert(std::atomic<SignalHandlers*>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free);

    DAEMONIZE_SHARED static inline std::atomic<SignalHandlers*> current_{nullptr};
    DAEMONIZE_SHARED static inline std::atomic<int> running_{0}; // handlers that run now

    WakePipe& wake_pipe_;
    Poller& poller_;
    WatchedChildren& children_;
    pid_t owner_ = -1;
    std::atomic<int> stop_{0};          // 0, the signal, or -1: stop()
    std::atomic<bool> pressed_[2] = {}; // a key's signal has come: from the kernel, from a process
    std::atomic<bool> pending_[signal_end] = {};
    bool taken_[signal_end] = {};
    struct sigaction before_[signal_end] = {};
};

} // namespace detail
} // namespace daemonize

#endif
