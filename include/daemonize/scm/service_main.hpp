// ServiceCore::main() and ServiceCore::handle(): ServiceMain and the control handler of a Windows service (internal).
#ifndef DAEMONIZE_SCM_SERVICE_MAIN_HPP
#define DAEMONIZE_SCM_SERVICE_MAIN_HPP

#include "service_context.hpp"

namespace daemonize {
namespace detail {

inline std::string ServiceCore::run_body() noexcept {
    WinServiceContext context(*this);
    int code = 0;
    std::string what;
    bool returned = call_guarded([&] { code = body(context); }, what);
    const PortLock held(*port_);
    if (!handler_failure_.empty()) {
        returned = false;
        what = handler_failure_;
    }
    end_.threw = !returned;
    if (!returned) return joined({"the service failed: ", one_line(what)});
    if (code == 0 && !body_failure_.empty()) code = 1;
    if (code != 0) end_.service_exit_code = static_cast<std::uint32_t>(code);
    if (!body_failure_.empty()) return machine_.stop_requested() ? std::string() : one_line(body_failure_);
    if (machine_.status().state == ServiceState::start_pending) return "the service ended before it was ready";
    return {};
}

inline bool ServiceCore::main(const std::vector<std::string>& arguments) noexcept {
    // In a process of one service the SCM ignores the name in the service table. arguments[0] is the installed name.
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
    const std::string failure = run_body();
    if (!failure.empty()) port_->log(Severity::failure, name, failure);
    const PortLock held(*port_);
    if (machine_.end(end_)) report();
    return true;
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
