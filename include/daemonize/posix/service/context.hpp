// Context: the running service, for its body, on POSIX, and ContextEvents: its further callbacks (public).
// windows/service/context.hpp has the same functions of Context.
#ifndef DAEMONIZE_POSIX_SERVICE_CONTEXT_HPP
#define DAEMONIZE_POSIX_SERVICE_CONTEXT_HPP

#include "../../core/parameters.hpp"
#include "../../scm/types.hpp"
#include "../../service/callbacks.hpp"
#include "../events/events.hpp"
#include "../host/notifier.hpp"
#include "../launch/daemon.hpp"
#include "../sockets/socket.hpp"
#include "log.hpp"

#include <csignal>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

// The state of a running service, in the process that runs the body.
struct RunningService : RunningServiceBase {
    RunningService(const ServiceSettings& service_settings, Host service_host, Notifier service_notifier,
                   bool daemonized, Failure& problem)
        : RunningServiceBase(service_settings, std::move(service_host)), notifier(std::move(service_notifier)),
          is_daemonized(daemonized), log(name, daemonized), events(problem) {}

    Notifier notifier;
    bool is_daemonized;
    ServiceLog log;
    Events events;
    Daemon daemon;
    std::vector<Socket> sockets;
    std::string directories[3]; // runtime, state, log
    std::string failure;        // the text of Context::fail()
    Duration watchdog_at;       // the time of the last WATCHDOG=1
    bool is_ready = false;
    bool is_paused = false;
};

} // namespace detail

/// Registers callbacks for further signals and for children of a running service. The callbacks run when the body
/// sleeps, waits or polls, like the callbacks of Context. Only the thread of the body may call the functions. Fails at
/// Stage::events.
class ContextEvents {
  public:
    /// Called by the library: Context::events().
    explicit ContextEvents(Events& events) noexcept : events_(events) {}

    /// Calls `f()` on a signal; see Events::on(). SIGHUP, SIGUSR1, SIGTSTP and SIGCONT are refused:
    /// Context::on_reload(), on_reopen_logs(), on_pause() and on_continue() handle them. SIGTERM, SIGINT and SIGQUIT
    /// are refused: Context::wait_for_stop() and stop_requested() report them.
    template <class F>
    [[nodiscard]] bool on(int signal, F f, Failure& failure) noexcept {
        return detail::guard_memory(Stage::events, failure, [&] {
            const char* const reason = refusal(signal);
            if (reason == nullptr) return events_.on(signal, std::move(f), failure);
            failure = detail::posix_failure(Stage::events, EINVAL, detail::joined({"(signal ", signal, ")"}), reason);
            return false;
        });
    }

    /// Calls `f(wait_status)` once, when the child has ended; see Events::on_child().
    template <class F>
    [[nodiscard]] bool on_child(pid_t pid, F f, Failure& failure) noexcept {
        return events_.on_child(pid, std::move(f), failure);
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    template <class F>
    ContextEvents& on(int signal, F f) {
        Failure failure;
        detail::throw_unless(on(signal, std::move(f), failure), failure);
        return *this;
    }
    template <class F>
    ContextEvents& on_child(pid_t pid, F f) {
        Failure failure;
        detail::throw_unless(on_child(pid, std::move(f), failure), failure);
        return *this;
    }
#endif

  private:
    static const char* refusal(int signal) noexcept {
        switch (signal) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT: return "Context::wait_for_stop() and Context::stop_requested() report it";
        case SIGHUP: return "Context::on_reload() handles it";
        case SIGUSR1: return "Context::on_reopen_logs() handles it";
        case SIGTSTP: return "Context::on_pause() handles it";
        case SIGCONT: return "Context::on_continue() handles it";
        default: return nullptr;
        }
    }

    Events& events_;
};

/// The running service, for its body. Callbacks run on the thread that calls sleep_for(), wait_for_stop() or poll(),
/// during that call, and never in a signal handler. Only stop() and log() may be called from other threads.
class Context {
  public:
    /// Called by the library.
    explicit Context(detail::RunningService& running) : running_(running) {
        running_.events.on_reload([this] { reload(); });
        running_.events.on_reopen_logs([this] { reopen_logs(); });
        running_.events.on_stop([this] { running_.notifier.try_stopping(); });
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Reports that the service is up: the launcher exits 0, systemd gets READY=1, s6 gets a newline. Does nothing at a
    /// second call, and after a request to stop.
    void ready() {
        if (running_.is_ready || stop_requested()) return;
        running_.is_ready = true;
        running_.notifier.try_ready();
        running_.daemon.ready();
    }

    /// Reports progress of a start, a stop or a reload: on the terminal of the launcher, and as STATUS= to systemd.
    /// `extend_by` extends the time-out to that span from now (EXTEND_TIMEOUT_USEC=); 0, the default, leaves the
    /// time-out as it is.
    void progress(const std::string& text, Duration extend_by = Duration()) noexcept {
        running_.daemon.progress(text, extend_by);
        running_.notifier.try_status(text);
        if (extend_by > Duration()) running_.notifier.try_extend_timeout(extend_by);
        ping_watchdog();
    }
    void progress(std::nullptr_t, Duration = Duration()) = delete;

    /// Sets the line that `systemctl status` shows.
    void status(const std::string& text) noexcept { running_.notifier.try_status(text); }
    void status(std::nullptr_t) = delete;

    /// Stores the reason of a failure, and returns the exit status for the body to return: `return context.fail("port
    /// 80 is taken", 3);`. The launcher prints the text, systemd shows it, and both exit with `exit_code`. A code that
    /// exit(3) would cut to 0 becomes 1.
    [[nodiscard]] int fail(Text text, int exit_code = 1) noexcept {
        running_.failure = std::move(text);
        return detail::failure_status(exit_code);
    }

    /// Writes to the journal with the priority, in a daemon to syslog, else to standard error. Any thread may call
    /// log().
    void log(Severity severity, const std::string& text) const noexcept { running_.log.write(severity, text); }
    void log(Severity, std::nullptr_t) const = delete;

    /// Sets the callback for SIGHUP, `systemctl reload` and the verb reload: `void f()`, `bool f()` or `bool
    /// f(std::string& why)`. A failure is logged and shown by systemd, and the service goes on.
    template <class Body>
    Context& on_reload(Body f) {
        running_.set(running_.on_reload, detail::adapt_step(std::move(f)));
        return *this;
    }

    /// Sets the callback for SIGUSR1, the signal after a log rotation. The files of Daemonizer::stdout_to() and
    /// stderr_to() are reopened before the call.
    template <class Body>
    Context& on_reopen_logs(Body f) {
        running_.set(running_.on_reopen_logs, detail::adapt_callback(std::move(f)));
        return *this;
    }

    /// Sets the callback for SIGTSTP; on Windows for the control pause. After the call, sleep_for() sleeps until
    /// SIGCONT or a stop.
    template <class Body>
    Context& on_pause(Body f) {
        running_.set(running_.on_pause, detail::adapt_callback(std::move(f)));
        return on_signal(SIGTSTP, [this] {
            if (std::exchange(running_.is_paused, true)) return;
            running_.call(running_.on_pause);
        });
    }

    /// Sets the callback for SIGCONT; on Windows for the control continue.
    template <class Body>
    Context& on_continue(Body f) {
        running_.set(running_.on_continue, detail::adapt_callback(std::move(f)));
        return on_signal(SIGCONT, [this] {
            if (!std::exchange(running_.is_paused, false)) return;
            running_.call(running_.on_continue);
        });
    }

    /// Sleeps and runs callbacks. Returns true after `span`, or false at a request to stop. While the service is
    /// paused, the sleep goes on. Sends WATCHDOG=1 to systemd meanwhile.
    bool sleep_for(Duration span) {
        return detail::sleep_until_stop(
            span, detail::monotonic_now, [this] { return poll(); }, [this] { return running_.is_paused; },
            [this](Duration rest) { wait(rest); });
    }

    /// Sleeps and runs callbacks until a request to stop.
    void wait_for_stop() {
        while (sleep_for(Duration::longest())) {
        }
    }

    /// Runs the pending callbacks and returns. False after a request to stop.
    bool poll() {
        ping_watchdog();
        return running_.events.poll();
    }

    /// Whether a stop was requested.
    bool stop_requested() const noexcept { return running_.events.stop_requested(); }

    /// Requests a stop, as SIGTERM does. Any thread may call stop().
    void stop() noexcept { running_.events.stop(); }

    /// The reason of the first request to stop; StopReason::none without a request.
    StopReason stop_reason() const noexcept {
        if (!stop_requested()) return StopReason::none;
        const int signal = running_.events.stop_signal();
        if (signal == SIGINT || signal == SIGQUIT) return StopReason::interrupt;
        const HostKind host = running_.host.kind;
        const bool supervised = host != HostKind::terminal && host != HostKind::unknown;
        return supervised && signal != 0 ? StopReason::supervisor : StopReason::operator_request;
    }

    /// The time until the host kills the service. On POSIX always Duration::longest(), because no host reports that
    /// time.
    Duration stop_deadline() const noexcept { return Duration::longest(); }

    /// True between SIGTSTP and SIGCONT, if on_pause() has set a callback.
    bool paused() const noexcept { return running_.is_paused; }

    /// The sockets that systemd, inetd or launchd passed; if none, the sockets of Service::listen(). A body that wants
    /// to own a socket moves it: `daemonize::Socket http = std::move(context.sockets()[0]);`.
    [[nodiscard]] std::vector<Socket>& sockets() noexcept { return running_.sockets; }

    /// The arguments behind the verb, or behind `--`.
    const std::vector<std::string>& arguments() const noexcept { return running_.arguments; }

    /// RUNTIME_DIRECTORY, STATE_DIRECTORY and LOGS_DIRECTORY of systemd; else the paths of
    /// Daemonizer::runtime_directory(), state_directory() and log_directory(), even if the directories do not exist.
    /// Empty if this user has no such directory.
    const std::string& runtime_directory() const { return running_.directories[0]; }
    const std::string& state_directory() const { return running_.directories[1]; }
    const std::string& log_directory() const { return running_.directories[2]; }

    /// A descriptor for an event loop, readable while poll() has a callback to run. The library owns the descriptor.
    int native_handle() const noexcept { return running_.events.native_handle(); }

    /// Registers callbacks for further signals and for children of this process.
    ContextEvents events() noexcept { return ContextEvents(running_.events); }

    /// The connection to the service manager, for messages that only systemd has.
    Notifier& notifier() noexcept { return running_.notifier; }

    /// The program that started the service, and the observation that shows it.
    const Host& host() const noexcept { return running_.host; }

    /// The full name: NAME, or NAME@INSTANCE.
    const std::string& name() const noexcept { return running_.name; }

  private:
    template <class Body>
    Context& on_signal(int signal, Body f) {
        Failure failure;
        if (!running_.events.on(signal, std::move(f), failure)) log(Severity::warning, failure.message());
        return *this;
    }

    // Sends WATCHDOG=1, at most once in each interval.
    void ping_watchdog() {
        const Duration interval = running_.notifier.watchdog_interval();
        if (interval <= Duration()) return;
        const Duration now = detail::monotonic_now();
        if (running_.watchdog_at + interval > now && running_.watchdog_at != Duration()) return;
        running_.watchdog_at = now;
        running_.notifier.try_watchdog();
    }

    // Waits until `rest` has passed, WATCHDOG=1 is due, or a signal came.
    void wait(Duration rest) const {
        const Duration interval = running_.notifier.watchdog_interval();
        if (interval > Duration()) {
            // The interval began at the last WATCHDOG=1, and not at this call.
            const Duration due = running_.watchdog_at + interval;
            const Duration now = detail::monotonic_now();
            const Duration left = now < due ? due - now : Duration();
            if (left < rest) rest = left;
        }
        detail::wait_readable(native_handle(), rest);
    }

    void reload() {
        running_.notifier.try_reloading();
        const std::string problem = running_.reload();
        if (problem.empty()) {
            running_.notifier.try_ready();
        } else {
            log(Severity::failure, problem);
            running_.notifier.try_ready(problem);
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
