// TakenSignals: the signals that have become events. The handler notes what came and wakes whoever waits; nothing else of
// ours, and nothing of the application's, runs inside it. Uses signals, wake_up and watched_children; Events uses it.
#ifndef DAEMONIZE_POSIX_EVENTS_SIGNAL_HANDLERS_HPP
#define DAEMONIZE_POSIX_EVENTS_SIGNAL_HANDLERS_HPP

#include "../system/signals.hpp"
#include "children.hpp"
#include "wake_pipe.hpp"

#include <atomic>
#include <csignal>
#include <poll.h>

namespace daemonize {
namespace detail {

inline bool asks_to_stop(int number) noexcept { return number == SIGTERM || number == SIGINT || number == SIGQUIT; }

// Whether a terminal's key sends it.
inline bool is_key(int number) noexcept { return number == SIGINT || number == SIGQUIT; }

// kill(2), sigqueue(3) and raise(3), and not the kernel for a terminal.
inline bool is_sent(const siginfo_t& info) noexcept { return info.si_code == SI_USER || info.si_code <= 0; }

// One at a time in a process. It belongs to the process that opened it: in a forked child everything is as it was before,
// and the copy that the child has there is closed.
class TakenSignals {
  public:
    TakenSignals(WakeUp& wake_up, WaitSet& set, WatchedChildren& children) noexcept
        : wake_up_(wake_up), set_(set), children_(children) {}
    TakenSignals(const TakenSignals&) = delete;
    TakenSignals& operator=(const TakenSignals&) = delete;
    ~TakenSignals() { close(); }

    StepError open() noexcept {
        if (const int error = ForkLock::prepare<abandon>()) return step_error(Stage::events, error);
        owner_ = DAEMONIZE_SYSTEM(getpid)();
        const ForkLock held;
        TakenSignals* none = nullptr;
        if (!current_.compare_exchange_strong(none, this)) {
            return step_error(Stage::events, EBUSY, "", "this process takes them already");
        }
        if (const StepError failed = wake_up_.open()) return failed;
        return set_.open(wake_up_.descriptor());
    }

    bool is_open() const noexcept { return current_.load() == this; }

    // Gives every signal back.
    void close() noexcept {
        if (!is_open()) return;
        for (int number = 1; number < signal_end; ++number) give_back(number);
        current_.store(nullptr);
        // A handler that runs still, in another thread, is about to write to a descriptor of ours.
        while (running_.load() != 0) static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1));
    }

    StepError take(int number) noexcept {
        if (!is_open()) return step_error(Stage::events, ECANCELED, "", "this process does not take them here");
        if (number < 1 || number >= signal_end) return step_error(Stage::events, EINVAL);
        if (taken_[number]) return StepError();
        const ForkLock held;
        // Known before the handler is there, which gives it back in a child.
        struct sigaction& before = before_[number];
        if (DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &before) != 0) return step_error(Stage::events, errno);
        // A shell's background job: the terminal's keys are not meant for it.
        if (is_key(number) && is_ignored(before)) return StepError();
        const struct sigaction action = action_for(number, before);
        if (DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr) != 0) return step_error(Stage::events, errno);
        taken_[number] = true;
        return StepError();
    }

    // Whether the signal came since it was last asked for.
    bool claim(int number) noexcept { return noted_[number].load() && noted_[number].exchange(false); }

    bool is_noted() const noexcept {
        for (const std::atomic<bool>& noted : noted_) {
            if (noted.load()) return true;
        }
        return false;
    }

    // Async-signal-safe, but for errno, as is stop().
    void ask_to_stop(int number) noexcept {
        int none = 0;
        static_cast<void>(stop_.compare_exchange_strong(none, number)); // the first that asks counts
    }
    void stop() noexcept {
        ask_to_stop(-1);
        wake_up_.wake();
    }
    bool stop_requested() const noexcept { return stop_.load() != 0; }
    int stop_signal() const noexcept {
        const int asked = stop_.load();
        return asked > 0 ? asked : 0;
    }

  private:
    // The application's own handler for SIGCHLD runs as before: by its own mask and flags.
    static struct sigaction action_for(int number, const struct sigaction& before) noexcept {
        struct sigaction action = plain_action(SIG_DFL);
        action.sa_flags = SA_RESTART;
        if (number == SIGCHLD) action.sa_flags |= SA_NOCLDSTOP;
        if (number == SIGCHLD && has_handler(before)) {
            action = before;
            action.sa_flags &= ~static_cast<int>(SA_RESETHAND);
        }
        action.sa_flags |= SA_SIGINFO;
        action.sa_sigaction = handle;
        return action;
    }

    static bool has_handler(const struct sigaction& action) noexcept {
        return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
    }

    static void handle(int number, siginfo_t* info, void* context) noexcept {
        const int error = errno;
        struct sigaction earlier = {};
        earlier.sa_handler = SIG_DFL;
        running_.fetch_add(1);
        if (TakenSignals* const taken = current_.load()) {
            if (taken->owner_ != DAEMONIZE_SYSTEM(getpid)()) {
                taken->pass_on(number);
            } else {
                taken->note(number, *info);
                if (number == SIGCHLD) earlier = taken->before_[number];
            }
        }
        running_.fetch_sub(1);
        errno = error;
        // Last, for it may never return here.
        if (has_handler(earlier)) call(earlier, number, info, context);
    }

    static void call(const struct sigaction& action, int number, siginfo_t* info, void* context) noexcept {
        if ((action.sa_flags & SA_SIGINFO) != 0) {
            action.sa_sigaction(number, info, context);
        } else {
            action.sa_handler(number);
        }
    }

    void note(int number, const siginfo_t& info) noexcept {
        if (asks_to_stop(number)) {
            ask_to_stop(number);
            // A wrapper that hands a key on, as npm and sudo do, has it come twice: once from each.
            if (is_key(number) && pressed_[is_sent(info) ? 1 : 0].exchange(true)) end_at_once(number);
        } else {
            noted_[number].store(true);
            // As the kernel has it while they are pending: the latter of the two counts.
            if (number == SIGCONT) noted_[SIGTSTP].store(false);
            if (number == SIGTSTP) noted_[SIGCONT].store(false);
        }
        wake_up_.wake();
    }

    // It is blocked until the handler returns, and comes then.
    static void end_at_once(int number) noexcept {
        const struct sigaction action = plain_action(SIG_DFL);
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr)); // cannot fail: it was set before
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), number));
    }

    // In a child that fork(2) has not prepared yet, or that was made past it: the signal is the child's alone, and does
    // there what it would have done without us. Writes no memory: a child of vfork(2) has the parent's.
    void pass_on(int number) const noexcept {
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &before_[number], nullptr));
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), number));
    }

    // Unless somebody else has taken it since.
    void give_back(int number) noexcept {
        struct sigaction now;
        if (!taken_[number] || DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &now) != 0) return;
        if ((now.sa_flags & SA_SIGINFO) == 0 || now.sa_sigaction != handle) return;
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &before_[number], nullptr));
    }

    // In a forked child. Frees nothing.
    static void abandon() noexcept {
        TakenSignals* const taken = current_.load();
        if (taken == nullptr) return;
        for (int number = 1; number < signal_end; ++number) taken->give_back(number);
        current_.store(nullptr);
        running_.store(0); // those were the parent's
        taken->children_.close();
        taken->set_.close();
        taken->wake_up_.close();
    }

    // A signal handler may use lock-free atomics alone: C++17, [support.signal].
    static_assert(std::atomic<TakenSignals*>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free);

    static inline std::atomic<TakenSignals*> current_{nullptr};
    static inline std::atomic<int> running_{0};

    WakeUp& wake_up_;
    WaitSet& set_;
    WatchedChildren& children_;
    pid_t owner_ = -1;
    std::atomic<int> stop_{0}; // the signal; -1: stop()
    std::atomic<bool> pressed_[2] = {};
    std::atomic<bool> noted_[signal_end] = {};
    bool taken_[signal_end] = {};
    struct sigaction before_[signal_end] = {};
};

} // namespace detail
} // namespace daemonize

#endif
