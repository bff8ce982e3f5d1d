// ScHandle, and the steps of the operations on a service: open, query, wait (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_SC_HANDLE_HPP
#define DAEMONIZE_WINDOWS_SCM_SC_HANDLE_HPP

#include "../../scm/service_name.hpp"
#include "../../scm/wait_policy.hpp"
#include "../system/clock.hpp"
#include "../system/error.hpp"

#include <optional>
#include <utility>

namespace daemonize {
namespace detail {

// Owns a handle of the SCM.
class ScHandle {
  public:
    ScHandle() noexcept = default;
    explicit ScHandle(SC_HANDLE handle) noexcept : handle_(handle) {}
    ScHandle(ScHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ScHandle& operator=(ScHandle&& other) noexcept {
        reset();
        handle_ = std::exchange(other.handle_, nullptr);
        return *this;
    }
    ScHandle(const ScHandle&) = delete;
    ScHandle& operator=(const ScHandle&) = delete;
    ~ScHandle() { reset(); }

    SC_HANDLE get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    void reset() noexcept {
        if (handle_ != nullptr) static_cast<void>(DAEMONIZE_SYSTEM(CloseServiceHandle)(handle_));
        handle_ = nullptr;
    }

  private:
    SC_HANDLE handle_ = nullptr;
};

inline ScHandle open_scm(const std::string& name, DWORD access, Failure& failure) {
    ScHandle manager(DAEMONIZE_SYSTEM(OpenSCManagerW)(nullptr, nullptr, access));
    if (!manager) failure = windows_failure(Stage::service_manager, ::GetLastError(), "for " + name);
    return manager;
}

inline ScHandle open_service(const ScHandle& manager, const std::string& name, DWORD access, Failure& failure) {
    ScHandle service(DAEMONIZE_SYSTEM(OpenServiceW)(manager.get(), widen(name).c_str(), access));
    if (!service) failure = windows_failure(Stage::service_open, ::GetLastError(), name);
    return service;
}

// Opens a service with the access rights of one operation.
inline ScHandle open_service(const std::string& name, DWORD access, Failure& failure) {
    if ((failure = check_service_name(name))) return ScHandle();
    const ScHandle manager = open_scm(name, SC_MANAGER_CONNECT, failure);
    return manager ? open_service(manager, name, access, failure) : ScHandle();
}

inline ServiceStatus to_status(const SERVICE_STATUS_PROCESS& raw) noexcept {
    ServiceStatus status;
    status.type =
        static_cast<ServiceType>(raw.dwServiceType & (SERVICE_WIN32_OWN_PROCESS | SERVICE_WIN32_SHARE_PROCESS));
    status.state = static_cast<ServiceState>(raw.dwCurrentState);
    status.accepted = static_cast<Accept>(raw.dwControlsAccepted);
    status.exit_code = raw.dwWin32ExitCode;
    status.service_exit_code = raw.dwServiceSpecificExitCode;
    status.checkpoint = raw.dwCheckPoint;
    status.wait_hint = Duration::milliseconds(raw.dwWaitHint);
    status.process_id = raw.dwProcessId;
    return status;
}

inline std::optional<ServiceStatus> query_status(const ScHandle& service, const std::string& name, Failure& failure) {
    SERVICE_STATUS_PROCESS raw = {};
    DWORD size = 0;
    if (DAEMONIZE_SYSTEM(QueryServiceStatusEx)(service.get(), SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&raw),
                                               sizeof raw, &size) == FALSE) {
        failure = windows_failure(Stage::service_query, ::GetLastError(), name);
        return std::nullopt;
    }
    return to_status(raw);
}

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
