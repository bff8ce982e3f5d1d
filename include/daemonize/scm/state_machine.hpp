// ServiceMachine: the one place that decides what state a service is in, what it accepts, and what it reports.
// Uses service_types; WinService owns one, holds its one short lock around each call, and reports what it says.
#ifndef DAEMONIZE_SCM_STATE_MACHINE_HPP
#define DAEMONIZE_SCM_STATE_MACHINE_HPP

#include "types.hpp"

namespace daemonize {
namespace detail {

// What a control comes to.
struct ControlAnswer {
    std::uint32_t code = win32::no_error; // what the handler returns to the SCM
    bool report = false;                  // the status has to be reported
    bool for_body = false;                // the body has something to do about it
};

// How a body ended.
struct BodyEnd {
    bool threw = false;
    std::uint32_t exit_code = 0;         // a Win32 error
    std::uint32_t service_exit_code = 0; // the service's own
};

// Every call that changes something says so by returning true, and then the status is to be reported, under the same
// hold of the lock: reports that overtake each other have brought services back from STOPPED for ever.
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

    // The service has been started.
    bool begin() noexcept {
        if (begun_) return false;
        begun_ = true;
        return enter(stop_requested() ? ServiceState::stop_pending : ServiceState::start_pending);
    }

    // RUNNING, from START_PENDING only: a stop that came before is kept.
    bool ready() noexcept { return status_.state == ServiceState::start_pending && enter(ServiceState::running); }

    // What the body takes beside what it took so far.
    bool accept(Accept controls) noexcept {
        if ((accepted_ & controls) == controls) return false;
        accepted_ = accepted_ | controls;
        if (!alive() || !accepts_in(status_.state)) return false;
        status_.accepted = accepted_;
        return true;
    }

    // A sign of life. The checkpoint grows, and the next one is due within `extend_by`.
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

    // STOPPED, whatever came before; final. A stop that was asked for is no failure, whatever the body returns. A body
    // that leaves before it was ready, unasked, has failed to start. What was thrown is a failure always.
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

    // A stop from elsewhere than the SCM, which may come before there is anything to stop. The first reason stays.
    bool request_stop(StopReason reason) noexcept {
        if (ended_ || stop_requested() || reason == StopReason::none) return false;
        reason_ = reason;
        return begun_ && enter(ServiceState::stop_pending);
    }

    // A control as the handler gets it. `handled`: the application has a handler for it.
    ControlAnswer control(Control control, bool handled) noexcept {
        ControlAnswer answer;
        if (control == Control::interrogate) {
            answer.report = alive(); // the answer to it is the status itself
            return answer;
        }
        if (!alive()) return refusal(win32::service_not_active);
        if (!takes(control, handled)) return refusal(win32::call_not_implemented);
        const StopReason reason = reason_of(control);
        if (reason != StopReason::none) {
            answer.report = request_stop(reason);
            answer.for_body = answer.report;
            return answer;
        }
        // What is neither a stop nor asked for a second time waits until there is a body that can take it.
        if (status_.state == ServiceState::start_pending || status_.state == ServiceState::stop_pending) {
            return refusal(win32::service_cannot_accept_control);
        }
        if (control == Control::pause) {
            answer.report = answer.for_body = is_going() && enter(ServiceState::pause_pending);
        } else if (control == Control::resume) {
            answer.report = answer.for_body = !is_going() && enter(ServiceState::continue_pending);
        } else {
            answer.for_body = true;
        }
        return answer;
    }

  private:
    static ControlAnswer refusal(std::uint32_t code) noexcept {
        ControlAnswer answer;
        answer.code = code;
        return answer;
    }

    static StopReason reason_of(Control control) noexcept {
        switch (control) {
        case Control::stop: return StopReason::operator_request;
        case Control::shutdown: return StopReason::shutdown;
        case Control::preshutdown: return StopReason::preshutdown;
        default: return StopReason::none;
        }
    }

    bool alive() const noexcept { return begun_ && !ended_; }

    // Running, or about to; the other half is paused, or about to be.
    bool is_going() const noexcept {
        return status_.state == ServiceState::running || status_.state == ServiceState::continue_pending;
    }

    bool takes(Control control, bool handled) const noexcept {
        const Accept bit = accept_bit(control);
        return bit == Accept::none ? handled : (accepted_ & bit) != Accept::none;
    }

    // A start that accepted a stop would have to end before it knows what it has begun; the SCM answers 1052.
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
