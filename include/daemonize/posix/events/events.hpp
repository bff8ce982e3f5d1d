// Events: signals, and the ends of children, as calls on the thread that waits for them.
// Uses taken_signals and clock; applications and Service use it.
#ifndef DAEMONIZE_POSIX_EVENTS_EVENTS_HPP
#define DAEMONIZE_POSIX_EVENTS_EVENTS_HPP

#include "../system/clock.hpp"
#include "signal_handlers.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// While it lives, SIGTERM, SIGINT and SIGQUIT ask for a stop, SIGHUP for a reload, SIGUSR1 for logs to be reopened, and
/// on() adds others. A callback runs where the program sleeps, waits or polls, on that thread alone, never in a signal
/// handler; whatever thread the signal came to, the sleeper wakes. Waiting costs nothing: no wake-up, no system call.
///
/// - Signals are not counted: those that come before a callback runs are one. Of SIGTSTP and SIGCONT the latter counts.
/// - SIGHUP and SIGUSR1 without a callback are dropped, also the SIGHUP of a terminal that closes.
/// - A second SIGINT or SIGQUIT from a terminal ends the program there and then, whatever it does; a second SIGTERM doesn't.
/// - SIGINT and SIGQUIT that were ignored (a shell's background job) stay so; others that were are taken. SIGPIPE is left
///   alone. Nothing is blocked; a signal that the application blocks in all its threads does not come.
/// - A callback may do all that the body may, sleep and poll as well: what else is pending then runs inside it. What it
///   throws leaves the call that ran it; what was pending beside it comes with the next.
/// - Daemonize first: in a forked process all signals are as they were before, nothing comes, and sleeping just sleeps. It
///   may have an Events of its own. Programs that are started inherit nothing.
///
/// One at a time in a process. sleep_for, wait_for_stop, poll and what registers callbacks belong to one thread at a time;
/// the others may be called by any. Fails at Stage::events. sigaction(2), pidfd_open(2), pthread_atfork(3).
class Events {
  public:
    /// Takes the signals over. Where that fails, everything is as before, and nothing comes.
    explicit Events(Failure& failure) noexcept { open(failure); }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    Events() {
        Failure failure;
        open(failure);
        if (failure) throw Error(std::move(failure));
    }
#endif

    /// Gives every handler back as it was, unless somebody has replaced ours since.
    ~Events() = default;
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    /// Calls `f()` once, when a stop is asked for, before sleep_for, wait_for_stop or poll tell of it. The latest callback
    /// for an event is the one; so with all below.
    template <class F>
    Events& on_stop(F f) {
        return put(on_stop_, std::move(f));
    }

    /// Calls `f()` on SIGHUP.
    template <class F>
    Events& on_reload(F f) {
        return put(callbacks_[SIGHUP], std::move(f));
    }

    /// Calls `f()` on SIGUSR1.
    template <class F>
    Events& on_reopen_logs(F f) {
        return put(callbacks_[SIGUSR1], std::move(f));
    }

    /// Calls `f()` on any other signal. False for those that ask for a stop, for SIGCHLD (on_child tells), for faults as
    /// SIGSEGV, which cannot wait, and for what the system does not give away (SIGKILL).
    template <class F>
    bool on(int signal, F f, Failure& failure) noexcept {
        return listen(signal, Callback<void()>(std::move(f)), failure);
    }

    /// Calls `f(wait_status)` once, when this child has ended, also if it has already, and takes its status by
    /// waitpid(2): no other child is ever waited for. The status is -1 where somebody else has taken it. False where it is
    /// no child of this process, and while SIGCHLD is ignored (Sigchld::ignore), for then the kernel keeps no status. On
    /// Linux no signal is involved; elsewhere, and where pidfd_open(2) is not to be had, SIGCHLD is taken over as well, and
    /// a handler that the application has for it still runs.
    template <class F>
    bool on_child(pid_t pid, F f, Failure& failure) noexcept {
        return watch(pid, Callback<void(int)>(std::move(f)), failure);
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    template <class F>
    Events& on(int signal, F f) {
        Failure failure;
        if (!on(signal, std::move(f), failure)) throw Error(std::move(failure));
        return *this;
    }
    template <class F>
    Events& on_child(pid_t pid, F f) {
        Failure failure;
        if (!on_child(pid, std::move(f), failure)) throw Error(std::move(failure));
        return *this;
    }
#endif

    /// Sleeps by the monotonic clock, to the millisecond and never less, and runs callbacks meanwhile. True when the whole
    /// time has passed, false as soon as a stop was asked for, and from then on at once. Duration::longest() has no end.
    bool sleep_for(Duration span) {
        const Duration until = span == Duration::longest() ? span : detail::monotonic_now() + span;
        for (;;) {
            if (!poll()) return false;
            const int time = until == Duration::longest() ? -1 : detail::poll_time(until);
            if (time == 0) return true;
            wait(time);
        }
    }

    /// Sleeps until a stop is asked for.
    void wait_for_stop() {
        while (sleep_for(Duration::longest())) {
        }
    }

    /// Runs the callbacks of what is pending, and returns. False when a stop was asked for.
    bool poll() {
        Pass pass(*this);
        wake_up_.clear();
        children_.look(signals_.claim(SIGCHLD));
        for (int number = 1; number < detail::signal_end; ++number) {
            if (!signals_.claim(number)) continue;
            pass.settle = true;
            if (callbacks_[number]) callbacks_[number]();
        }
        detail::WatchedChild ended;
        for (int status = 0; children_.take_ended(ended, status);) {
            pass.settle = true;
            ended.callback(status);
        }
        if (stop_requested() && !stop_told_) {
            pass.settle = stop_told_ = true;
            if (on_stop_) on_stop_();
        }
        return !stop_requested();
    }

    /// Whether a stop was asked for, also while on_stop's callback has not run yet.
    bool stop_requested() const noexcept { return signals_.stop_requested(); }

    /// What asked first: SIGTERM, SIGINT or SIGQUIT; 0 where nothing did, or stop() was called.
    int stop_signal() const noexcept { return signals_.stop_signal(); }

    /// Asks for a stop, and wakes the sleeper. From any thread, and from signal handlers, though it may change errno.
    void stop() noexcept { signals_.stop(); }

    /// A descriptor for poll(2), epoll(7), Asio: readable while something is pending, quiet after poll(). It is the
    /// library's: to be waited for, not read, written or closed. -1 where nothing comes.
    int native_handle() const noexcept { return set_.descriptor(); }

  private:
    // One turn of poll(). When it is over, by an exception too, the descriptor says whether anything is pending still.
    struct Pass {
        explicit Pass(Events& of) noexcept : events(of) { ++events.depth_; }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        ~Pass() {
            if (--events.depth_ == 0) events.retired_.clear();
            if (settle) events.settle();
        }

        Events& events;
        bool settle = false;
    };

    void settle() const noexcept {
        wake_up_.clear();
        const bool stop_is_pending = stop_requested() && !stop_told_;
        if (stop_is_pending || signals_.is_noted() || children_.is_pending()) wake_up_.wake();
    }

    void open(Failure& failure) noexcept {
        failure = Failure();
        detail::StepError failed = signals_.open();
        for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) {
            if (!failed) failed = signals_.take(number);
        }
        if (!failed) return;
        signals_.close();
        failure = detail::to_failure(failed);
    }

    bool listen(int number, Callback<void()> callback, Failure& failure) noexcept {
        detail::StepError failed;
        if (const char* reason = refusal(number)) {
            failed = detail::step_error(Stage::events, EINVAL, "", reason);
        } else {
            failed = signals_.take(number);
        }
        failure = about(detail::joined({"(signal ", number, ")"}), failed);
        if (!failed) put(callbacks_[number], std::move(callback));
        return !failed;
    }

    static const char* refusal(int number) noexcept {
        switch (number) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT: return "it asks for a stop, of which on_stop tells";
        case SIGCHLD: return "on_child tells of children";
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL: return "a fault cannot wait for a callback";
        default: return nullptr;
        }
    }

    bool watch(pid_t pid, Callback<void(int)> callback, Failure& failure) noexcept {
        detail::WatchedChild child;
        child.pid = pid;
        child.callback = std::move(callback);
        detail::StepError failed = children_.has(pid) ? detail::StepError() : prepare_watch(child);
        failure = about(detail::joined({"(the end of process ", pid, ")"}), failed);
        if (failed) return false;
        children_.add(std::move(child));
        wake_up_.wake(); // it may have ended before
        return true;
    }

    detail::StepError prepare_watch(detail::WatchedChild& child) noexcept {
        if (!signals_.is_open())
            return detail::step_error(Stage::events, ECANCELED, "", "this process takes none here");
        if (child.pid <= 0) return detail::step_error(Stage::events, EINVAL, "", "it is not the number of one process");
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
        child.process = set_.watch(child.pid);
        return child.process ? detail::StepError() : signals_.take(SIGCHLD);
    }

    static Failure about(const std::string& what, const detail::StepError& failed) {
        if (!failed) return Failure();
        return detail::posix_failure(failed.stage, failed.error, what, failed.reason);
    }

    // A callback that replaces itself goes on running: it goes when the outermost poll() returns.
    template <class F>
    Events& put(Callback<void()>& place, F f) {
        if (depth_ > 0) retired_.push_back(std::move(place));
        place = Callback<void()>(std::move(f));
        return *this;
    }

    // The kernel refuses to wait for any descriptor where RLIMIT_NOFILE is 0: rather look from time to time than all the
    // time. A signal ends either.
    void wait(int time) const noexcept {
        struct pollfd watched = {set_.descriptor(), POLLIN, 0};
        if (DAEMONIZE_SYSTEM(poll)(&watched, 1, time) != -1 || errno == EINTR) return;
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, time >= 0 && time < 10 ? time : 10));
    }

    detail::WakeUp wake_up_;
    detail::WaitSet set_;
    detail::WatchedChildren children_{set_};
    Callback<void()> on_stop_;
    Callback<void()> callbacks_[detail::signal_end];
    detail::List<Callback<void()>> retired_;
    int depth_ = 0;
    bool stop_told_ = false;
    detail::TakenSignals signals_{wake_up_, set_, children_}; // the last: handlers go before what they reach
};

} // namespace daemonize

#endif
