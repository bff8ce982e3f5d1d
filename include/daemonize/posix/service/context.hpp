// Context: what a service's body says to whoever started it, and hears of it. This is POSIX's; windows/service/context.hpp has
// the same face.
// Uses events, notifier, sockets, daemon and service_log; Service hands it to the body.
#ifndef DAEMONIZE_POSIX_SERVICE_CONTEXT_HPP
#define DAEMONIZE_POSIX_SERVICE_CONTEXT_HPP

#include "../../scm/types.hpp"
#include "../../service/callbacks.hpp"
#include "../host/notifier.hpp"
#include "../launch/daemon.hpp"
#include "../sockets/socket.hpp"
#include "context_events.hpp"
#include "log.hpp"

#include <poll.h>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

// What a running service is made of, in the process that runs its body.
struct RunningService : ServiceRun {
    RunningService(const ServiceSettings& its_settings, Host its_host, Notifier its_notifier, bool daemonized,
                   Failure& problem)
        : ServiceRun(its_settings, std::move(its_host)), notifier(std::move(its_notifier)), is_daemonized(daemonized),
          log(settings.full_name(), daemonized), events(problem) {}

    Notifier notifier;
    bool is_daemonized;
    ServiceLog log;
    Events events;
    Daemon daemon;
    List<Socket> passed; // until sockets() is asked for
    std::vector<Socket> sockets;
    std::string directories[3]; // runtime, state, log
    std::string failure;        // the body's own words
    Duration pinged_at;
    bool is_ready = false;
    bool is_paused = false;
};

} // namespace detail

/// The running service, as its body sees it. Callbacks run where the body sleeps, waits or polls, on that thread, never in
/// a signal handler. For one thread, but for stop() and log().
class Context {
  public:
    explicit Context(detail::RunningService& running) : running_(running) {
        running_.events.on_reload([this] { reload(); });
        running_.events.on_reopen_logs([this] { reopen_logs(); });
        running_.events.on_stop([this] { note(running_.notifier.stopping()); });
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// The service is up: the launcher exits 0, systemd hears READY=1, s6 its newline. A second time it does nothing, nor
    /// once a stop was asked for: nobody is to hear that it is up when it is on its way out.
    void ready() {
        if (running_.is_ready || stop_requested()) return;
        running_.is_ready = true;
        note(running_.notifier.ready());
        running_.daemon.ready();
    }

    /// A sign of life while it starts, stops or reloads: live on the launcher's terminal, STATUS= and EXTEND_TIMEOUT_USEC= to
    /// systemd. It may take `extend_by` from now; without it, as long as it had.
    void progress(const std::string& text, Duration extend_by = Duration()) {
        running_.daemon.progress(text, extend_by);
        note(running_.notifier.status(text));
        if (extend_by > Duration()) note(running_.notifier.extend_timeout(extend_by));
        show_life();
    }

    /// What the service does, for people: the line that `systemctl status` shows.
    void status(const std::string& text) { note(running_.notifier.status(text)); }

    /// Why the body ends, for it to return: `return context.fail("port 80 is taken", 3);`. The launcher prints the text as
    /// its one line, systemd shows it, and both end with `exit_code`; one that would read as success becomes 1.
    int fail(std::string text, int exit_code = 1) {
        running_.failure = std::move(text);
        return detail::failure_status(exit_code);
    }

    /// Writes to the journal with its priority, once daemonized to syslog, else to standard error.
    void log(Severity severity, const std::string& text) const noexcept { running_.log.write(severity, text); }

    /// SIGHUP, `systemctl reload`, the verb reload: `f()`, or `bool f(std::string& why)`. What fails is logged and shown,
    /// and the service goes on as it was.
    template <class Body>
    Context& on_reload(Body f) {
        running_.set(running_.on_reload, detail::adapt_step(std::move(f)));
        return *this;
    }

    /// SIGUSR1, after a rotation. The files of stdout_to() and stderr_to() have been reopened then.
    template <class Body>
    Context& on_reopen_logs(Body f) {
        running_.set(running_.on_reopen_logs, Callback<void()>(std::move(f)));
        return *this;
    }

    /// SIGTSTP, and on Windows the control pause: from its return on sleep_for() sleeps until continued or stopped.
    template <class Body>
    Context& on_pause(Body f) {
        running_.set(running_.on_pause, Callback<void()>(std::move(f)));
        return on_signal(SIGTSTP, [this] {
            if (std::exchange(running_.is_paused, true)) return;
            running_.call(running_.on_pause);
        });
    }

    /// SIGCONT, and on Windows the control continue.
    template <class Body>
    Context& on_continue(Body f) {
        running_.set(running_.on_continue, Callback<void()>(std::move(f)));
        return on_signal(SIGCONT, [this] {
            if (!std::exchange(running_.is_paused, false)) return;
            running_.call(running_.on_continue);
        });
    }

    /// Sleeps, and runs callbacks meanwhile. True when the whole time has passed, false as soon as a stop is asked for.
    /// While it is paused it sleeps on. A body that sleeps here is alive: systemd's watchdog hears of it.
    bool sleep_for(Duration span) {
        return detail::sleep_until_stop(
            span, detail::monotonic_now, [this] { return poll(); }, [this] { return running_.is_paused; },
            [this](Duration rest) { await_news(rest); });
    }

    /// Sleeps until a stop is asked for.
    void wait_for_stop() {
        while (sleep_for(Duration::longest())) {
        }
    }

    /// Runs the callbacks of what is pending, and returns. False when a stop was asked for.
    bool poll() {
        show_life();
        return running_.events.poll();
    }

    bool stop_requested() const noexcept { return running_.events.stop_requested(); }

    /// Asks for a stop, as a signal would: from any thread.
    void stop() noexcept { running_.events.stop(); }

    StopReason stop_reason() const noexcept {
        if (!stop_requested()) return StopReason::none;
        const int signal = running_.events.stop_signal();
        if (signal == SIGINT || signal == SIGQUIT) return StopReason::interrupt;
        const HostKind host = running_.host.kind;
        const bool supervised = host != HostKind::terminal && host != HostKind::unknown;
        return supervised && signal != 0 ? StopReason::supervisor : StopReason::operator_request;
    }

    /// How long the host waits for the end of a stop: no POSIX host says so, hence Duration::longest().
    Duration stop_deadline() const noexcept { return Duration::longest(); }

    /// Whether on_pause was called, and on_continue not yet.
    bool paused() const noexcept { return running_.is_paused; }

    /// The sockets of systemd, inetd or launchd, and where those passed none, those of Service::listen(). Move one out to
    /// own it: `daemonize::Socket http = std::move(context.sockets()[0]);`.
    std::vector<Socket>& sockets() noexcept {
        if (!running_.passed.empty()) running_.sockets = detail::to_vector(std::move(running_.passed));
        return running_.sockets;
    }

    /// What followed the verb, or `--`.
    const std::vector<std::string>& arguments() const noexcept { return running_.arguments; }

    /// systemd's RUNTIME_DIRECTORY, STATE_DIRECTORY and LOGS_DIRECTORY; else where a service of this name has them, as
    /// Daemonizer::runtime_directory(), state_directory() and log_directory() make them. Empty for a user without a place.
    const std::string& runtime_directory() const noexcept { return running_.directories[0]; }
    const std::string& state_directory() const noexcept { return running_.directories[1]; }
    const std::string& log_directory() const noexcept { return running_.directories[2]; }

    /// A descriptor for a loop of the body's own, readable while poll() has something to do. The library owns it.
    int native_handle() const noexcept { return running_.events.native_handle(); }

    /// Registers callbacks for further signals and for children of this process.
    ContextEvents events() noexcept { return ContextEvents(running_.events); }

    /// The service manager's ear, for what only systemd understands.
    Notifier& notifier() noexcept { return running_.notifier; }

    /// What started the service, and why we think so.
    const Host& host() const noexcept { return running_.host; }

    /// The service's name, with its instance.
    std::string name() const { return running_.settings.full_name(); }

  private:
    // A manager that is gone is no reason to end a service that works.
    static void note(bool) noexcept {}

    template <class Body>
    Context& on_signal(int signal, Body f) {
        Failure failure;
        if (!running_.events.on(signal, std::move(f), failure)) log(Severity::warning, failure.message());
        return *this;
    }

    void show_life() {
        const Duration interval = running_.notifier.watchdog_interval();
        if (interval <= Duration()) return;
        const Duration now = detail::monotonic_now();
        if (running_.pinged_at + interval > now && running_.pinged_at != Duration()) return;
        running_.pinged_at = now;
        note(running_.notifier.watchdog());
    }

    // Sleeps for `rest`, until the watchdog wants to hear of us, or until something came.
    void await_news(Duration rest) const {
        const Duration interval = running_.notifier.watchdog_interval();
        if (interval > Duration()) {
            // Counted from the last sign of life: the body may have worked since.
            const Duration due = running_.pinged_at + interval;
            const Duration now = detail::monotonic_now();
            const Duration left = now < due ? Duration::nanoseconds(due.nanoseconds() - now.nanoseconds()) : Duration();
            if (left < rest) rest = left;
        }
        struct pollfd news = {running_.events.native_handle(), POLLIN, 0};
        const int time = rest == Duration::longest() ? -1 : detail::poll_time(detail::monotonic_now() + rest);
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(&news, 1, time)); // cut short by a signal, it has news
    }

    void reload() {
        note(running_.notifier.reloading());
        const std::string problem = running_.reload();
        if (problem.empty()) {
            note(running_.notifier.ready());
        } else {
            log(Severity::failure, problem);
            note(running_.notifier.ready(problem));
        }
    }

    void reopen_logs() {
        Failure failure;
        if (!running_.daemon.reopen_logs(failure)) log(Severity::failure, failure.message());
        running_.call(running_.on_reopen_logs);
    }

    detail::RunningService& running_;
};

} // namespace daemonize

#endif
