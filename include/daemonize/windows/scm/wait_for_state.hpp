// Waits until a service reaches a state, as scm/wait_policy.hpp decides (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_WAIT_FOR_STATE_HPP
#define DAEMONIZE_WINDOWS_SCM_WAIT_FOR_STATE_HPP

#include "../../scm/wait_policy.hpp"
#include "../system/clock.hpp"
#include "sc_handle.hpp"

#include <optional>
#include <string>

namespace daemonize {
namespace detail {

inline std::string exit_text(const ServiceStatus& status) {
    if (status.exit_code == win32::service_specific_error) {
        return "the service stopped with its service-specific exit code " + std::to_string(status.service_exit_code);
    }
    if (status.exit_code == win32::no_error) return "the service stopped without an error";
    return "the service stopped: " + error_text(status.exit_code);
}

// Waits until the service is in the state `goal`, by WaitPolicy, and for `timeout` at most. Fails if the service stops,
// if its checkpoint does not change within the wait hint, and after `timeout`.
[[nodiscard]] inline bool wait_for_state(const ScHandle& service, const std::string& name, ServiceState goal,
                                         Duration timeout, Failure& failure) {
    WaitPolicy policy(goal);
    const Duration until = tick_clock() + timeout;
    DWORD pause = 5;
    for (;;) {
        const std::optional<ServiceStatus> status = query_status(service, name, failure);
        if (!status) return false;
        const WaitVerdict verdict = policy.look(*status, tick_clock());
        if (verdict == WaitVerdict::reached) return true;
        if (verdict == WaitVerdict::ended) {
            const std::uint32_t code = status->exit_code != 0 ? status->exit_code : win32::service_not_active;
            failure = Failure(Stage::service_wait, win32_error(code), name, exit_text(*status));
            return false;
        }
        if (verdict == WaitVerdict::stalled || tick_clock() >= until) {
            failure = Failure(Stage::service_wait, win32_error(win32::service_request_timeout), name,
                              std::string("the service is still in the state ") + to_string(status->state) +
                                  (verdict == WaitVerdict::stalled ? ", and reports no progress" : ""));
            return false;
        }
        DAEMONIZE_SYSTEM(Sleep)(pause);
        if (pause < 200) pause *= 2;
    }
}

} // namespace detail
} // namespace daemonize

#endif
