// The control handler of a Windows service (HandlerEx), and the answer of the state machine to each control, such as
// SERVICE_CONTROL_INTERROGATE (internal).
#ifndef DAEMONIZE_SCM_CONTROL_HANDLER_HPP
#define DAEMONIZE_SCM_CONTROL_HANDLER_HPP

#include "service_context.hpp"

namespace daemonize {
namespace detail {

inline ControlAnswer ServiceMachine::control(Control control, bool handled) noexcept {
    ControlAnswer answer;
    if (control == Control::interrogate) {
        answer.report = alive(); // the SCM expects a report of the status as the answer
        return answer;
    }
    if (!alive()) return refusal(win32::service_not_active);
    if (!accepts(control, handled)) return refusal(win32::call_not_implemented);
    const StopReason reason = stop_reason_of(control);
    if (reason != StopReason::none) {
        answer.report = request_stop(reason);
        answer.for_body = answer.report;
        return answer;
    }
    // Only a stop can interrupt a start, and nothing can interrupt a stop.
    if (status_.state == ServiceState::start_pending || status_.state == ServiceState::stop_pending) {
        return refusal(win32::service_cannot_accept_control);
    }
    if (control == Control::pause) {
        answer.report = answer.for_body = is_going() && enter(ServiceState::pause_pending);
    } else if (control == Control::resume) {
        answer.report = answer.for_body = !is_going() && enter(ServiceState::continue_pending);
    } else {
        answer.for_body = true;
    }
    return answer;
}

inline std::uint32_t ServiceCore::handle(const ControlEvent& event) noexcept {
    const StopReason reason = stop_reason_of(event.control);
    const bool stops = reason != StopReason::none;
    const ServiceHandler* handler = handlers.find(event.control);
    const bool immediate = handler != nullptr && handler->immediate;
    const Duration allowance = stops ? port_->stop_allowance(name, reason) : Duration::longest();
    ControlAnswer answer;
    {
        const PortLock held(*port_);
        answer = machine_.control(event.control, handler != nullptr);
        if (answer.for_body && stops) note_stop(allowance);
        if (answer.for_body && !immediate) pending_.push_back(event);
        if (answer.report) report();
        if (answer.for_body) wake_body();
    }
    if (!answer.for_body || !immediate) return answer.code;
    WinServiceContext context(*this);
    std::string what;
    std::uint32_t code = win32::exception_in_service;
    const bool returned = call_guarded([&] { code = handler->call(context, event); }, what);
    const PortLock held(*port_);
    if (returned) {
        complete(event.control);
        return code;
    }
    // The exception of a handler is a failure of the service. The body has to end, and STOPPED reports the failure.
    handler_failure_ = what;
    if (!machine_.stop_requested()) stop_body(StopReason::supervisor);
    return code;
}

} // namespace detail
} // namespace daemonize

#endif
