// Context: what a service's body says to whoever started it, and hears of it. This is Windows'; posix/service/context.hpp has the
// same face.
// Uses service_context, sockets and directories; Service hands it to the body.
#ifndef DAEMONIZE_WINDOWS_SERVICE_CONTEXT_HPP
#define DAEMONIZE_WINDOWS_SERVICE_CONTEXT_HPP

#include "../../scm/service_context.hpp"
#include "../../service/callbacks.hpp"
#include "../system/socket.hpp"
#include "directories.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

struct RunningService : ServiceRun {
    RunningService(const ServiceSettings& its_settings, Host its_host, WinServiceContext& its_service)
        : ServiceRun(its_settings, std::move(its_host)), service(its_service) {}

    WinServiceContext& service;
    std::vector<Socket> sockets;
    std::string directories[3]; // runtime, state, log; empty until they are asked for
};

} // namespace detail

/// The running service, as its body sees it. Callbacks run where the body sleeps, waits or polls, on that thread. For one
/// thread, but for stop() and log().
class Context {
  public:
    /// The control that on_reopen_logs() is about: `sc control NAME 128`.
    static constexpr std::uint32_t reopen_logs_control = 128;

    explicit Context(detail::RunningService& running) : running_(running) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// The service is up: RUNNING. A second time it does nothing.
    void ready() { running_.service.ready(); }

    /// A sign of life while it starts or stops: a checkpoint, and the next one comes within `extend_by`; without it, within
    /// WinService::wait_hint(). On a console the text is shown.
    void progress(const std::string& text, Duration extend_by = Duration()) {
        running_.service.progress(text, extend_by);
    }

    /// What the service does, for people. Windows has no place that shows it.
    void status(const std::string&) {}

    /// Why the body ends, for it to return: `return context.fail("port 80 is taken", 3);`. The text goes to the event log,
    /// or the console, and the code is the service's own; one that would read as success becomes 1.
    int fail(std::string text, int exit_code = 1) { return running_.service.fail(std::move(text), exit_code); }

    /// Writes to the event log, under the service's name; on a console to standard error.
    void log(Severity severity, const std::string& text) const noexcept { running_.service.log(severity, text); }

    /// The control paramchange, which the verb reload sends: `f()`, or `bool f(std::string& why)`. What fails is logged, and
    /// the service goes on as it was. Without it the control is refused.
    template <class Body>
    Context& on_reload(Body f) {
        running_.set(running_.on_reload, detail::adapt_step(std::move(f)));
        running_.service.accept(Accept::param_change);
        return *this;
    }

    /// After a rotation: the user control 128.
    template <class Body>
    Context& on_reopen_logs(Body f) {
        running_.set(running_.on_reopen_logs, Callback<void()>(std::move(f)));
        return *this;
    }

    /// The control pause: from its return on sleep_for() sleeps until continued or stopped.
    template <class Body>
    Context& on_pause(Body f) {
        running_.set(running_.on_pause, Callback<void()>(std::move(f)));
        running_.service.accept(Accept::pause_continue);
        return *this;
    }

    /// The control continue.
    template <class Body>
    Context& on_continue(Body f) {
        running_.set(running_.on_continue, Callback<void()>(std::move(f)));
        running_.service.accept(Accept::pause_continue);
        return *this;
    }

    /// Sleeps, and runs callbacks meanwhile. True when the whole time has passed, false as soon as a stop is asked for.
    /// While it is paused it sleeps on.
    bool sleep_for(Duration span) { return running_.service.sleep_for(span); }

    /// Sleeps until a stop is asked for.
    void wait_for_stop() { running_.service.wait_for_stop(); }

    /// Runs the callbacks of what is pending, and returns. False when a stop was asked for.
    bool poll() { return running_.service.poll(); }

    bool stop_requested() const noexcept { return running_.service.stop_requested(); }

    /// Asks for a stop, as the SCM would: from any thread.
    void stop() noexcept { running_.service.stop(); }

    StopReason stop_reason() const noexcept { return running_.service.stop_reason(); }

    /// How long is left until Windows ends the process; Duration::longest() where it has set no end.
    Duration stop_deadline() const noexcept { return running_.service.stop_deadline(); }

    /// Whether it is paused.
    bool paused() const noexcept { return running_.service.paused(); }

    /// The sockets of Service::listen(). Move one out to own it:
    /// `daemonize::Socket http = std::move(context.sockets()[0]);`.
    std::vector<Socket>& sockets() noexcept { return running_.sockets; }

    /// What the start passed; where it passed nothing, what followed the verb, or `--`, on the command line.
    const std::vector<std::string>& arguments() const noexcept { return running_.arguments; }

    /// %ProgramData%\NAME\run, \state and \log; for a user who is no administrator, and runs the program by hand, below
    /// %LOCALAPPDATA%. Made when they are asked for, with all rights for SYSTEM, the administrators and the service's
    /// account, and none for others. What cannot be made, or is another user's, is logged, and empty.
    const std::string& runtime_directory() const { return directory(0, Stage::runtime_directory, "run"); }
    const std::string& state_directory() const { return directory(1, Stage::state_directory, "state"); }
    const std::string& log_directory() const { return directory(2, Stage::log_directory, "log"); }

    /// An event (HANDLE) for a loop of the body's own, set while poll() has something to do. The library owns it.
    void* native_handle() const noexcept { return running_.service.native_handle(); }

    /// The service as Windows knows it, for what only Windows has.
    WinServiceContext& service() noexcept { return running_.service; }

    /// What started the service, and why we think so.
    const Host& host() const noexcept { return running_.host; }

    /// The service's name, with its instance.
    std::string name() const { return running_.settings.full_name(); }

  private:
    const std::string& directory(std::size_t which, Stage stage, const char* below) const {
        std::string& path = running_.directories[which];
        if (!path.empty()) return path;
        Failure failure;
        const bool is_service = running_.host.kind == HostKind::windows_scm;
        path = detail::service_directory(stage, is_service, name(), below, failure);
        if (failure) log(Severity::failure, failure.message());
        return path;
    }

    detail::RunningService& running_;
};

} // namespace daemonize

#endif
