// ServicePort: the table of functions behind which the SCM, the clock and the lock of one service are.
// Uses core; real_port fills it on Windows, testing::FakeScm everywhere, and ServiceCore calls it.
#ifndef DAEMONIZE_SCM_PORT_HPP
#define DAEMONIZE_SCM_PORT_HPP

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

    // RegisterServiceCtrlHandlerExW: from here on controls go to `core.handle`. A Win32 error.
    virtual std::uint32_t register_handler(ServiceCore& core, const std::string& name) noexcept = 0;
    // SetServiceStatus. A Win32 error.
    virtual std::uint32_t set_status(const ServiceStatus& status) noexcept = 0;
    // The SERVICE_STATUS_HANDLE.
    virtual void* service_handle() noexcept = 0;

    // The one lock of this service; `wait` gives it up meanwhile, until `wake` or so long has passed. False says that
    // the process is being ended, so that nothing is worth waiting for.
    virtual void lock() noexcept = 0;
    virtual void unlock() noexcept = 0;
    virtual bool wait(Duration longest) noexcept = 0;
    virtual void wake() noexcept = 0;

    // The event behind native_handle(): set while there is something for poll() to do.
    virtual void set_event(bool pending) noexcept = 0;
    virtual void* native_handle() noexcept = 0;

    // Monotonic, from any beginning.
    virtual Duration now() noexcept = 0;
    // How long Windows leaves a service after such a stop; longest() where it sets no limit. Never under the lock.
    virtual Duration stop_allowance(const std::string& name, StopReason reason) noexcept = 0;

    // The event log's, or a console's.
    virtual void log(Severity severity, const std::string& name, const std::string& text) noexcept = 0;
    virtual void show_progress(const std::string& name, const std::string& text) noexcept = 0;

  protected:
    ~ServicePort() = default;
};

// Holds the port's lock.
class PortLock {
  public:
    explicit PortLock(ServicePort& port) noexcept : port_(port) { port_.lock(); }
    PortLock(const PortLock&) = delete;
    PortLock& operator=(const PortLock&) = delete;
    ~PortLock() { port_.unlock(); }

  private:
    ServicePort& port_;
};

// Gives the port's lock up, for what is the application's, and takes it again: also where that throws.
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
