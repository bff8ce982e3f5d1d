// ServiceCore: a running Windows service: its settings, state machine, pending controls, and the sleep of the body
// (internal). service_main.hpp defines main(), and control_handler.hpp defines handle().
#ifndef DAEMONIZE_SCM_SERVICE_CORE_HPP
#define DAEMONIZE_SCM_SERVICE_CORE_HPP

#include "../core/duration.hpp"
#include "../core/failure.hpp"
#include "../core/invoke.hpp"
#include "application_callbacks.hpp"
#include "service_name.hpp"
#include "service_port.hpp"
#include "state_machine.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

class ServiceCore {
  public:
    explicit ServiceCore(std::string service_name) : name(std::move(service_name)) {}
    ServiceCore(const ServiceCore&) = delete;
    ServiceCore& operator=(const ServiceCore&) = delete;

    // The settings, which WinService stores.
    std::string name;
    Accept accepted = Accept::stop | Accept::shutdown;
    Duration wait_hint = Duration::seconds(20);
    HandlerTable handlers;
    Callback<int(WinServiceContext&)> body;
    std::uint32_t wrong_control = 0; // a number outside 128 to 255, given to on_user_control()
    bool accepted_nothing = false;   // accept() was called with Accept::none
    std::vector<std::string> program_arguments;

    // Checks the settings. Calls no function of Windows.
    Failure check() const {
        if (Failure problem = check_service_name(name)) return problem;
        const auto refuse = [&](std::string detail, const char* reason) {
            return Failure(Stage::options, win32_error(win32::invalid_parameter), std::move(detail), reason);
        };
        if (!body) return refuse(joined({"the service ", name}), "the service has no body");
        if (wrong_control != 0) {
            return refuse(joined({"a handler for control ", wrong_control, " of the service ", name}),
                          "the controls of an application are 128 to 255");
        }
        if (wait_hint < Duration()) return refuse(joined({"the wait hint of the service ", name}), "it is negative");
        if (accepted_nothing) {
            return refuse(joined({"the service ", name}),
                          "accept() needs a control; accept_no_controls() removes the accepted controls");
        }
        return Failure();
    }

    // Resets the state. Called before the dispatcher, and before each start by FakeScm.
    void prepare(ServicePort& port, ServiceType type) {
        port_ = &port;
        machine_ = ServiceMachine(type, accepted, wait_hint);
        pending_.clear();
        arguments_.clear();
        handler_failure_.clear();
        body_failure_.clear();
        end_ = BodyEnd();
        stop_at_ = Duration::longest();
        registration_error_ = win32::no_error;
        dispatching_ = process_ending_ = report_failed_ = false;
    }

    // ServiceMain. Reports STOPPED as its last act, because Windows may kill the process at any time after that report.
    // Returns false if the control handler cannot be registered; the SCM then gets no report.
    bool main(const std::vector<std::string>& arguments) noexcept;

    // The control handler. Changes the state and wakes the body. Never waits for the body.
    std::uint32_t handle(const ControlEvent& event) noexcept;

    // Requests a stop that does not come from the SCM. Returns false if a stop was requested before.
    bool request_stop(StopReason reason, Duration allowance) noexcept {
        const PortLock held(*port_);
        if (machine_.stop_requested()) return false;
        note_stop(allowance);
        stop_body(reason);
        return true;
    }

    // The exit status of the process.
    int exit_code() const noexcept {
        const PortLock held(*port_);
        const ServiceStatus& status = machine_.status();
        if (registration_error_ != win32::no_error) return daemonize::exit_code(Stage::dispatcher);
        const std::uint32_t code =
            status.exit_code == win32::service_specific_error ? status.service_exit_code : status.exit_code;
        return exit_status(static_cast<int>(code));
    }

  private:
    friend class daemonize::WinServiceContext;

    // The caller of each function below holds the lock, unless the comment says otherwise.

    void report() noexcept {
        const std::uint32_t error = port_->set_status(machine_.status());
        reported_at_ = port_->now();
        if (error == win32::no_error || report_failed_) return;
        report_failed_ = true; // one log entry: all later reports fail for the same reason
        port_->log(Severity::failure, name, joined({"cannot report the state of the service: error ", error}));
    }

    void wake_body() noexcept {
        port_->set_event(true);
        port_->wake();
    }

    // A stop without a control: queues the control stop, for the handler of the application.
    void stop_body(StopReason reason) noexcept {
        if (machine_.request_stop(reason)) report();
        pending_.push_back(ControlEvent(Control::stop));
        wake_body();
    }

    // The handler of stop is also the handler of a shutdown and preshutdown that have no handler.
    const ServiceHandler* handler_of(Control control) const noexcept {
        const ServiceHandler* handler = handlers.find(control);
        const bool stops = control == Control::shutdown || control == Control::preshutdown;
        return handler == nullptr && stops ? handlers.find(Control::stop) : handler;
    }

    void note_stop(Duration allowance) noexcept { stop_at_ = port_->now() + allowance; }

    bool stopping() const noexcept { return machine_.stop_requested() || process_ending_; }

    // PAUSED or RUNNING, after the handler of pause or continue has returned.
    void complete(Control control) noexcept {
        if ((control == Control::pause && machine_.paused()) || (control == Control::resume && machine_.continued())) {
            report();
        }
    }

    // Runs the handlers of the pending controls in their order, on the thread of the body. A handler that sleeps or
    // polls runs no other handler.
    void dispatch(WinServiceContext& context) {
        if (dispatching_) return;
        const Flag raised(dispatching_);
        while (!pending_.empty()) {
            const ControlEvent event = std::move(pending_[0]);
            pending_.erase(0);
            const ServiceHandler* handler = handler_of(event.control);
            if (handler != nullptr && !handler->immediate) run_callback(*handler, context, event);
            complete(event.control);
        }
        port_->set_event(false);
    }

    void run_callback(const ServiceHandler& handler, WinServiceContext& context, const ControlEvent& event) {
        const PortUnlock unlocked(*port_);
        static_cast<void>(handler.call(context, event));
    }

    // Sets a bool for its lifetime, also if a handler throws: the body may catch the exception and sleep again.
    class Flag {
      public:
        explicit Flag(bool& flag) noexcept : flag_(flag) { flag_ = true; }
        Flag(const Flag&) = delete;
        Flag& operator=(const Flag&) = delete;
        ~Flag() { flag_ = false; }

      private:
        bool& flag_;
    };

    // Reports a checkpoint for a body that sleeps or polls in a pending state; the next one follows after `silence`.
    // Skips the report if a quarter of the hint has not passed: each report is a call to another process.
    void tick(Duration silence) noexcept {
        if (!is_pending(machine_.status().state) || silence == Duration::longest()) return;
        const Duration hint = machine_.wait_hint() + silence;
        const Duration quiet = port_->now() - reported_at_;
        if (quiet.nanoseconds() < machine_.wait_hint().nanoseconds() / 4 && hint <= machine_.status().wait_hint) return;
        if (machine_.progress(hint)) report();
    }

    // Sleeps for `span`, and until the end of a pause, and dispatches meanwhile. Returns false if the service has to
    // stop. The caller must not hold the lock.
    bool sleep(WinServiceContext& context, Duration span) {
        const PortLock held(*port_);
        if (!stopping()) tick(span);
        const auto now = [this] { return port_->now(); };
        const auto poll = [&] {
            dispatch(context);
            return !stopping();
        };
        const auto is_paused = [this] { return machine_.status().state == ServiceState::paused; };
        const auto wait = [this](Duration rest) {
            if (!port_->wait(rest)) process_ending_ = true;
        };
        return sleep_until_stop(span, now, poll, is_paused, wait);
    }

    // Runs the body. Returns the text for the log if the body failed. The caller must not hold the lock.
    std::string run_body() noexcept;

    ServicePort* port_ = nullptr;
    ServiceMachine machine_;
    List<ControlEvent> pending_;
    std::vector<std::string> arguments_;
    std::string handler_failure_; // the exception of an in_handler callback
    std::string body_failure_;    // the text of WinServiceContext::fail()
    BodyEnd end_;
    Duration stop_at_ = Duration::longest();
    Duration reported_at_;
    std::uint32_t registration_error_ = win32::no_error;
    bool dispatching_ = false;
    bool process_ending_ = false;
    bool report_failed_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
