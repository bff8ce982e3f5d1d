// WinService and run_services(): a Windows service, with StartServiceCtrlDispatcher and SetServiceStatus (public).
#ifndef DAEMONIZE_SCM_WIN_SERVICE_HPP
#define DAEMONIZE_SCM_WIN_SERVICE_HPP

#include "../core/parameters.hpp"
#include "control_handler.hpp"
#include "service_main.hpp"

namespace daemonize {

/// The place where run() runs a service.
enum class RunMode {
    detected, ///< below the SCM if services.exe is the parent process, else on the console
    service,  ///< below the SCM
    console   ///< on the console, in the foreground
};

namespace testing {
class FakeScm;
}

namespace detail {

struct ServiceHost;

// Runs the services below the SCM or on the console. Returns the exit status of the process. windows/scm/dispatcher.hpp
// and scm/no_scm.hpp define it.
inline int run_on_host(ServiceCore* const* services, std::size_t count, RunMode mode) noexcept;

// Owns a ServiceCore that never ran. A core that ran lives as long as the process: ServiceMain may still be inside
// SetServiceStatus when main() returns.
class CoreOwner {
  public:
    explicit CoreOwner(std::string name) : core_(new ServiceCore(std::move(name))) {}
    CoreOwner(CoreOwner&& other) noexcept
        : core_(std::exchange(other.core_, nullptr)), kept_(std::exchange(other.kept_, false)) {}
    CoreOwner(const CoreOwner&) = delete;
    CoreOwner& operator=(const CoreOwner&) = delete;
    CoreOwner& operator=(CoreOwner&& other) noexcept {
        CoreOwner moved(std::move(other));
        std::swap(core_, moved.core_);
        std::swap(kept_, moved.kept_);
        return *this;
    }
    ~CoreOwner() {
        if (!kept_) delete core_;
    }

    // A moved-from owner gets a new core without a name, which ServiceCore::check() refuses.
    ServiceCore& get() const {
        if (core_ == nullptr) core_ = new ServiceCore(std::string());
        return *core_;
    }
    ServiceCore* keep_for_ever() {
        kept_ = true;
        return &get();
    }

  private:
    mutable ServiceCore* core_;
    bool kept_ = false;
};

} // namespace detail

/// A Windows service. The setters store their values and never fail; call them before run(). run() checks the values,
/// detects the start by the SCM or by a person, and runs the body. Fails at Stage::options, dispatcher and chdir.
///
/// A handler takes (service, event), (service) or (), where `service` is a WinService::Context&. A handler makes the
/// service accept its control. The handler runs on the thread of the body, when the body sleeps or polls, so it needs
/// no lock. A handler with `in_handler` runs inside the control handler of Windows. The controls stop and shutdown are
/// accepted by default.
class WinService {
  public:
    using Context = WinServiceContext;

    /// `name` is the name of the installed service, in UTF-8: up to 256 characters, without a slash or a backslash.
    explicit WinService(Text name) : core_(std::move(name)) {}

    /// The name of the service. Empty for a moved-from object, which run() refuses with Stage::options.
    const std::string& name() const { return core().name; }

    /// The longest time without a report during a start, stop, pause or continue. The default is 20 s.
    /// Context::progress() can ask for more.
    WinService& wait_hint(Duration hint) & {
        core().wait_hint = hint;
        return *this;
    }
    WinService&& wait_hint(Duration hint) && { return std::move(wait_hint(hint)); }

    /// Adds to the accepted controls. run() fails with Stage::options for Accept::none.
    WinService& accept(Accept controls) & {
        if (controls == Accept::none) core().accepted_nothing = true;
        core().accepted = core().accepted | controls;
        return *this;
    }
    WinService&& accept(Accept controls) && { return std::move(accept(controls)); }

    /// Removes all controls that were accepted up to this call, stop and shutdown included. A service without stop
    /// runs until its body returns.
    WinService& accept_no_controls() & {
        core().accepted = Accept::none;
        return *this;
    }
    WinService&& accept_no_controls() && { return std::move(accept_no_controls()); }

    /// The place where run() runs the service. The default is RunMode::detected. run_services() uses the mode of the
    /// first service.
    WinService& run_mode(RunMode mode) & {
        mode_ = mode;
        return *this;
    }
    WinService&& run_mode(RunMode mode) && { return std::move(run_mode(mode)); }

    /// The control stop. The handler also runs for a stop by Ctrl-C or Context::stop(), and for a shutdown and
    /// preshutdown without a handler. It runs before sleep_for(), wait_for_stop() or poll() reports the stop.
    template <class Body>
    WinService& on_stop(Body call) & {
        return on(Control::stop, false, std::move(call));
    }
    template <class Body>
    WinService&& on_stop(Body call) && {
        return std::move(on_stop(std::move(call)));
    }
    /// The control pause. PAUSED is reported after the return of the handler.
    template <class Body>
    WinService& on_pause(Body call) & {
        return on(Control::pause, false, std::move(call));
    }
    template <class Body>
    WinService&& on_pause(Body call) && {
        return std::move(on_pause(std::move(call)));
    }
    /// The control continue. RUNNING is reported after the return of the handler.
    template <class Body>
    WinService& on_continue(Body call) & {
        return on(Control::resume, false, std::move(call));
    }
    template <class Body>
    WinService&& on_continue(Body call) && {
        return std::move(on_continue(std::move(call)));
    }
    /// The machine shuts down. About 5 s are left: see Context::stop_deadline().
    template <class Body>
    WinService& on_shutdown(Body call) & {
        return on(Control::shutdown, false, std::move(call));
    }
    template <class Body>
    WinService&& on_shutdown(Body call) && {
        return std::move(on_shutdown(std::move(call)));
    }
    /// The machine is about to shut down. The time that is left is ServiceConfig::preshutdown_timeout.
    template <class Body>
    WinService& on_preshutdown(Body call) & {
        return on(Control::preshutdown, false, std::move(call));
    }
    template <class Body>
    WinService&& on_preshutdown(Body call) && {
        return std::move(on_preshutdown(std::move(call)));
    }
    /// The control paramchange: the parameters of the service have changed.
    template <class Body>
    WinService& on_param_change(Body call) & {
        return on(Control::param_change, false, std::move(call));
    }
    template <class Body>
    WinService&& on_param_change(Body call) && {
        return std::move(on_param_change(std::move(call)));
    }
    /// The four netbind controls. The handler gets the control as its event.
    template <class Body>
    WinService& on_netbind_change(Body call) & {
        return on<Control, &ControlEvent::control>(Control::netbind_add, Control::netbind_disable, false,
                                                   std::move(call));
    }
    template <class Body>
    WinService&& on_netbind_change(Body call) && {
        return std::move(on_netbind_change(std::move(call)));
    }
    /// A change of the hardware profile: HardwareProfileEvent.
    template <class Body>
    WinService& on_hardware_profile_change(Body call) & {
        return hardware(false, std::move(call));
    }
    template <class Body>
    WinService&& on_hardware_profile_change(Body call) && {
        return std::move(on_hardware_profile_change(std::move(call)));
    }
    /// A handler that returns false refuses a query_change.
    template <class Body>
    WinService& on_hardware_profile_change(InHandler, Body call) & {
        return hardware(true, std::move(call));
    }
    template <class Body>
    WinService&& on_hardware_profile_change(InHandler, Body call) && {
        return std::move(on_hardware_profile_change(in_handler, std::move(call)));
    }
    /// A power event: PowerEvent.
    template <class Body>
    WinService& on_power_event(Body call) & {
        return power(false, std::move(call));
    }
    template <class Body>
    WinService&& on_power_event(Body call) && {
        return std::move(on_power_event(std::move(call)));
    }
    /// Windows gives the handler of a suspend two seconds.
    template <class Body>
    WinService& on_power_event(InHandler, Body call) & {
        return power(true, std::move(call));
    }
    template <class Body>
    WinService&& on_power_event(InHandler, Body call) && {
        return std::move(on_power_event(in_handler, std::move(call)));
    }
    /// A change of a session, such as a logon: SessionEvent.
    template <class Body>
    WinService& on_session_change(Body call) & {
        return session(false, std::move(call));
    }
    template <class Body>
    WinService&& on_session_change(Body call) && {
        return std::move(on_session_change(std::move(call)));
    }
    /// As above, inside the control handler of Windows.
    template <class Body>
    WinService& on_session_change(InHandler, Body call) & {
        return session(true, std::move(call));
    }
    template <class Body>
    WinService&& on_session_change(InHandler, Body call) && {
        return std::move(on_session_change(in_handler, std::move(call)));
    }
    /// Windows sends device events to a service that passed Context::service_handle() to RegisterDeviceNotification().
    template <class Body>
    WinService& on_device_event(Body call) & {
        return device(false, std::move(call));
    }
    template <class Body>
    WinService&& on_device_event(Body call) && {
        return std::move(on_device_event(std::move(call)));
    }
    /// A handler that returns false refuses a query_remove.
    template <class Body>
    WinService& on_device_event(InHandler, Body call) & {
        return device(true, std::move(call));
    }
    template <class Body>
    WinService&& on_device_event(InHandler, Body call) && {
        return std::move(on_device_event(in_handler, std::move(call)));
    }
    /// A change of the system time: TimeChangeEvent.
    template <class Body>
    WinService& on_time_change(Body call) & {
        return on<TimeChangeEvent, &ControlEvent::time>(Control::time_change, Control::time_change, false,
                                                        std::move(call));
    }
    template <class Body>
    WinService&& on_time_change(Body call) && {
        return std::move(on_time_change(std::move(call)));
    }
    /// An event of a service trigger.
    template <class Body>
    WinService& on_trigger_event(Body call) & {
        return on(Control::trigger_event, false, std::move(call));
    }
    template <class Body>
    WinService&& on_trigger_event(Body call) && {
        return std::move(on_trigger_event(std::move(call)));
    }
    /// A reboot that a user started.
    template <class Body>
    WinService& on_user_mode_reboot(Body call) & {
        return on(Control::user_mode_reboot, false, std::move(call));
    }
    template <class Body>
    WinService&& on_user_mode_reboot(Body call) && {
        return std::move(on_user_mode_reboot(std::move(call)));
    }
    /// A control that the application defines. run() fails with Stage::options if `number` is not 128 to 255.
    template <class Body>
    WinService& on_user_control(std::uint32_t number, Body call) & {
        return user(number, false, std::move(call));
    }
    template <class Body>
    WinService&& on_user_control(std::uint32_t number, Body call) && {
        return std::move(on_user_control(number, std::move(call)));
    }
    /// The handler returns the Win32 error of ControlService() in the program that sent the control; 0 is success.
    template <class Body>
    WinService& on_user_control(std::uint32_t number, InHandler, Body call) & {
        return user(number, true, std::move(call));
    }
    template <class Body>
    WinService&& on_user_control(std::uint32_t number, InHandler, Body call) && {
        return std::move(on_user_control(number, in_handler, std::move(call)));
    }

    /// The body of ServiceMain: takes (Context&) or (). A value other than 0 that the body returns is the
    /// service-specific exit code.
    template <class Body>
    WinService& body(Body call) & {
        core().body = [call = std::move(call)](Context& context) mutable -> int {
            if constexpr (std::is_invocable<Body&, Context&>::value) {
                return detail::status_of(call, context);
            } else {
                static_cast<void>(context);
                return detail::status_of(call);
            }
        };
        return *this;
    }
    template <class Body>
    WinService&& body(Body call) && {
        return std::move(body(std::move(call)));
    }

    /// Runs the service until it has stopped. Returns the exit status of the process, for main() to return.
    template <class Body>
    [[nodiscard]] int run(Body call) {
        body(std::move(call));
        return run();
    }
    [[nodiscard]] int run();

  private:
    friend class testing::FakeScm;
    friend struct detail::ServiceHost;
    template <class First, class... Others>
    friend int run_services(First&& first, Others&&... others);

    detail::ServiceCore& core() const { return core_.get(); }

    template <class Payload, Payload ControlEvent::*member, class Body>
    WinService& on(Control first, Control last, bool immediate, Body call) {
        core().handlers.set(first, last, immediate, detail::adapt_handler<Payload, member>(std::move(call)));
        core().accepted = core().accepted | detail::accept_bit(first);
        return *this;
    }
    template <class Body>
    WinService& on(Control control, bool immediate, Body call) {
        return on<Control, &ControlEvent::control>(control, control, immediate, std::move(call));
    }
    template <class Body>
    WinService& power(bool immediate, Body call) {
        return on<PowerEvent, &ControlEvent::power>(Control::power_event, Control::power_event, immediate,
                                                    std::move(call));
    }
    template <class Body>
    WinService& session(bool immediate, Body call) {
        return on<SessionEvent, &ControlEvent::session>(Control::session_change, Control::session_change, immediate,
                                                        std::move(call));
    }
    template <class Body>
    WinService& device(bool immediate, Body call) {
        return on<DeviceEvent, &ControlEvent::device>(Control::device_event, Control::device_event, immediate,
                                                      std::move(call));
    }
    template <class Body>
    WinService& hardware(bool immediate, Body call) {
        return on<HardwareProfileEvent, &ControlEvent::hardware_profile>(
            Control::hardware_profile_change, Control::hardware_profile_change, immediate, std::move(call));
    }
    template <class Body>
    WinService& user(std::uint32_t number, bool immediate, Body call) {
        if (!is_user_control(user_control(number))) core().wrong_control = number;
        return on(user_control(number), immediate, std::move(call));
    }

    detail::CoreOwner core_;
    RunMode mode_ = RunMode::detected;
};

/// Runs several services in one process, until all of them have stopped. Each service needs a body(). Returns the first
/// exit status that is not 0.
template <class First, class... Others>
[[nodiscard]] int run_services(First&& first, Others&&... others) {
    detail::ServiceCore* const cores[] = {first.core_.keep_for_ever(), others.core_.keep_for_ever()...};
    return detail::run_on_host(cores, 1 + sizeof...(others), first.mode_);
}

inline int WinService::run() { return run_services(*this); }

} // namespace daemonize

#endif
