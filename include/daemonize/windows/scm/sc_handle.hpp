// ScHandle, and the steps of the operations on a service: open and query (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_SC_HANDLE_HPP
#define DAEMONIZE_WINDOWS_SCM_SC_HANDLE_HPP

#include "../../scm/service_name.hpp"
#include "../../scm/types.hpp"
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

} // namespace detail
} // namespace daemonize

#endif
