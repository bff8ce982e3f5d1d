// Events: signals and ended children as callbacks on the thread that waits (public).
#ifndef DAEMONIZE_POSIX_EVENTS_EVENTS_HPP
#define DAEMONIZE_POSIX_EVENTS_EVENTS_HPP

#include "../../core/callback.hpp"
#include "../../core/duration.hpp"
#include "../system/clock.hpp"
#include "signal_handlers.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// Turns signals and the ends of children into callbacks. While an Events lives, SIGTERM, SIGINT and SIGQUIT request a
/// stop, SIGHUP requests a reload, SIGUSR1 requests that log files are reopened, and on() adds other signals. Callbacks
/// run on the thread that sleeps, waits or polls, never inside a signal handler. A signal wakes the sleeping thread,
/// whichever thread receives the signal. A sleep makes no system call and wakes up for nothing but an event.
///
/// - Signals are not counted: several signals that come before the callback runs are one. Of SIGTSTP and SIGCONT the
///   later one counts.
/// - SIGHUP and SIGUSR1 without a callback are dropped, also the SIGHUP of a closing terminal.
/// - A second SIGINT or SIGQUIT from a terminal ends the program at once, by that signal. A second SIGTERM does not.
/// - SIGINT and SIGQUIT stay ignored if they were ignored before: a shell ignores them for a background job. Other
///   ignored signals are taken. SIGPIPE keeps its action.
/// - The signal mask stays as it is. A signal that every thread blocks does not come.
/// - A callback may do everything that the body may do. If a callback sleeps or polls, other pending events run inside
///   it. An exception of a callback leaves the function that ran the callback; other pending events come with the next
///   call.
/// - Create an Events after the launch. In a forked process all signals have their former actions, no event comes, and
///   a sleep just sleeps; the process may create an Events of its own. Programs that are started inherit nothing.
///
/// A process can have one working Events at a time. sleep_for(), wait_for_stop(), poll() and the functions that
/// register callbacks belong to one thread at a time. Any thread may call the other functions. Fails at Stage::events.
/// Source: sigaction(2), pidfd_open(2), pthread_atfork(3).
class [[nodiscard]] Events {
  public:
    /// Takes the signals. On failure every signal keeps its action, `if (events)` is false and no event comes.
    [[nodiscard]] explicit Events(Failure& failure) noexcept { open(failure); }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    [[nodiscard]] Events() {
        Failure failure;
        open(failure);
        detail::throw_if(failure);
    }
#endif

    /// Restores the action of every signal, unless the application has replaced the handler since.
    ~Events() = default;
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    /// Whether events come here: false after a failed constructor, and in a forked process. All functions stay safe
    /// then: sleep_for() just sleeps, on() and on_child() fail, and stop() ends a sleep within 100 ms.
    explicit operator bool() const noexcept { return handlers_.is_open(); }

    /// Calls `f()` once when a stop is requested, before sleep_for(), wait_for_stop() or poll() returns. A second
    /// callback for the same event replaces the first, here and below.
    template <class F>
    Events& on_stop(F f) {
        return replace(on_stop_, std::move(f));
    }

    /// Calls `f()` on SIGHUP.
    template <class F>
    Events& on_reload(F f) {
        return replace(callbacks_[SIGHUP], std::move(f));
    }

    /// Calls `f()` on SIGUSR1.
    template <class F>
    Events& on_reopen_logs(F f) {
        return replace(callbacks_[SIGUSR1], std::move(f));
    }

    /// Calls `f()` on another signal. Fails for the signals that request a stop, for SIGCHLD (see on_child()), for
    /// SIGSEGV and other faults, which cannot wait for a callback, and for signals that no process can handle, such as
    /// SIGKILL.
    template <class F>
    [[nodiscard]] bool on(int signal, F f, Failure& failure) noexcept {
        return detail::guard_memory(Stage::events, failure,
                                    [&] { return take(signal, Callback<void()>(std::move(f)), failure); });
    }

    /// Calls `f(wait_status)` once when the child has ended, also if the child has ended before this call. Takes the
    /// status by waitpid(2) for this child alone; other children stay for the application. The status is -1 if the
    /// application has taken it. Fails if `pid` is no child of this process, and while SIGCHLD is ignored
    /// (Sigchld::ignore): the kernel then keeps no status. Linux reports the end by a pidfd. Without pidfd_open(2),
    /// SIGCHLD is taken as well, and a handler that the application has for SIGCHLD goes on running.
    template <class F>
    [[nodiscard]] bool on_child(pid_t pid, F f, Failure& failure) noexcept {
        return detail::guard_memory(Stage::events, failure,
                                    [&] { return watch(pid, Callback<void(int)>(std::move(f)), failure); });
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    template <class F>
    Events& on(int signal, F f) {
        Failure failure;
        detail::throw_unless(on(signal, std::move(f), failure), failure);
        return *this;
    }
    template <class F>
    Events& on_child(pid_t pid, F f) {
        Failure failure;
        detail::throw_unless(on_child(pid, std::move(f), failure), failure);
        return *this;
    }
#endif

    /// Sleeps by the monotonic clock, rounded up to a millisecond, and runs callbacks meanwhile. Returns true when the
    /// whole time has passed, and false as soon as a stop is requested. After a stop it returns false at once.
    /// Duration::longest() has no end.
    bool sleep_for(Duration span) {
        return detail::sleep_until_stop(
            span, detail::monotonic_now, [this] { return poll(); }, [] { return false; },
            [this](Duration rest) { detail::wait_readable(native_handle(), rest); });
    }

    /// Sleeps until a stop is requested.
    void wait_for_stop() {
        while (sleep_for(Duration::longest())) {
        }
    }

    /// Runs the callbacks of the pending events, and returns. False when a stop was requested.
    bool poll() {
        Pass pass(*this);
        wake_pipe_.clear();
        children_.find_ended(handlers_.take_pending(SIGCHLD));
        for (int number = 1; number < detail::signal_end; ++number) {
            if (!handlers_.take_pending(number)) continue;
            pass.has_run = true;
            if (callbacks_[number]) callbacks_[number]();
        }
        children_.call_ended(pass.has_run);
        if (stop_requested() && !stop_reported_) {
            pass.has_run = stop_reported_ = true;
            if (on_stop_) on_stop_();
        }
        return !stop_requested();
    }

    /// Whether a stop was requested, also before the callback of on_stop() has run.
    bool stop_requested() const noexcept { return handlers_.stop_requested(); }

    /// The signal that requested the stop: SIGTERM, SIGINT or SIGQUIT. 0 if no stop was requested, or if stop() came
    /// first.
    int stop_signal() const noexcept { return handlers_.stop_signal(); }

    /// Requests a stop and wakes the sleeping thread. Safe from any thread and in a signal handler; it may change
    /// errno.
    void stop() noexcept { handlers_.stop(); }

    /// A descriptor for poll(2), epoll(7) or Asio. The descriptor is readable while an event is pending, and not
    /// readable after poll(). The library owns the descriptor: do not read, write or close it. -1 if `if (events)` is
    /// false.
    int native_handle() const noexcept { return poller_.descriptor(); }

  private:
    // One run of poll(). Its destructor makes the descriptor readable if an event is still pending, also after an
    // exception.
    struct Pass {
        explicit Pass(Events& its_events) noexcept : events(its_events), call(its_events.retired_) {}
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        ~Pass() {
            if (has_run) events.update_wake_pipe();
        }

        Events& events;
        detail::RetiredCallbacks::Call call;
        bool has_run = false;
    };

    void update_wake_pipe() const noexcept {
        wake_pipe_.clear();
        const bool is_stop_pending = stop_requested() && !stop_reported_;
        if (is_stop_pending || handlers_.is_any_pending() || children_.is_pending()) wake_pipe_.wake();
    }

    void open(Failure& failure) noexcept {
        failure = Failure();
        detail::StepError failed = handlers_.open();
        for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) {
            if (!failed) failed = handlers_.take(number);
        }
        if (!failed) return;
        handlers_.close();
        poller_.close();
        wake_pipe_.close();
        failure = detail::to_failure(failed);
    }

    bool take(int number, Callback<void()> callback, Failure& failure) {
        const std::string what = detail::joined({"(signal ", number, ")"}); // before anything changes
        detail::StepError failed;
        if (const char* reason = refusal(number)) {
            failed = detail::step_error(Stage::events, EINVAL, "", reason);
        } else {
            failed = handlers_.take(number);
        }
        failure = to_failure(what, failed);
        if (!failed) retired_.replace(callbacks_[number], std::move(callback));
        return !failed;
    }

    static const char* refusal(int number) noexcept {
        switch (number) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT: return "on_stop() handles it";
        case SIGCHLD: return "on_child() handles it";
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL: return "a fault cannot wait for a callback";
        default: return nullptr;
        }
    }

    bool watch(pid_t pid, Callback<void(int)> callback, Failure& failure) {
        const std::string what = detail::joined({"(the end of process ", pid, ")"}); // before anything changes
        detail::WatchedChild child;
        child.pid = pid;
        child.callback = std::move(callback);
        detail::StepError failed = children_.has(pid) ? detail::StepError() : prepare_watch(child);
        failure = to_failure(what, failed);
        if (failed) return false;
        children_.add(std::move(child));
        wake_pipe_.wake(); // the child may have ended already
        return true;
    }

    detail::StepError prepare_watch(detail::WatchedChild& child) noexcept {
        if (!handlers_.is_open()) {
            return detail::step_error(Stage::events, ECANCELED, "", detail::SignalHandlers::not_open);
        }
        if (child.pid <= 0) return detail::step_error(Stage::events, EINVAL, "", "a process number is above 0");
        struct sigaction action;
        if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, nullptr, &action) != 0)
            return detail::step_error(Stage::events, errno);
        if (detail::is_ignored(action) || (action.sa_flags & SA_NOCLDWAIT) != 0) {
            return detail::step_error(Stage::events, ECHILD, "",
                                      "SIGCHLD is ignored, so the kernel keeps no child's status");
        }
        siginfo_t info = {};
        const auto id = static_cast<id_t>(child.pid);
        const int asked =
            detail::retry([&] { return DAEMONIZE_SYSTEM(waitid)(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT); });
        if (asked != 0) return detail::step_error(Stage::events, errno, "", "it is no child of this process");
        child.pidfd = poller_.watch(child.pid);
        return child.pidfd ? detail::StepError() : handlers_.take(SIGCHLD);
    }

    static Failure to_failure(const std::string& what, const detail::StepError& failed) {
        if (!failed) return Failure();
        return detail::posix_failure(failed.stage, failed.error, what, failed.reason);
    }

    template <class F>
    Events& replace(Callback<void()>& callback, F f) {
        retired_.replace(callback, Callback<void()>(std::move(f)));
        return *this;
    }

    detail::WakePipe wake_pipe_;
    detail::Poller poller_;
    detail::WatchedChildren children_{poller_};
    Callback<void()> on_stop_;
    Callback<void()> callbacks_[detail::signal_end];
    detail::RetiredCallbacks retired_;
    bool stop_reported_ = false;
    // The last member: the handlers are removed before the objects that they use.
    detail::SignalHandlers handlers_{wake_pipe_, poller_, children_};
};

} // namespace daemonize

#endif
