// Context: the running service, for its body, on Windows (public). posix/service/context.hpp has the same functions.
#ifndef DAEMONIZE_WINDOWS_SERVICE_CONTEXT_HPP
#define DAEMONIZE_WINDOWS_SERVICE_CONTEXT_HPP

#include "../../core/parameters.hpp"
#include "../../scm/service_context.hpp"
#include "../../service/callbacks.hpp"
#include "../system/socket.hpp"
#include "directories.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

struct RunningService : RunningServiceBase {
    RunningService(const ServiceSettings& service_settings, Host service_host, WinServiceContext& service_context)
        : RunningServiceBase(service_settings, std::move(service_host)), service(service_context) {}

    WinServiceContext& service;
    std::vector<Socket> sockets;
    std::string directories[3]; // runtime, state, log; each is empty until its first use
};

} // namespace detail

/// The running service, for its body. Callbacks run on the thread that calls sleep_for(), wait_for_stop() or poll(),
/// during that call. Only stop() and log() may be called from other threads.
class Context {
  public:
    /// The control of on_reopen_logs(): `sc control NAME 128`.
    static constexpr std::uint32_t reopen_logs_control = 128;

    /// Called by the library.
    explicit Context(detail::RunningService& running) : running_(running) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Reports that the service is up: SERVICE_RUNNING. Does nothing at a second call, and after a request to stop.
    void ready() { running_.service.ready(); }

    /// Reports progress of a start or a stop: a checkpoint, with the wait hint `extend_by`; 0, the default, means
    /// WinService::wait_hint(). On a console the text is printed.
    void progress(const std::string& text, Duration extend_by = Duration()) noexcept {
        running_.service.progress(text, extend_by);
    }
    void progress(std::nullptr_t, Duration = Duration()) = delete;

    /// Does nothing: Windows has no status text. On POSIX, `systemctl status` shows the text.
    void status(const std::string&) noexcept {}
    void status(std::nullptr_t) = delete;

    /// Stores the reason of a failure, and returns the exit code for the body to return: `return context.fail("port 80
    /// is taken", 3);`. The text goes to the event log or the console. The code is the service-specific exit code; 0
    /// becomes 1.
    [[nodiscard]] int fail(Text text, int exit_code = 1) noexcept {
        return running_.service.fail(std::move(text), exit_code);
    }

    /// Writes to the event log, with the name of the service as the source; on a console to standard error. Any thread
    /// may call log().
    void log(Severity severity, const std::string& text) const noexcept { running_.service.log(severity, text); }
    void log(Severity, std::nullptr_t) const = delete;

    /// Sets the callback for the control paramchange, which the verb reload sends: `void f()`, `bool f()` or `bool
    /// f(std::string& why)`. A failure is logged, and the service goes on. Without a callback the control is refused.
    template <class Body>
    Context& on_reload(Body f) {
        running_.set(running_.on_reload, detail::adapt_step(std::move(f)));
        running_.service.accept(Accept::param_change);
        return *this;
    }

    /// Sets the callback for the user control 128, which a log rotation sends.
    template <class Body>
    Context& on_reopen_logs(Body f) {
        running_.set(running_.on_reopen_logs, detail::adapt_callback(std::move(f)));
        return *this;
    }

    /// Sets the callback for the control pause. After the call, sleep_for() sleeps until the control continue or a
    /// stop.
    template <class Body>
    Context& on_pause(Body f) {
        running_.set(running_.on_pause, detail::adapt_callback(std::move(f)));
        running_.service.accept(Accept::pause_continue);
        return *this;
    }

    /// Sets the callback for the control continue.
    template <class Body>
    Context& on_continue(Body f) {
        running_.set(running_.on_continue, detail::adapt_callback(std::move(f)));
        running_.service.accept(Accept::pause_continue);
        return *this;
    }

    /// Sleeps and runs callbacks. Returns true after `span`, or false at a request to stop. While the service is
    /// paused, the sleep goes on.
    bool sleep_for(Duration span) { return running_.service.sleep_for(span); }

    /// Sleeps and runs callbacks until a request to stop.
    void wait_for_stop() { running_.service.wait_for_stop(); }

    /// Runs the pending callbacks and returns. False after a request to stop.
    bool poll() { return running_.service.poll(); }

    /// Whether a stop was requested.
    bool stop_requested() const noexcept { return running_.service.stop_requested(); }

    /// Requests a stop, as the SCM does. Any thread may call stop().
    void stop() noexcept { running_.service.stop(); }

    /// The reason of the first request to stop; StopReason::none without a request.
    StopReason stop_reason() const noexcept { return running_.service.stop_reason(); }

    /// The time until Windows kills the service; Duration::longest() if there is no limit.
    Duration stop_deadline() const noexcept { return running_.service.stop_deadline(); }

    /// True between the controls pause and continue.
    bool paused() const noexcept { return running_.service.paused(); }

    /// The sockets of Service::listen(). A body that wants to own a socket moves it:
    /// `daemonize::Socket http = std::move(context.sockets()[0]);`.
    [[nodiscard]] std::vector<Socket>& sockets() noexcept { return running_.sockets; }

    /// The arguments of StartService; if there are none, the arguments of the command line behind the verb, or behind
    /// `--`.
    const std::vector<std::string>& arguments() const noexcept { return running_.arguments; }

    /// %ProgramData%\NAME\run, \state and \log. If an ordinary user runs the program on a console, the directories are
    /// below %LOCALAPPDATA%. The first call makes the directory. SYSTEM, the administrators and the account of the
    /// service have full access, other users have no access. If the directory cannot be made, or belongs to another
    /// user, the failure is logged and the result is empty.
    const std::string& runtime_directory() const { return directory(0, Stage::runtime_directory, "run"); }
    const std::string& state_directory() const { return directory(1, Stage::state_directory, "state"); }
    const std::string& log_directory() const { return directory(2, Stage::log_directory, "log"); }

    /// An event (HANDLE) for an event loop, set while poll() has a callback to run. The library owns the handle.
    void* native_handle() const noexcept { return running_.service.native_handle(); }

    /// The running WinService, for functions that only Windows has.
    WinServiceContext& service() noexcept { return running_.service; }

    /// The program that started the service, and the observation that shows it.
    const Host& host() const noexcept { return running_.host; }

    /// The full name: NAME, or NAME@INSTANCE.
    const std::string& name() const noexcept { return running_.name; }

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
