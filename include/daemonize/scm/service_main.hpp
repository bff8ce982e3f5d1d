// ServiceCore::main(): ServiceMain of a Windows service, which runs the body (internal).
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

} // namespace detail
} // namespace daemonize

#endif
