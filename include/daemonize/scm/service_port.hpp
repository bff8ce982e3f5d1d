// ServicePort: the interface of ServiceCore to the SCM, the clock, the lock and the log of one service (internal).
#ifndef DAEMONIZE_SCM_SERVICE_PORT_HPP
#define DAEMONIZE_SCM_SERVICE_PORT_HPP

#include "../core/duration.hpp"
#include "../core/severity.hpp"
#include "types.hpp"

#include <cstdint>
#include <string>

namespace daemonize {
namespace detail {

class ServiceCore;

class ServicePort {
  public:
    ServicePort() = default;
    ServicePort(const ServicePort&) = delete;
    ServicePort& operator=(const ServicePort&) = delete;

    // RegisterServiceCtrlHandlerExW. From this call on, controls go to core.handle(). Returns a Win32 error.
    virtual std::uint32_t register_handler(ServiceCore& core, const std::string& name) noexcept = 0;
    // SetServiceStatus. Returns a Win32 error.
    virtual std::uint32_t set_status(const ServiceStatus& status) noexcept = 0;
    // The SERVICE_STATUS_HANDLE. Null without an SCM.
    virtual void* service_handle() noexcept = 0;

    // The lock of this service. wait() releases the lock, returns after wake() or after `longest`, and holds the lock
    // again. wait() returns false if the process is about to be killed.
    virtual void lock() noexcept = 0;
    virtual void unlock() noexcept = 0;
    virtual bool wait(Duration longest) noexcept = 0;
    virtual void wake() noexcept = 0;

    // The event of native_handle(). It is set while a call of poll() has something to do.
    virtual void set_event(bool pending) noexcept = 0;
    virtual void* native_handle() noexcept = 0;

    // The monotonic clock.
    virtual Duration now() noexcept = 0;
    // The time that Windows leaves the service after a stop for this reason; longest() without a limit. The caller must
    // not hold the lock.
    virtual Duration stop_allowance(const std::string& name, StopReason reason) noexcept = 0;

    // Write to the event log, or to the console.
    virtual void log(Severity severity, const std::string& name, const std::string& text) noexcept = 0;
    virtual void show_progress(const std::string& name, const std::string& text) noexcept = 0;

  protected:
    ~ServicePort() = default;
};

// Holds the lock of the port for its lifetime.
class PortLock {
  public:
    explicit PortLock(ServicePort& port) noexcept : port_(port) { port_.lock(); }
    PortLock(const PortLock&) = delete;
    PortLock& operator=(const PortLock&) = delete;
    ~PortLock() { port_.unlock(); }

  private:
    ServicePort& port_;
};

// Releases the lock of the port for its lifetime: for calls of the application's code, which may throw.
class PortUnlock {
  public:
    explicit PortUnlock(ServicePort& port) noexcept : port_(port) { port_.unlock(); }
    PortUnlock(const PortUnlock&) = delete;
    PortUnlock& operator=(const PortUnlock&) = delete;
    ~PortUnlock() { port_.lock(); }

  private:
    ServicePort& port_;
};

} // namespace detail
} // namespace daemonize

#endif
