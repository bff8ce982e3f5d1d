// ServiceContext, which applications know as WinService::Context: what a service's body says to Windows, and hears of it.
// Uses service_core, whose ServiceMain and handler stand here as well; WinService uses it.
#ifndef DAEMONIZE_SCM_SERVICE_CONTEXT_HPP
#define DAEMONIZE_SCM_SERVICE_CONTEXT_HPP

#include "service_core.hpp"

namespace daemonize {
namespace detail {

/// The running service, as its body and its handlers see it. Waiting and polling are the body's own thread's; everything
/// else may be called from any thread.
class ServiceContext {
  public:
    ServiceContext(const ServiceContext&) = delete;
    ServiceContext& operator=(const ServiceContext&) = delete;

    /// RUNNING. After a stop, and a second time, it does nothing. A body that returns without it has failed to start.
    void ready() noexcept {
        const PortLock held(port());
        if (core_.machine_.ready()) core_.report();
    }

    /// A sign of life while a start, stop, pause or continue is pending: the next one comes within `extend_by`, or else
    /// the service counts as hung. `text` is shown where there is a console.
    void progress(const std::string& text, Duration extend_by) noexcept {
        {
            const PortLock held(port());
            if (!core_.machine_.progress(extend_by)) return;
            core_.report();
        }
        port().show_progress(core_.name, text);
    }
    void progress(const std::string& text) noexcept { progress(text, core_.wait_hint); }

    /// Sleeps, and runs meanwhile what handlers have to do. True when the whole time has passed, false as soon as the
    /// service is to stop. While the service is paused it sleeps on.
    bool sleep_for(Duration span) { return core_.sleep(*this, span); }

    /// Sleeps until the service is to stop.
    void wait_for_stop() {
        while (core_.sleep(*this, Duration::longest())) {
        }
    }

    /// Runs what handlers have to do, and returns. False when the service is to stop.
    bool poll() {
        const PortLock held(port());
        if (!core_.stopping()) core_.tick(Duration());
        core_.dispatch(*this);
        return !core_.stopping();
    }

    bool stop_requested() const noexcept {
        const PortLock held(port());
        return core_.stopping();
    }

    StopReason stop_reason() const noexcept {
        const PortLock held(port());
        return core_.machine_.stop_reason();
    }

    /// How long is left until Windows ends the process; Duration::longest() where it has set no end.
    Duration stop_deadline() const noexcept {
        const PortLock held(port());
        if (core_.stop_at_ == Duration::longest()) return core_.stop_at_;
        const Duration left = Duration::nanoseconds(core_.stop_at_.nanoseconds() - port().now().nanoseconds());
        return left < Duration() ? Duration() : left;
    }

    /// Whether it is paused, for bodies with a loop of their own.
    bool paused() const noexcept {
        const PortLock held(port());
        return core_.machine_.status().state == ServiceState::paused;
    }

    /// What StartService passed, without the name.
    const std::vector<std::string>& arguments() const noexcept { return core_.arguments_; }

    /// The process's own command line (of the ImagePath, or of the console), without the program.
    std::vector<std::string> command_line() const {
        const std::vector<std::string>& line = core_.command_line;
        std::vector<std::string> arguments;
        for (std::size_t i = 1; i < line.size(); ++i) arguments.push_back(line[i]);
        return arguments;
    }

    const std::string& name() const noexcept { return core_.name; }

    /// An event (HANDLE) for a loop of the body's own: set while poll() has something to do. The library owns it. The
    /// fake SCM has none.
    void* native_handle() const noexcept { return port().native_handle(); }

    /// The SERVICE_STATUS_HANDLE, to register for device and power notifications with. Null on a console.
    void* service_handle() const noexcept { return port().service_handle(); }

    /// What STOPPED will carry, unless a stop was asked for: a Win32 error, or, stronger, a code of the service's own, as
    /// which a body's non-zero value counts too.
    void exit_code(std::uint32_t win32_error) noexcept {
        const PortLock held(port());
        core_.end_.exit_code = win32_error;
    }
    void service_exit_code(std::uint32_t code) noexcept {
        const PortLock held(port());
        core_.end_.service_exit_code = code;
    }

    /// Why the body ends, for it to return: `return service.fail("port 80 is taken", 3);`. The text goes to the event log,
    /// or the console, and the code is the service's own; 0 becomes 1. After a stop that was asked for neither is said.
    int fail(std::string text, int code = 1) noexcept {
        const PortLock held(port());
        core_.complaint_ = std::move(text);
        return code == 0 ? 1 : code;
    }

    /// Asks for a stop, as the SCM would.
    void stop() noexcept { core_.request_stop(StopReason::operator_request, Duration::longest()); }

    /// Accepts these controls as well, from now on; while it starts, from ready() on.
    void accept(Accept controls) noexcept {
        const PortLock held(port());
        if (core_.machine_.accept(controls)) core_.report();
    }

    /// Writes to the event log, under the service's name; on a console to standard error.
    void log(Severity severity, const std::string& text) noexcept { port().log(severity, core_.name, text); }

  private:
    friend class ServiceCore;
    explicit ServiceContext(ServiceCore& core) noexcept : core_(core) {}

    ServicePort& port() const noexcept { return *core_.port_; }

    ServiceCore& core_;
};

inline std::string ServiceCore::run_body() noexcept {
    ServiceContext context(*this);
    int code = 0;
    std::string what;
    bool returned = call_guarded([&] { code = body(context); }, what);
    const PortLock held(*port_);
    if (!failure_.empty()) {
        returned = false;
        what = failure_;
    }
    end_.threw = !returned;
    if (!returned) return joined({"the service failed: ", one_line(what)});
    if (code == 0 && !complaint_.empty()) code = 1;
    if (code != 0) end_.service_exit_code = static_cast<std::uint32_t>(code);
    if (!complaint_.empty()) return machine_.stop_requested() ? std::string() : one_line(complaint_);
    if (machine_.status().state == ServiceState::start_pending) return "the service ended before it was ready";
    return {};
}

inline bool ServiceCore::main(const std::vector<std::string>& arguments) noexcept {
    // The table's name means nothing in a process of one service: the real one comes here.
    if (!arguments.empty() && !arguments[0].empty()) name = arguments[0];
    for (std::size_t i = 1; i < arguments.size(); ++i) arguments_.push_back(arguments[i]);
    if (const std::uint32_t error = port_->register_handler(*this, name)) {
        port_->log(Severity::failure, name, joined({"cannot register the control handler: error ", error}));
        const PortLock held(*port_);
        registration_error_ = error;
        return false;
    }
    {
        const PortLock held(*port_);
        if (machine_.begin()) report();
    }
    const std::string complaint = run_body();
    if (!complaint.empty()) port_->log(Severity::failure, name, complaint);
    const PortLock held(*port_);
    if (machine_.end(end_)) report();
    return true;
}

inline std::uint32_t ServiceCore::handle(const ControlEvent& event) noexcept {
    const bool stops =
        event.control == Control::stop || event.control == Control::shutdown || event.control == Control::preshutdown;
    const ServiceHandler* handler = handlers.find(event.control);
    const bool at_once = handler != nullptr && handler->at_once;
    Duration allowance = Duration::longest();
    if (stops) {
        allowance = port_->stop_allowance(name, event.control == Control::stop       ? StopReason::operator_request
                                                : event.control == Control::shutdown ? StopReason::shutdown
                                                                                     : StopReason::preshutdown);
    }
    ControlAnswer answer;
    {
        const PortLock held(*port_);
        answer = machine_.control(event.control, handler != nullptr);
        if (answer.for_body && stops) note_stop(allowance);
        if (answer.for_body && !at_once) pending_.push_back(event);
        if (answer.report) report();
        if (answer.for_body) tell_body();
    }
    if (!answer.for_body || !at_once) return answer.code;
    ServiceContext context(*this);
    std::string what;
    std::uint32_t code = win32::exception_in_service;
    const bool returned = call_guarded([&] { code = handler->call(context, event); }, what);
    const PortLock held(*port_);
    if (returned) {
        complete(event.control);
        return code;
    }
    // The service has failed; its body is asked to come to its end, and that is what STOPPED will say.
    failure_ = what;
    if (!machine_.stop_requested()) stop_body(StopReason::supervisor);
    return code;
}

} // namespace detail
} // namespace daemonize

#endif
