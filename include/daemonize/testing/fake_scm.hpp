// FakeScm: a service control manager for tests of a WinService, with a simulated clock, on any platform (public, with
// DAEMONIZE_TESTING).
#ifndef DAEMONIZE_TESTING_FAKE_SCM_HPP
#define DAEMONIZE_TESTING_FAKE_SCM_HPP

#include "../scm/win_service.hpp"
#include "thread.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace testing {

/// Starts a service, sends controls, advances the clock, and records the reports of the service. The body runs in a
/// second thread, but never at the same time as the test: each function returns when the body sleeps or has ended. The
/// body may sleep through its Context only, and has to end after a stop request. A test gives the same result each
/// time. Include <daemonize.hpp> with DAEMONIZE_TESTING defined; a program on POSIX links with -pthread.
///
///     daemonize::WinService service("Backup");
///     service.body([](daemonize::WinService::Context& context) { ... });
///     daemonize::testing::FakeScm scm(service);
///     scm.start({"--full"});
///     scm.advance(std::chrono::seconds(30));
///     scm.control(daemonize::Control::stop);
///     assert(scm.state() == daemonize::ServiceState::stopped && scm.exit_code() == 0);
class FakeScm final : private detail::ServicePort {
  public:
    /// A report of the service, and the simulated time of the report.
    struct Report {
        ServiceStatus status;
        Duration at;
    };
    /// An entry of the event log.
    struct LogEntry {
        Severity severity;
        std::string text;
    };

    /// The service must outlive the FakeScm, and needs a body().
    explicit FakeScm(WinService& service) : core_(service.core()) {}
    FakeScm(const FakeScm&) = delete;
    FakeScm& operator=(const FakeScm&) = delete;

    /// Ends a service that still runs.
    ~FakeScm() { end_process(); }

    /// StartService with these arguments. Returns when the body sleeps for the first time: 0, or a Win32 error.
    std::uint32_t start(std::vector<std::string> arguments = {}) {
        if (const Failure problem = core_.check()) return static_cast<std::uint32_t>(problem.code().value());
        if (state() != ServiceState::stopped) return detail::win32::service_already_running;
        end_process();
        arguments.insert(arguments.begin(), core_.name);
        arguments_ = std::move(arguments);
        forget();
        core_.prepare(*this, type_);
        thread_.start([](void* self) { static_cast<FakeScm*>(self)->service_main(); }, this);
        run_service();
        return detail::win32::no_error;
    }

    /// ControlService. Returns the answer of the handler, or a Win32 error as Windows does: 1052 for a control that is
    /// not accepted and for a stop during START_PENDING, 1061 during STOP_PENDING, 1062 for a stopped service.
    std::uint32_t control(Control control) { return send(ControlEvent(control)); }
    std::uint32_t control(PowerEvent event) { return send(ControlEvent(std::move(event))); }
    std::uint32_t control(SessionEvent event) { return send(ControlEvent(event)); }
    std::uint32_t control(DeviceEvent event) { return send(ControlEvent(std::move(event))); }
    std::uint32_t control(HardwareProfileEvent event) { return send(ControlEvent(event)); }
    std::uint32_t control(TimeChangeEvent event) { return send(ControlEvent(event)); }

    /// Passes a control to the handler without the checks of control(): a stop during START_PENDING, for example.
    /// Returns the answer of the handler.
    std::uint32_t deliver(const ControlEvent& event) {
        if (!alive_) return detail::win32::service_not_active;
        const std::uint32_t answer = core_.handle(event);
        if (event.control == Control::preshutdown) limit(preshutdown_timeout_);
        if (event.control == Control::shutdown) limit(shutdown_timeout_);
        settle();
        return answer;
    }
    std::uint32_t deliver(Control control) { return deliver(ControlEvent(control)); }

    /// A shutdown of the machine: sends preshutdown, and then shutdown if the service still runs. Kills a service that
    /// does not stop in time.
    void shut_down() {
        if (control(Control::preshutdown) == detail::win32::no_error) advance(preshutdown_timeout_);
        if (control(Control::shutdown) == detail::win32::no_error) advance(shutdown_timeout_);
        if (state() != ServiceState::stopped) kill();
    }

    /// Advances the clock by `span`. Each event of that time happens in its order.
    void advance(Duration span) {
        const Duration target = clock_ + span;
        for (;;) {
            Duration next = waiting_ && alive_ ? wake_at_ : Duration::longest();
            if (due_at_ < next) next = due_at_;
            if (kill_at_ < next) next = kill_at_;
            if (next == Duration::longest() || next > target) break;
            clock_ = next;
            if (waiting_ && alive_ && wake_at_ <= clock_) {
                run_service();
            } else if (kill_at_ <= clock_) {
                kill();
            } else {
                hung_ = true; // no report within the wait hint
                start_failed_ = start_failed_ || state() == ServiceState::start_pending;
                due_at_ = Duration::longest();
            }
        }
        clock_ = target;
    }

    /// Kills the process, as the task manager does.
    void kill() {
        if (!alive_) return;
        killed_ = true;
        end_process();
        last_ = ServiceStatus();
        last_.exit_code = detail::win32::process_aborted;
    }

    /// Called by the body: the body works for `span` and runs no handler. Returns at once if the process is killed.
    void busy_for(Duration span) {
        monitor_.lock();
        busy_ = true;
        static_cast<void>(wait(span));
        busy_ = false;
        monitor_.unlock();
    }

    /// The state and the status of the last report.
    ServiceState state() const { return last_.state; }
    const ServiceStatus& status() const { return last_; }
    /// All reports since the start, the oldest first.
    const std::vector<Report>& history() const { return history_; }
    /// The service-specific exit code if the service set one, else the Win32 error; 0 is a success.
    std::uint32_t exit_code() const {
        return last_.exit_code == detail::win32::service_specific_error ? last_.service_exit_code : last_.exit_code;
    }
    /// Whether the service was in a pending state without a new checkpoint for longer than its wait hint.
    bool hung() const { return hung_; }
    /// Whether the start failed: the service hung, or ended before RUNNING.
    bool start_failed() const { return start_failed_; }
    /// Whether kill() or a shutdown ended the process.
    bool killed() const { return killed_; }
    /// The entries of the event log since the start.
    const std::vector<LogEntry>& log_entries() const { return log_; }
    /// The texts of Context::progress() since the start.
    const std::vector<std::string>& progress_texts() const { return progress_; }
    /// Whether the event of Context::native_handle() is set.
    bool event_is_set() const { return event_; }
    /// The reports that violate a rule of the SCM, one line each. An entry is a defect of the library.
    const std::vector<std::string>& violations() const { return violations_; }

    /// The simulated time since the construction.
    Duration clock() const { return clock_; }

    /// The time that a preshutdown leaves the service; the default is 10 s.
    FakeScm& preshutdown_timeout(Duration span) {
        preshutdown_timeout_ = span;
        return *this;
    }
    /// The time that a shutdown leaves the service; the default is 5 s.
    FakeScm& shutdown_timeout(Duration span) {
        shutdown_timeout_ = span;
        return *this;
    }
    /// The type in the reports of the service; the default is own_process.
    FakeScm& service_type(ServiceType type) {
        type_ = type;
        return *this;
    }
    /// The arguments of the command line of the process, without the program.
    FakeScm& program_arguments(std::vector<std::string> arguments) {
        core_.program_arguments = std::move(arguments);
        return *this;
    }
    /// From this call on SetServiceStatus fails with this Win32 error.
    FakeScm& refuse_reports(std::uint32_t error) {
        report_error_ = error;
        return *this;
    }

  private:
    std::uint32_t send(const ControlEvent& event) {
        const Control control = event.control;
        const ServiceState now = state();
        if (now == ServiceState::stopped) return detail::win32::service_not_active;
        const auto number = static_cast<std::uint32_t>(control);
        if (number >= 128 && !is_user_control(control)) return detail::win32::invalid_parameter;
        if (now == ServiceState::stop_pending) return detail::win32::service_cannot_accept_control;
        if (now == ServiceState::start_pending && control != Control::interrogate) {
            return control == Control::stop ? detail::win32::invalid_service_control
                                            : detail::win32::service_cannot_accept_control;
        }
        const Accept bit = detail::accept_bit(control);
        if (bit != Accept::none && (last_.accepted & bit) == Accept::none) {
            return detail::win32::invalid_service_control;
        }
        return deliver(event);
    }

    void forget() {
        history_.clear();
        log_.clear();
        progress_.clear();
        violations_.clear();
        last_ = ServiceStatus();
        due_at_ = kill_at_ = Duration::longest();
        hung_ = start_failed_ = killed_ = event_ = woken_ = busy_ = waiting_ = stopped_ = false;
        alive_ = true;
    }

    void service_main() {
        monitor_.lock();
        while (turn_ != Turn::service) monitor_.wait();
        monitor_.unlock();
        static_cast<void>(core_.main(arguments_)); // register_handler() never fails here
        monitor_.lock();
        alive_ = waiting_ = false;
        turn_ = Turn::test;
        monitor_.notify_all();
        monitor_.unlock();
    }

    // Runs the body until it sleeps or has ended.
    void run_service() {
        monitor_.lock();
        woken_ = false;
        turn_ = Turn::service;
        monitor_.notify_all();
        while (turn_ != Turn::test) monitor_.wait();
        monitor_.unlock();
    }

    void settle() {
        while (alive_ && waiting_ && woken_ && !busy_) run_service();
    }

    void limit(Duration span) {
        if (state() != ServiceState::stopped && clock_ + span < kill_at_) kill_at_ = clock_ + span;
    }

    void end_process() {
        monitor_.lock();
        ending_ = true;
        const bool waits = alive_ && waiting_;
        monitor_.unlock();
        if (waits) run_service();
        thread_.join();
        ending_ = false;
        due_at_ = kill_at_ = Duration::longest();
    }

    // Checks a report against the rules of the SCM.
    void judge(const ServiceStatus& status) {
        const auto violate = [&](const char* what) { violations_.emplace_back(what); };
        const bool pending = detail::is_pending(status.state);
        if (stopped_) violate("a report after STOPPED");
        if (status.type != ServiceType::own_process && status.type != ServiceType::share_process) {
            violate("an unknown service type");
        }
        if (!pending && (status.checkpoint != 0 || status.wait_hint != Duration()))
            violate("a checkpoint or a wait hint outside a pending state");
        if (pending && status.state == last_.state && status.checkpoint < last_.checkpoint) {
            violate("a checkpoint below the previous one");
        }
        if (history_.empty() && status.state != ServiceState::start_pending)
            violate("a first report other than START_PENDING");
        if (!history_.empty() && status.state != last_.state) {
            if (status.state == ServiceState::start_pending) violate("START_PENDING after another state");
            if (last_.state == ServiceState::stop_pending && status.state != ServiceState::stopped) {
                violate("a state other than STOPPED after STOP_PENDING");
            }
        }
        if (status.state == ServiceState::start_pending && status.accepted != Accept::none) {
            violate("an accepted control during START_PENDING");
        }
        if (status.state != ServiceState::stopped && status.exit_code != 0) violate("an exit code before STOPPED");
    }

    std::uint32_t register_handler(detail::ServiceCore&, const std::string&) noexcept override { return 0; }

    std::uint32_t set_status(const ServiceStatus& status) noexcept override {
        if (ending_) return detail::win32::no_error; // the process is being killed
        if (report_error_ != detail::win32::no_error) return report_error_;
        judge(status);
        const bool alive = history_.empty() || status.state != last_.state || status.checkpoint > last_.checkpoint;
        if (status.state == ServiceState::stopped) {
            start_failed_ = start_failed_ || !has_run();
            stopped_ = true;
            kill_at_ = Duration::longest();
        }
        last_ = status;
        history_.push_back({status, clock_});
        if (!detail::is_pending(status.state)) {
            due_at_ = Duration::longest();
        } else if (alive) {
            due_at_ = clock_ + status.wait_hint;
        }
        return detail::win32::no_error;
    }

    bool has_run() const {
        for (const Report& report : history_) {
            if (report.status.state == ServiceState::running) return true;
        }
        return false;
    }

    void* service_handle() noexcept override { return nullptr; }
    void lock() noexcept override { monitor_.lock(); }
    void unlock() noexcept override { monitor_.unlock(); }

    bool wait(Duration longest) noexcept override {
        if (ending_) return false;
        wake_at_ = clock_ + longest;
        waiting_ = true;
        woken_ = false;
        turn_ = Turn::test;
        monitor_.notify_all();
        while (turn_ != Turn::service) monitor_.wait();
        waiting_ = false;
        return !ending_;
    }

    void wake() noexcept override { woken_ = true; }
    void set_event(bool pending) noexcept override { event_ = pending; }
    void* native_handle() noexcept override { return nullptr; }
    Duration now() noexcept override { return clock_; }

    Duration stop_allowance(const std::string&, StopReason reason) noexcept override {
        if (reason == StopReason::preshutdown) return preshutdown_timeout_;
        return reason == StopReason::shutdown ? shutdown_timeout_ : Duration::longest();
    }

    void log(Severity severity, const std::string&, const std::string& text) noexcept override {
        if (stopped_) violations_.emplace_back("a log entry after STOPPED");
        log_.push_back({severity, text});
    }
    void show_progress(const std::string&, const std::string& text) noexcept override { progress_.push_back(text); }

    enum class Turn { test, service };

    detail::ServiceCore& core_;
    detail::Monitor monitor_;
    std::vector<std::string> arguments_;
    std::vector<Report> history_;
    std::vector<LogEntry> log_;
    std::vector<std::string> progress_;
    std::vector<std::string> violations_;
    ServiceStatus last_;
    ServiceType type_ = ServiceType::own_process;
    Duration clock_;
    Duration wake_at_;
    Duration due_at_ = Duration::longest();  // the end of the wait hint
    Duration kill_at_ = Duration::longest(); // the end of the time for a shutdown
    Duration preshutdown_timeout_ = Duration::seconds(10);
    Duration shutdown_timeout_ = Duration::seconds(5);
    std::uint32_t report_error_ = detail::win32::no_error;
    Turn turn_ = Turn::test;
    bool alive_ = false;
    bool waiting_ = false;
    bool woken_ = false;
    bool busy_ = false;
    bool ending_ = false;
    bool stopped_ = false;
    bool event_ = false;
    bool hung_ = false;
    bool start_failed_ = false;
    bool killed_ = false;
    detail::TestThread thread_;
};

} // namespace testing
} // namespace daemonize

#endif
