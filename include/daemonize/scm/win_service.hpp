// WinService: the fluent face of a Windows service, StartServiceCtrlDispatcher and SetServiceStatus done whole.
// Uses service_context, and no Windows header: what it asks of Windows goes through run_on_host. Programs use it.
#ifndef DAEMONIZE_SCM_WIN_SERVICE_HPP
#define DAEMONIZE_SCM_WIN_SERVICE_HPP

#include "service_context.hpp"

namespace daemonize {

/// Where a service is to run: found out, or said.
enum class RunAs { detected, service, console };

namespace testing {
class FakeScm;
}

namespace detail {

struct ServiceHost;

// Runs services where this process was started: below the SCM, or on a console. What main() is to return.
inline int run_on_host(ServiceCore* const* services, std::size_t count, RunAs run_as) noexcept;

// Owns a core until Windows has it: when main() has returned, ServiceMain may still be inside SetServiceStatus, so from
// then on it lives as long as the process.
class CoreOwner {
  public:
    explicit CoreOwner(std::string name) : core_(new ServiceCore(std::move(name))) {}
    CoreOwner(CoreOwner&& other) noexcept : core_(std::exchange(other.core_, nullptr)), kept_(other.kept_) {}
    CoreOwner(const CoreOwner&) = delete;
    CoreOwner& operator=(const CoreOwner&) = delete;
    CoreOwner& operator=(CoreOwner&&) = delete;
    ~CoreOwner() {
        if (!kept_) delete core_;
    }

    ServiceCore& get() const noexcept { return *core_; }
    ServiceCore* keep_for_ever() noexcept {
        kept_ = true;
        return core_;
    }

  private:
    ServiceCore* core_;
    bool kept_ = false;
};

} // namespace detail

/// A Windows service. Setters store and never fail; run() checks, finds out whether the SCM or a person started the
/// program, and runs the body there.
///
/// A handler implies that its control is accepted. It runs where the body sleeps or polls, so it may take its time and
/// needs no lock; with `in_handler` it runs inside Windows' own call, for what has to be answered at once. It takes
/// (service, event), (service) or nothing. Stop and shutdown are accepted from the beginning.
class WinService {
  public:
    using Context = detail::ServiceContext;

    /// `name` is the one under which it is installed: up to 256 characters, no slashes. UTF-8, as everything here.
    explicit WinService(std::string name) : core_(std::move(name)) {}

    const std::string& name() const noexcept { return core().name; }

    /// The longest that a start, a stop, a pause or a continue is silent; 20 s by default. progress() asks for more.
    WinService& wait_hint(Duration hint) {
        core().wait_hint = hint;
        return *this;
    }

    /// Accepts these controls as well.
    WinService& accept(Accept controls) {
        core().accepted = controls == Accept::none ? Accept::none : core().accepted | controls;
        return *this;
    }
    /// Accepts none, up to here: not even stop. Such a service ends by itself.
    WinService& accept() { return accept(Accept::none); }

    /// Where to run; by default it is found out. A container's or a restricted account's token would mislead, so what
    /// decides is the parent process: the SCM is services.exe.
    WinService& run_as(RunAs where) {
        run_as_ = where;
        return *this;
    }

    /// Runs before sleep_for(), wait_for_stop() or poll() says that the service is to stop, whoever asked for it: also by
    /// Ctrl-C, and for a shutdown that has no handler of its own. stop_reason() tells who it was.
    template <class Body>
    WinService& on_stop(Body call) {
        return on(Control::stop, false, std::move(call));
    }
    /// PAUSED is reported when it has returned.
    template <class Body>
    WinService& on_pause(Body call) {
        return on(Control::pause, false, std::move(call));
    }
    /// RUNNING is reported when it has returned.
    template <class Body>
    WinService& on_continue(Body call) {
        return on(Control::resume, false, std::move(call));
    }
    /// The machine shuts down: about 5 seconds are left. See stop_deadline().
    template <class Body>
    WinService& on_shutdown(Body call) {
        return on(Control::shutdown, false, std::move(call));
    }
    /// The machine is about to shut down: the service's pre-shutdown time-out is left.
    template <class Body>
    WinService& on_preshutdown(Body call) {
        return on(Control::preshutdown, false, std::move(call));
    }
    template <class Body>
    WinService& on_param_change(Body call) {
        return on(Control::param_change, false, std::move(call));
    }
    /// All four of them; the event says which.
    template <class Body>
    WinService& on_netbind_change(Body call) {
        return on<Control, &ControlEvent::control>(Control::netbind_add, Control::netbind_disable, false,
                                                   std::move(call));
    }
    template <class Body>
    WinService& on_hardware_profile_change(Body call) {
        return hardware(false, std::move(call));
    }
    /// False refuses a query_change.
    template <class Body>
    WinService& on_hardware_profile_change(InHandler, Body call) {
        return hardware(true, std::move(call));
    }
    template <class Body>
    WinService& on_power_event(Body call) {
        return power(false, std::move(call));
    }
    /// Two seconds are given before the machine sleeps.
    template <class Body>
    WinService& on_power_event(InHandler, Body call) {
        return power(true, std::move(call));
    }
    template <class Body>
    WinService& on_session_change(Body call) {
        return session(false, std::move(call));
    }
    template <class Body>
    WinService& on_session_change(InHandler, Body call) {
        return session(true, std::move(call));
    }
    /// For who has registered service_handle() with RegisterDeviceNotification.
    template <class Body>
    WinService& on_device_event(Body call) {
        return device(false, std::move(call));
    }
    /// False refuses a query_remove.
    template <class Body>
    WinService& on_device_event(InHandler, Body call) {
        return device(true, std::move(call));
    }
    template <class Body>
    WinService& on_time_change(Body call) {
        return on<TimeChangeEvent, &ControlEvent::time>(Control::time_change, Control::time_change, false,
                                                        std::move(call));
    }
    template <class Body>
    WinService& on_trigger_event(Body call) {
        return on(Control::trigger_event, false, std::move(call));
    }
    template <class Body>
    WinService& on_user_mode_reboot(Body call) {
        return on(Control::user_mode_reboot, false, std::move(call));
    }
    /// A control of the application's own, 128 to 255; run() refuses any other.
    template <class Body>
    WinService& on_user_control(std::uint32_t number, Body call) {
        return user(number, false, std::move(call));
    }
    /// What it returns is what ControlService fails with for who asked; 0 is success.
    template <class Body>
    WinService& on_user_control(std::uint32_t number, InHandler, Body call) {
        return user(number, true, std::move(call));
    }

    /// ServiceMain's body: of (Context&) or nothing. What it returns, if not 0, is the service-specific exit code.
    template <class Body>
    WinService& body(Body call) {
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

    /// Runs the service: returns when it has stopped, with what main() is to return.
    template <class Body>
    int run(Body call) {
        body(std::move(call));
        return run();
    }
    int run();

  private:
    friend class testing::FakeScm;
    friend struct detail::ServiceHost;
    template <class... Services>
    friend int run_services(WinService& first, Services&... others);

    detail::ServiceCore& core() const noexcept { return core_.get(); }

    template <class Payload, Payload ControlEvent::*member, class Body>
    WinService& on(Control first, Control last, bool at_once, Body call) {
        core().handlers.set(first, last, at_once, detail::adapt_handler<Payload, member>(std::move(call)));
        core().accepted = core().accepted | detail::accept_bit(first);
        return *this;
    }
    template <class Body>
    WinService& on(Control control, bool at_once, Body call) {
        return on<Control, &ControlEvent::control>(control, control, at_once, std::move(call));
    }
    template <class Body>
    WinService& power(bool at_once, Body call) {
        return on<PowerEvent, &ControlEvent::power>(Control::power_event, Control::power_event, at_once,
                                                    std::move(call));
    }
    template <class Body>
    WinService& session(bool at_once, Body call) {
        return on<SessionEvent, &ControlEvent::session>(Control::session_change, Control::session_change, at_once,
                                                        std::move(call));
    }
    template <class Body>
    WinService& device(bool at_once, Body call) {
        return on<DeviceEvent, &ControlEvent::device>(Control::device_event, Control::device_event, at_once,
                                                      std::move(call));
    }
    template <class Body>
    WinService& hardware(bool at_once, Body call) {
        return on<HardwareProfileEvent, &ControlEvent::hardware_profile>(
            Control::hardware_profile_change, Control::hardware_profile_change, at_once, std::move(call));
    }
    template <class Body>
    WinService& user(std::uint32_t number, bool at_once, Body call) {
        if (!is_user_control(user_control(number))) core().wrong_control = number;
        return on(user_control(number), at_once, std::move(call));
    }

    detail::CoreOwner core_;
    RunAs run_as_ = RunAs::detected;
};

/// Runs several services in one process; each has been given its body(). Returns when all have stopped, with the first
/// exit code that is not 0.
template <class... Services>
int run_services(WinService& first, Services&... others) {
    detail::ServiceCore* const cores[] = {first.core_.keep_for_ever(), others.core_.keep_for_ever()...};
    return detail::run_on_host(cores, 1 + sizeof...(others), first.run_as_);
}

inline int WinService::run() { return run_services(*this); }

} // namespace daemonize

#endif
