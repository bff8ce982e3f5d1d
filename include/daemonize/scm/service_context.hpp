// WinServiceContext: the running Windows service, for its body and its handlers (public, as WinService::Context).
#ifndef DAEMONIZE_SCM_SERVICE_CONTEXT_HPP
#define DAEMONIZE_SCM_SERVICE_CONTEXT_HPP

#include "../core/parameters.hpp"
#include "service_core.hpp"

#include <cstddef>

namespace daemonize {

/// The running service, for its body and its handlers. Only the thread of the body may call sleep_for(),
/// wait_for_stop() and poll(); any thread may call the other functions.
class WinServiceContext {
  public:
    WinServiceContext(const WinServiceContext&) = delete;
    WinServiceContext& operator=(const WinServiceContext&) = delete;

    /// Reports RUNNING. A second call, or a call after a stop request, does nothing. A body that returns without a call
    /// of ready() has failed to start.
    void ready() {
        const PortLock held(port());
        if (core_.machine_.ready()) core_.report();
    }

    /// Reports a checkpoint while a start, stop, pause or continue is pending. The next checkpoint is due within
    /// `extend_by`; the default, Duration(), stands for WinService::wait_hint(). On a console the text is shown.
    void progress(const std::string& text, Duration extend_by = Duration()) noexcept {
        {
            const PortLock held(port());
            if (!core_.machine_.progress(extend_by > Duration() ? extend_by : core_.wait_hint)) return;
            core_.report();
        }
        port().show_progress(core_.name, text);
    }
    void progress(std::nullptr_t, Duration = Duration()) = delete;

    /// Sleeps for `span`, and runs the handlers of the controls that arrive meanwhile. Returns true after the whole
    /// time, and false as soon as the service has to stop. While the service is paused, sleep_for() does not return
    /// true.
    bool sleep_for(Duration span) { return core_.sleep(*this, span); }

    /// Sleeps until the service has to stop, and runs handlers as sleep_for() does.
    void wait_for_stop() {
        while (core_.sleep(*this, Duration::longest())) {
        }
    }

    /// Runs the handlers of the pending controls, and returns at once. Returns false if the service has to stop.
    bool poll() {
        const PortLock held(port());
        if (!core_.stopping()) core_.tick(Duration());
        core_.dispatch(*this);
        return !core_.stopping();
    }

    /// Whether a stop was requested.
    bool stop_requested() const noexcept {
        const PortLock held(port());
        return core_.stopping();
    }

    /// The reason of the first stop request; StopReason::none without one.
    StopReason stop_reason() const noexcept {
        const PortLock held(port());
        return core_.machine_.stop_reason();
    }

    /// The time until Windows kills the process; Duration::longest() if Windows has set no limit.
    Duration stop_deadline() const noexcept {
        const PortLock held(port());
        if (core_.stop_at_ == Duration::longest()) return core_.stop_at_;
        const Duration left = core_.stop_at_ - port().now();
        return left < Duration() ? Duration() : left;
    }

    /// Whether the state is PAUSED. For bodies with an event loop.
    bool paused() const noexcept {
        const PortLock held(port());
        return core_.machine_.status().state == ServiceState::paused;
    }

    /// The arguments of StartService, without the name of the service.
    const std::vector<std::string>& arguments() const noexcept { return core_.arguments_; }

    /// The arguments of the command line of the process, without the program. The SCM takes the command line from the
    /// ImagePath of the service.
    const std::vector<std::string>& program_arguments() const noexcept { return core_.program_arguments; }

    /// The name of the service.
    const std::string& name() const noexcept { return core_.name; }

    /// An event (HANDLE) for an event loop of the body. The event is set while poll() has something to do. The library
    /// owns the event: only wait for it. Null below FakeScm.
    void* native_handle() const noexcept { return port().native_handle(); }

    /// The SERVICE_STATUS_HANDLE, for the registration for device and power events. Null on a console.
    void* service_handle() const noexcept { return port().service_handle(); }

    /// Sets the Win32 error of the report of STOPPED. A stop request makes the exit code 0. A service-specific exit
    /// code takes precedence: service_exit_code(), or a value other than 0 that the body returns.
    void exit_code(std::uint32_t win32_error) noexcept {
        const PortLock held(port());
        core_.end_.exit_code = win32_error;
    }
    /// Sets the service-specific exit code of the report of STOPPED.
    void service_exit_code(std::uint32_t code) noexcept {
        const PortLock held(port());
        core_.end_.service_exit_code = code;
    }

    /// Stores the reason of a failure, and returns the exit code, for the body to return:
    /// `return service.fail("port 80 is taken", 3);`. The text goes to the event log, or to the console. `exit_code`
    /// becomes the service-specific exit code; 0 becomes 1. After a stop request both are ignored.
    [[nodiscard]] int fail(Text text, int exit_code = 1) noexcept {
        const PortLock held(port());
        core_.body_failure_ = std::move(text);
        return exit_code == 0 ? 1 : exit_code;
    }

    /// Requests a stop, as the SCM does. The reason is StopReason::operator_request.
    void stop() noexcept { core_.request_stop(StopReason::operator_request, Duration::longest()); }

    /// Adds to the accepted controls. A service that starts accepts them from ready() on.
    void accept(Accept controls) noexcept {
        const PortLock held(port());
        if (core_.machine_.accept(controls)) core_.report();
    }

    /// Writes to the event log with the name of the service as the source; on a console, to standard error.
    void log(Severity severity, const std::string& text) const noexcept { port().log(severity, core_.name, text); }
    void log(Severity, std::nullptr_t) const = delete;

  private:
    friend class detail::ServiceCore;
    using PortLock = detail::PortLock;
    explicit WinServiceContext(detail::ServiceCore& core) noexcept : core_(core) {}

    detail::ServicePort& port() const noexcept { return *core_.port_; }

    detail::ServiceCore& core_;
};

} // namespace daemonize

#endif
