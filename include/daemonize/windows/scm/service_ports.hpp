// ScmPort and ConsolePort: the ServicePort below the SCM, and on a console (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_SERVICE_PORTS_HPP
#define DAEMONIZE_WINDOWS_SCM_SERVICE_PORTS_HPP

#include "../../scm/service_core.hpp"
#include "../system/clock.hpp"
#include "../system/event_log.hpp"
#include "../system/thread.hpp"
#include "copy_control.hpp"
#include "sc_handle.hpp"

#include <cstdio>

namespace daemonize {
namespace detail {

inline void write_console(const std::string& line) noexcept {
    std::fprintf(stderr, "%s\n", line.c_str());
    std::fflush(stderr);
}

// The lock, the event and the clock.
class WindowsPort : public ServicePort {
  public:
    void lock() noexcept override { monitor_.lock(); }
    void unlock() noexcept override { monitor_.unlock(); }

    // The caller checks its condition again after an early return: to_milliseconds() may cut `longest`.
    bool wait(Duration longest) noexcept override {
        monitor_.wait(to_milliseconds(longest));
        return true;
    }

    void wake() noexcept override { monitor_.notify_all(); }
    void* native_handle() noexcept override { return event_; }

    // The call fails if CreateEvent failed. native_handle() is null then.
    void set_event(bool pending) noexcept override {
        static_cast<void>(pending ? DAEMONIZE_SYSTEM(SetEvent)(event_) : DAEMONIZE_SYSTEM(ResetEvent)(event_));
    }

    Duration now() noexcept override { return monotonic_now(); }

  protected:
    WindowsPort() noexcept : event_(DAEMONIZE_SYSTEM(CreateEventW)(nullptr, TRUE, FALSE, nullptr)) {}
    ~WindowsPort() = default; // a port and its event live as long as the process

  private:
    Monitor monitor_;
    HANDLE event_;
};

// The time that a shutdown leaves all services: WaitToKillServiceTimeout of the registry, 5 s by default.
inline Duration shutdown_timeout() noexcept {
    wchar_t text[16] = {};
    DWORD size = sizeof text;
    const LSTATUS error =
        DAEMONIZE_SYSTEM(RegGetValueW)(HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Control",
                                       L"WaitToKillServiceTimeout", RRF_RT_REG_SZ, nullptr, text, &size);
    std::int64_t milliseconds = 0;
    for (const wchar_t* c = text; *c >= L'0' && *c <= L'9' && milliseconds < INT32_MAX; ++c) {
        milliseconds = milliseconds * 10 + (*c - L'0');
    }
    return error == NO_ERROR && milliseconds > 0 ? Duration::milliseconds(milliseconds) : Duration::seconds(5);
}

// The preshutdown timeout of the service, 10 s by default.
inline Duration preshutdown_timeout(const std::string& name) noexcept {
    SERVICE_PRESHUTDOWN_INFO info = {10000};
    DWORD size = 0;
    Failure ignored;
    const ScHandle service = open_service(name, SERVICE_QUERY_CONFIG, ignored);
    if (service) {
        static_cast<void>(DAEMONIZE_SYSTEM(QueryServiceConfig2W)(service.get(), SERVICE_CONFIG_PRESHUTDOWN_INFO,
                                                                 reinterpret_cast<BYTE*>(&info), sizeof info, &size));
    }
    return Duration::milliseconds(info.dwPreshutdownTimeout);
}

class ScmPort final : public WindowsPort {
  public:
    std::uint32_t register_handler(ServiceCore& core, const std::string& name) noexcept override {
        core_ = &core;
        handle_ = DAEMONIZE_SYSTEM(RegisterServiceCtrlHandlerExW)(widen(name).c_str(), &ScmPort::handle_control, this);
        return handle_ != nullptr ? win32::no_error : ::GetLastError();
    }

    std::uint32_t set_status(const ServiceStatus& status) noexcept override {
        SERVICE_STATUS raw = {};
        raw.dwServiceType = static_cast<DWORD>(status.type);
        raw.dwCurrentState = static_cast<DWORD>(status.state);
        raw.dwControlsAccepted = static_cast<DWORD>(status.accepted);
        raw.dwWin32ExitCode = status.exit_code;
        raw.dwServiceSpecificExitCode = status.service_exit_code;
        raw.dwCheckPoint = status.checkpoint;
        raw.dwWaitHint = to_milliseconds(status.wait_hint);
        return DAEMONIZE_SYSTEM(SetServiceStatus)(handle_, &raw) != FALSE ? win32::no_error : ::GetLastError();
    }

    void* service_handle() noexcept override { return handle_; }

    Duration stop_allowance(const std::string& name, StopReason reason) noexcept override {
        if (reason == StopReason::preshutdown) return preshutdown_timeout(name);
        return reason == StopReason::shutdown ? shutdown_timeout() : Duration::longest();
    }

    void log(Severity severity, const std::string& name, const std::string& text) noexcept override {
        EventLog(name).try_write(severity, text);
    }
    void show_progress(const std::string&, const std::string&) noexcept override {}

  private:
    static DWORD WINAPI handle_control(DWORD control, DWORD type, void* data, void* self) noexcept {
        return static_cast<ScmPort*>(self)->core_->handle(copy_control(control, type, data));
    }

    ServiceCore* core_ = nullptr;
    SERVICE_STATUS_HANDLE handle_ = nullptr;
};

class ConsolePort final : public WindowsPort {
  public:
    std::uint32_t register_handler(ServiceCore&, const std::string&) noexcept override { return win32::no_error; }
    std::uint32_t set_status(const ServiceStatus&) noexcept override { return win32::no_error; }
    void* service_handle() noexcept override { return nullptr; }
    Duration stop_allowance(const std::string&, StopReason) noexcept override { return Duration::longest(); }
    void log(Severity, const std::string& name, const std::string& text) noexcept override {
        write_console(name + ": " + text);
    }
    void show_progress(const std::string& name, const std::string& text) noexcept override {
        write_console(name + ": " + one_line(text));
    }
};

} // namespace detail
} // namespace daemonize

#endif
