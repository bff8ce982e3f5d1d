// ServiceMachine: the state machine of a Windows service: its state, accepted controls, checkpoints and exit codes
// (internal).
#ifndef DAEMONIZE_SCM_STATE_MACHINE_HPP
#define DAEMONIZE_SCM_STATE_MACHINE_HPP

#include "types.hpp"

namespace daemonize {
namespace detail {

// The reaction of the machine to a control.
struct ControlAnswer {
    std::uint32_t code = win32::no_error; // the control handler returns it to the SCM
    bool report = false;                  // the caller must report the status
    bool for_body = false;                // the caller must pass the control to the body
};

// The reason of a stop by this control; StopReason::none for a control that stops no service.
inline StopReason stop_reason_of(Control control) noexcept {
    if (control == Control::stop) return StopReason::operator_request;
    if (control == Control::shutdown) return StopReason::shutdown;
    return control == Control::preshutdown ? StopReason::preshutdown : StopReason::none;
}

// The end of a body.
struct BodyEnd {
    bool threw = false;
    std::uint32_t exit_code = 0;         // a Win32 error
    std::uint32_t service_exit_code = 0; // the code that the service chose
};

// A function that changes the status returns true. The caller then reports the status to the SCM before it releases the
// lock: a report that overtakes the report of STOPPED would leave the service in another state for ever.
class ServiceMachine {
  public:
    ServiceMachine() noexcept = default;
    ServiceMachine(ServiceType type, Accept accepted, Duration wait_hint) noexcept
        : accepted_(accepted), wait_hint_(wait_hint) {
        status_.type = type;
    }

    const ServiceStatus& status() const noexcept { return status_; }
    bool stop_requested() const noexcept { return reason_ != StopReason::none; }
    StopReason stop_reason() const noexcept { return reason_; }
    Duration wait_hint() const noexcept { return wait_hint_; }

    // The start: START_PENDING, or STOP_PENDING if a stop was requested before.
    bool begin() noexcept {
        if (begun_) return false;
        begun_ = true;
        return enter(stop_requested() ? ServiceState::stop_pending : ServiceState::start_pending);
    }

    // RUNNING, from START_PENDING only: a pending stop stays.
    bool ready() noexcept { return status_.state == ServiceState::start_pending && enter(ServiceState::running); }

    // Adds to the accepted controls.
    bool accept(Accept controls) noexcept {
        if ((accepted_ & controls) == controls) return false;
        accepted_ = accepted_ | controls;
        if (!alive() || !accepts_in(status_.state)) return false;
        status_.accepted = accepted_;
        return true;
    }

    // Increments the checkpoint of a pending state. The next checkpoint is due within `extend_by`.
    bool progress(Duration extend_by) noexcept {
        if (!is_pending(status_.state)) return false;
        ++status_.checkpoint;
        status_.wait_hint = extend_by;
        return true;
    }

    bool paused() noexcept { return status_.state == ServiceState::pause_pending && enter(ServiceState::paused); }
    bool continued() noexcept {
        return status_.state == ServiceState::continue_pending && enter(ServiceState::running);
    }

    // STOPPED, from any state; no state follows. An exception is always a failure. After a stop request any other end
    // is a success. A body that ends before ready(), without a stop request, has failed.
    bool end(const BodyEnd& end) noexcept {
        if (!alive()) return false;
        const bool never_ready = status_.state == ServiceState::start_pending;
        ended_ = true;
        enter(ServiceState::stopped);
        if (end.threw) {
            status_.exit_code = win32::exception_in_service;
        } else if (stop_requested()) {
            return true;
        } else if (end.service_exit_code != 0) {
            status_.exit_code = win32::service_specific_error;
            status_.service_exit_code = end.service_exit_code;
        } else if (end.exit_code != 0) {
            status_.exit_code = end.exit_code;
        } else if (never_ready) {
            status_.exit_code = win32::process_aborted;
        }
        return true;
    }

    // A stop request, which may come before begin(). The reason of the first request stays.
    bool request_stop(StopReason reason) noexcept {
        if (ended_ || stop_requested() || reason == StopReason::none) return false;
        reason_ = reason;
        return begun_ && enter(ServiceState::stop_pending);
    }

    // Answers a control. `handled`: the application has a handler for it. control_handler.hpp defines the function.
    ControlAnswer control(Control control, bool handled) noexcept;

  private:
    static ControlAnswer refusal(std::uint32_t code) noexcept {
        ControlAnswer answer;
        answer.code = code;
        return answer;
    }

    bool alive() const noexcept { return begun_ && !ended_; }

    // RUNNING or CONTINUE_PENDING, not PAUSED or PAUSE_PENDING.
    bool is_going() const noexcept {
        return status_.state == ServiceState::running || status_.state == ServiceState::continue_pending;
    }

    bool accepts(Control control, bool handled) const noexcept {
        const Accept bit = accept_bit(control);
        return bit == Accept::none ? handled : (accepted_ & bit) != Accept::none;
    }

    // A service that starts accepts nothing: the SCM answers a stop with 1052 (ERROR_INVALID_SERVICE_CONTROL).
    static bool accepts_in(ServiceState state) noexcept {
        return state != ServiceState::start_pending && state != ServiceState::stop_pending &&
               state != ServiceState::stopped;
    }

    bool enter(ServiceState state) noexcept {
        status_.state = state;
        const bool pending = is_pending(state);
        status_.checkpoint = pending ? 1 : 0;
        status_.wait_hint = pending ? wait_hint_ : Duration();
        status_.accepted = accepts_in(state) ? accepted_ : Accept::none;
        return true;
    }

    ServiceStatus status_;
    Accept accepted_ = Accept::none;
    Duration wait_hint_;
    StopReason reason_ = StopReason::none;
    bool begun_ = false;
    bool ended_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
