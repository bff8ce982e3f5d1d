// FakeScm: a service control manager for tests, with a clock of its own, on any platform. It behaves the same each time.
// Uses win_service and thread; it is part of <daemonize.hpp> where DAEMONIZE_TESTING is defined before the include.
#ifndef DAEMONIZE_TESTING_FAKE_SCM_HPP
#define DAEMONIZE_TESTING_FAKE_SCM_HPP

#include "../scm/win_service.hpp"
#include "thread.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace testing {

/// Starts a service, controls it, lets time pass, and keeps what it reported. The service's body runs in a thread, as
/// under Windows, but never beside the test: each call here returns once the body waits for time, for a control, or has
/// ended. A body must wait by its Context alone, and end where that says so.
///
///     daemonize::WinService service("Backup");
///     service.body([](daemonize::WinService::Context& context) { … });
///     daemonize::testing::FakeScm scm(service);
///     scm.start({"--full"});
///     scm.advance(std::chrono::seconds(30));
///     scm.control(daemonize::Control::stop);
///     assert(scm.state() == daemonize::ServiceState::stopped && scm.exit_code() == 0);
class FakeScm final : private detail::ServicePort {
  public:
    struct Report {
        ServiceStatus status;
        Duration at;
    };
    struct LogEntry {
        Severity severity;
        std::string text;
    };

    /// The service must outlive it, and have a body.
    explicit FakeScm(WinService& service) : core_(service.core()) {}
    FakeScm(const FakeScm&) = delete;
    FakeScm& operator=(const FakeScm&) = delete;

    /// Ends what still runs.
    ~FakeScm() { end_process(); }

    /// StartService with these arguments: 0, or a Win32 error. Afterwards the body has come to its first wait.
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

    /// ControlService, by Windows' rules: what is not accepted is refused, with 1052 while the start is pending and 1061
    /// while the stop is. Else what the handler answers.
    std::uint32_t control(Control control) { return send(ControlEvent(control)); }
    std::uint32_t control(PowerEvent event) { return send(ControlEvent(std::move(event))); }
    std::uint32_t control(SessionEvent event) { return send(ControlEvent(event)); }
    std::uint32_t control(DeviceEvent event) { return send(ControlEvent(std::move(event))); }
    std::uint32_t control(HardwareProfileEvent event) { return send(ControlEvent(event)); }
    std::uint32_t control(TimeChangeEvent event) { return send(ControlEvent(event)); }

    /// Hands a control to the handler whatever the service accepts: a stop during its start, say. What it answers.
    std::uint32_t deliver(const ControlEvent& event) {
        if (!alive_) return detail::win32::service_not_active;
        const std::uint32_t answer = core_.handle(event);
        if (event.control == Control::preshutdown) limit(preshutdown_timeout_);
        if (event.control == Control::shutdown) limit(shutdown_timeout_);
        settle();
        return answer;
    }
    std::uint32_t deliver(Control control) { return deliver(ControlEvent(control)); }

    /// Shuts the machine down: a pre-shutdown where it is accepted, and then a shutdown to what still runs. What does not
    /// stop in its time is killed.
    void shut_down() {
        if (control(Control::preshutdown) == detail::win32::no_error) advance(preshutdown_timeout_);
        if (control(Control::shutdown) == detail::win32::no_error) advance(shutdown_timeout_);
        if (state() != ServiceState::stopped) kill();
    }

    /// Lets so much time pass: everything that falls due meanwhile happens in its order.
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
                hung_ = true; // silent for longer than it said
                start_failed_ = start_failed_ || state() == ServiceState::start_pending;
                due_at_ = Duration::longest();
            }
        }
        clock_ = target;
    }

    /// Ends the process at once, as the task manager does.
    void kill() {
        if (!alive_) return;
        killed_ = true;
        end_process();
        last_ = ServiceStatus();
        last_.exit_code = detail::win32::process_aborted;
    }

    /// For a body to call: so much time passes while it works and hears nothing. Returns at once when it is killed.
    void busy_for(Duration span) {
        monitor_.lock();
        busy_ = true;
        static_cast<void>(wait(span));
        busy_ = false;
        monitor_.unlock();
    }

    ServiceState state() const { return last_.state; }
    const ServiceStatus& status() const { return last_; }
    /// All that was reported since the start, the first first.
    const std::vector<Report>& history() const { return history_; }
    /// How it ended: the service's own code where it gave one, else the Win32 error; 0 is a success.
    std::uint32_t exit_code() const {
        return last_.exit_code == detail::win32::service_specific_error ? last_.service_exit_code : last_.exit_code;
    }
    /// Whether it was silent, in a pending state, for longer than its hint: no new checkpoint.
    bool hung() const { return hung_; }
    /// Whether Windows would call the start failed: it hung, or ended before it was running.
    bool start_failed() const { return start_failed_; }
    bool killed() const { return killed_; }
    /// What it wrote to the event log.
    const std::vector<LogEntry>& log_entries() const { return log_; }
    const std::vector<std::string>& progress_texts() const { return progress_; }
    /// Whether the event behind native_handle() is set.
    bool event_is_set() const { return event_; }
    /// What it reported against the SCM's rules, each in a line. Always empty, or the library is at fault.
    const std::vector<std::string>& violations() const { return violations_; }

    Duration clock() const { return clock_; }
    FakeScm& preshutdown_timeout(Duration span) {
        preshutdown_timeout_ = span;
        return *this;
    }
    FakeScm& shutdown_timeout(Duration span) {
        shutdown_timeout_ = span;
        return *this;
    }
    FakeScm& service_type(ServiceType type) {
        type_ = type;
        return *this;
    }
    /// The process's command line, without the program.
    FakeScm& command_line(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "service.exe");
        core_.command_line = std::move(arguments);
        return *this;
    }
    /// Has SetServiceStatus fail with this Win32 error from here on.
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
        static_cast<void>(core_.main(arguments_)); // registering never fails here
        monitor_.lock();
        alive_ = waiting_ = false;
        turn_ = Turn::test;
        monitor_.notify_all();
        monitor_.unlock();
    }

    // The body's turn, until it waits or has ended.
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

    // What Windows asks of a service's reports.
    void judge(const ServiceStatus& status) {
        const auto violate = [&](const char* what) { violations_.emplace_back(what); };
        const bool pending = detail::is_pending(status.state);
        if (stopped_) violate("a report after STOPPED");
        if (status.type != ServiceType::own_process && status.type != ServiceType::share_process) {
            violate("a type that is none");
        }
        if (!pending && (status.checkpoint != 0 || status.wait_hint != Duration()))
            violate("a checkpoint, not pending");
        if (pending && status.state == last_.state && status.checkpoint < last_.checkpoint) {
            violate("a checkpoint that went back");
        }
        if (history_.empty() && status.state != ServiceState::start_pending) violate("no START_PENDING first");
        if (!history_.empty() && status.state != last_.state) {
            if (status.state == ServiceState::start_pending) violate("back to START_PENDING");
            if (last_.state == ServiceState::stop_pending && status.state != ServiceState::stopped) {
                violate("back from STOP_PENDING");
            }
        }
        if (status.state == ServiceState::start_pending && status.accepted != Accept::none) {
            violate("something accepted while START_PENDING");
        }
        if (status.state != ServiceState::stopped && status.exit_code != 0) violate("an exit code before STOPPED");
    }

    std::uint32_t register_handler(detail::ServiceCore&, const std::string&) noexcept override { return 0; }

    std::uint32_t set_status(const ServiceStatus& status) noexcept override {
        if (ending_) return detail::win32::no_error; // nobody is there to be told
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
    detail::TestMonitor monitor_;
    std::vector<std::string> arguments_;
    std::vector<Report> history_;
    std::vector<LogEntry> log_;
    std::vector<std::string> progress_;
    std::vector<std::string> violations_;
    ServiceStatus last_;
    ServiceType type_ = ServiceType::own_process;
    Duration clock_;
    Duration wake_at_;
    Duration due_at_ = Duration::longest();  // the next checkpoint
    Duration kill_at_ = Duration::longest(); // the end of a shutdown's patience
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
