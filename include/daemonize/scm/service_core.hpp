// ServiceCore: one service as it runs. ServiceMain and the control handler, the machine between them, and their lock.
// Uses service_port and service_handlers; WinService owns one, real_scm and testing::FakeScm run it.
#ifndef DAEMONIZE_SCM_SERVICE_CORE_HPP
#define DAEMONIZE_SCM_SERVICE_CORE_HPP

#include "../core/failure.hpp"
#include "../core/invoke.hpp"
#include "../core/sleep.hpp"
#include "handlers.hpp"
#include "port.hpp"
#include "service_name.hpp"
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

    // What WinService stores.
    std::string name;
    Accept accepted = Accept::stop | Accept::shutdown;
    Duration wait_hint = Duration::seconds(20);
    HandlerTable handlers;
    Callback<int(ServiceContext&)> body;
    std::uint32_t wrong_control = 0;       // one that no user control can be
    std::vector<std::string> command_line; // the process's, the program first

    // What can be found wrong without Windows.
    Failure check() const {
        if (Failure problem = check_service_name(name)) return problem;
        if (!body) {
            return Failure(Stage::options, win32_error(win32::invalid_parameter), joined({"the service ", name}),
                           "it has no body");
        }
        if (wrong_control != 0) {
            return Failure(Stage::options, win32_error(win32::invalid_parameter),
                           joined({"a handler for control ", wrong_control, " of the service ", name}),
                           "an application's own controls are 128 to 255");
        }
        return Failure();
    }

    // Before the dispatcher is called, and before each start of a fake one.
    void prepare(ServicePort& port, ServiceType type) {
        port_ = &port;
        machine_ = ServiceMachine(type, accepted, wait_hint);
        pending_.clear();
        arguments_.clear();
        failure_.clear();
        complaint_.clear();
        end_ = BodyEnd();
        stop_at_ = Duration::longest();
        registration_error_ = win32::no_error;
        dispatching_ = process_ending_ = report_failed_ = false;
    }

    // ServiceMain. Its last act is the report of STOPPED: after that Windows may end the process at any instant. False
    // where it has never come to be a service, so that nothing could be reported.
    bool main(const std::vector<std::string>& arguments) noexcept;

    // The control handler. It moves the machine and wakes the body, and never waits for it.
    std::uint32_t handle(const ControlEvent& event) noexcept;

    // A stop that the SCM does not know of. False where one was asked for already.
    bool request_stop(StopReason reason, Duration allowance) noexcept {
        const PortLock held(*port_);
        if (machine_.stop_requested()) return false;
        note_stop(allowance);
        stop_body(reason);
        return true;
    }

    // What main() of the program may return.
    int exit_code() const noexcept {
        const PortLock held(*port_);
        const ServiceStatus& status = machine_.status();
        if (registration_error_ != win32::no_error) return daemonize::exit_code(Stage::dispatcher);
        const std::uint32_t code =
            status.exit_code == win32::service_specific_error ? status.service_exit_code : status.exit_code;
        return exit_status(static_cast<int>(code));
    }

  private:
    friend class ServiceContext;

    // All below is called under the lock, but what says otherwise.

    void report() noexcept {
        const std::uint32_t error = port_->set_status(machine_.status());
        reported_at_ = port_->now();
        if (error == win32::no_error || report_failed_) return;
        report_failed_ = true; // once: what it is about repeats itself
        port_->log(Severity::failure, name, joined({"cannot report the service's state: error ", error}));
    }

    void tell_body() noexcept {
        port_->set_event(true);
        port_->wake();
    }

    // Where no control came of which the body could learn.
    void stop_body(StopReason reason) noexcept {
        if (machine_.request_stop(reason)) report();
        pending_.push_back(ControlEvent(Control::stop));
        tell_body();
    }

    // A stop's own handler, or the one for every stop.
    const ServiceHandler* handler_of(Control control) const noexcept {
        const ServiceHandler* handler = handlers.find(control);
        const bool stops = control == Control::shutdown || control == Control::preshutdown;
        return handler == nullptr && stops ? handlers.find(Control::stop) : handler;
    }

    void note_stop(Duration allowance) noexcept { stop_at_ = port_->now() + allowance; }

    bool stopping() const noexcept { return machine_.stop_requested() || process_ending_; }

    // The state that a callback of pause or continue leads to.
    void complete(Control control) noexcept {
        if ((control == Control::pause && machine_.paused()) || (control == Control::resume && machine_.continued())) {
            report();
        }
    }

    // Runs what has come, in order, in the body's thread. What is called meanwhile and waits does not come here again.
    void dispatch(ServiceContext& context) {
        if (dispatching_) return;
        const Flag raised(dispatching_);
        while (!pending_.empty()) {
            const ControlEvent event = std::move(pending_[0]);
            pending_.erase(0);
            const ServiceHandler* handler = handler_of(event.control);
            if (handler != nullptr && !handler->at_once) run_callback(*handler, context, event);
            complete(event.control);
        }
        port_->set_event(false);
    }

    void run_callback(const ServiceHandler& handler, ServiceContext& context, const ControlEvent& event) {
        const PortUnlock given_up(*port_);
        static_cast<void>(handler.call(context, event));
    }

    // Raised while it lives, also where a callback throws: a body that catches it waits on.
    class Flag {
      public:
        explicit Flag(bool& flag) noexcept : flag_(flag) { flag_ = true; }
        Flag(const Flag&) = delete;
        Flag& operator=(const Flag&) = delete;
        ~Flag() { flag_ = false; }

      private:
        bool& flag_;
    };

    // A body that waits is alive: while a start or a stop is pending it says so, and how long it will be silent. Not
    // more often than is needed: each report is a call to another process.
    void tick(Duration silence) noexcept {
        if (!is_pending(machine_.status().state) || silence == Duration::longest()) return;
        const Duration hint = machine_.wait_hint() + silence;
        const std::int64_t quiet = port_->now().nanoseconds() - reported_at_.nanoseconds();
        if (quiet < machine_.wait_hint().nanoseconds() / 4 && hint <= machine_.status().wait_hint) return;
        if (machine_.progress(hint)) report();
    }

    // Sleeps, and dispatches meanwhile. True when all the time has passed, also that of a pause.
    bool sleep(ServiceContext& context, Duration span) {
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

    // Without the lock. What there is to complain of.
    std::string run_body() noexcept;

    ServicePort* port_ = nullptr;
    ServiceMachine machine_;
    List<ControlEvent> pending_;
    std::vector<std::string> arguments_;
    std::string failure_;   // what an in_handler callback threw
    std::string complaint_; // the body's own words on why it ends
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
