// Handles of the SCM that cannot leak, and what every operation on a service is made of: open, query, wait.
// Uses error and pending_watch; service_install and ServiceManager use it.
#ifndef DAEMONIZE_WINDOWS_SCM_HANDLE_HPP
#define DAEMONIZE_WINDOWS_SCM_HANDLE_HPP

#include "../../scm/wait_policy.hpp"
#include "../system/error.hpp"

#include <utility>

namespace daemonize {
namespace detail {

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

inline bool set_failure(Failure& failure, Stage stage, DWORD error, const std::string& name) {
    failure = windows_failure(stage, error, name);
    return false;
}

// By the system's clock for spans of time, in steps of some 16 ms: enough to wait by.
inline Duration tick_clock() noexcept {
    return Duration::milliseconds(static_cast<std::int64_t>(DAEMONIZE_SYSTEM(GetTickCount64)()));
}

inline ScHandle open_scm(DWORD access, Failure& failure, const std::string& name) {
    ScHandle manager(DAEMONIZE_SYSTEM(OpenSCManagerW)(nullptr, nullptr, access));
    if (!manager) set_failure(failure, Stage::service_manager, ::GetLastError(), "for " + name);
    return manager;
}

inline ScHandle open_service(const ScHandle& manager, const std::string& name, DWORD access, Failure& failure) {
    ScHandle service(DAEMONIZE_SYSTEM(OpenServiceW)(manager.get(), widen(name).c_str(), access));
    if (!service) set_failure(failure, Stage::service_open, ::GetLastError(), name);
    return service;
}

// Opens a service for one operation, with the rights that it needs and no other.
inline ScHandle open_service(const std::string& name, DWORD access, Failure& failure) {
    if ((failure = check_service_name(name))) return ScHandle();
    const ScHandle manager = open_scm(SC_MANAGER_CONNECT, failure, name);
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

inline bool query_status(const ScHandle& service, const std::string& name, ServiceStatus& status, Failure& failure) {
    SERVICE_STATUS_PROCESS raw = {};
    DWORD size = 0;
    if (DAEMONIZE_SYSTEM(QueryServiceStatusEx)(service.get(), SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&raw),
                                               sizeof raw, &size) == FALSE) {
        return set_failure(failure, Stage::service_query, ::GetLastError(), name);
    }
    status = to_status(raw);
    return true;
}

inline std::string exit_text(const ServiceStatus& status) {
    if (status.exit_code == win32::service_specific_error) {
        return "it stopped with its own exit code " + std::to_string(status.service_exit_code);
    }
    if (status.exit_code == win32::no_error) return "it has stopped, and reported no error";
    return "it stopped: " + error_text(status.exit_code);
}

// Waits until the service is in `goal`, as long as it shows life, and for `longest` at most. What else it came to is a
// failure: an end that was not the goal, silence, or the time.
inline bool wait_for_state(const ScHandle& service, const std::string& name, ServiceState goal, Duration longest,
                           Failure& failure) {
    PendingWatch watch(goal);
    const Duration until = tick_clock() + longest;
    DWORD pause = 5;
    for (;;) {
        ServiceStatus status;
        if (!query_status(service, name, status, failure)) return false;
        const WatchVerdict verdict = watch.look(status, tick_clock());
        if (verdict == WatchVerdict::reached) return true;
        if (verdict == WatchVerdict::ended) {
            const std::uint32_t code = status.exit_code != 0 ? status.exit_code : win32::service_not_active;
            failure = Failure(Stage::service_wait, win32_error(code), name, exit_text(status));
            return false;
        }
        if (verdict == WatchVerdict::stalled || tick_clock() >= until) {
            failure = Failure(Stage::service_wait, win32_error(win32::service_request_timeout), name,
                              std::string("it is still ") + state_name(status.state) +
                                  (verdict == WatchVerdict::stalled ? ", and shows no progress" : ""));
            return false;
        }
        DAEMONIZE_SYSTEM(Sleep)(pause);
        if (pause < 200) pause *= 2;
    }
}

} // namespace detail
} // namespace daemonize

#endif
