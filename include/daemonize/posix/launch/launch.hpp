// A launch from beginning to end: check, lock, fork, set up, wait. Launch is what it came to, on the launcher's side.
// Uses everything in posix; Daemonizer is its face.
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCH_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCH_HPP

#include "check.hpp"
#include "daemon.hpp"
#include "launcher.hpp"

#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {

class Launch;

namespace detail {

// A Service says them in its own way.
inline const List<Failure>& problems_of(const Launch& launch) noexcept;

} // namespace detail

/// What a launch came to, in the launcher.
class Launch {
  public:
    Launch() = default;
    Launch(std::string name, detail::List<Failure> problems) : name_(std::move(name)), problems_(std::move(problems)) {}
    Launch(std::string name, detail::Outcome outcome) : name_(std::move(name)), outcome_(std::move(outcome)) {
        if (outcome_.failure) problems_.push_back(std::move(outcome_.failure));
    }

    /// Whether the daemon runs and is ready.
    bool ok() const noexcept { return problems_.empty(); }
    explicit operator bool() const noexcept { return ok(); }

    /// The daemon's process; -1 where none came so far.
    pid_t pid() const noexcept { return outcome_.pid; }

    /// What failed; where validation found several problems, the first.
    const Failure& failure() const noexcept {
        static const Failure none;
        return ok() ? none : problems_[0];
    }

    /// All that failed: validation reports everything that is wrong at once.
    std::vector<Failure> problems() const { return {problems_.begin(), problems_.end()}; }

    /// The daemon's own exit status, if it exited before it was ready; -1 else.
    int exit_status() const noexcept {
        return outcome_.died && WIFEXITED(outcome_.wait_status) ? WEXITSTATUS(outcome_.wait_status) : -1;
    }

    /// The signal that killed the daemon before it was ready; 0 else.
    int term_signal() const noexcept { return WIFSIGNALED(outcome_.wait_status) ? WTERMSIG(outcome_.wait_status) : 0; }

    /// What the daemon wrote to standard error before it was ready: the last 64 KiB of it.
    const std::string& error_output() const noexcept { return outcome_.words; }

    /// The signal that came while the launcher waited, and ended the launch; 0 else.
    int interrupted_by() const noexcept { return outcome_.interrupted_by; }

    /// The status for the launcher to end with: 0, or the failure's.
    int exit_code() const noexcept { return ok() ? 0 : failure().exit_code(); }

    /// Writes what failed to standard error, a line for each problem, led by the daemon's name.
    void print() const {
        for (const Failure& problem : problems_)
            detail::write_error(detail::joined({name_, ": ", problem.message(), "\n"}));
    }

  private:
    friend const detail::List<Failure>& detail::problems_of(const Launch& launch) noexcept;

    std::string name_;
    detail::List<Failure> problems_;
    detail::Outcome outcome_;
};

namespace detail {

inline const List<Failure>& problems_of(const Launch& launch) noexcept { return launch.problems_; }

// Ends the plan's life in the launcher. In the daemon it is released to daemon_state().
class OwnedPlan {
  public:
    explicit OwnedPlan(const Options& options) : plan_(new Plan(options)) {}
    OwnedPlan(const OwnedPlan&) = delete;
    OwnedPlan& operator=(const OwnedPlan&) = delete;
    ~OwnedPlan() { delete plan_; }
    Plan& operator*() const noexcept { return *plan_; }
    Plan* operator->() const noexcept { return plan_; }
    Plan* release() noexcept { return std::exchange(plan_, nullptr); }

  private:
    Plan* plan_;
};

// The last of the checks, and the first of the steps: what must exist, and be locked, before any fork.
inline void make_ready_to_fork(Plan& plan, const Options& options, LaunchState& launch_state) {
    check_directories(plan);
    if (!plan.problems.empty()) {
        if (options.pid_file_part) options.pid_file_part->check(plan);
        return;
    }
    if (!plan.runtime_directory.empty()) {
        const StepError failed =
            options.directories->make(Stage::runtime_directory, plan.runtime_directory, plan.owner(), &plan.made);
        if (failed) return plan.problems.push_back(to_failure(failed));
    }
    if (!plan.pid_file.path.empty()) {
        Failure failure =
            options.pid_file_part->open(plan.pid_file.path, plan.pid_file_owners(), launch_state.pid_file);
        if (failure) return plan.problems.push_back(std::move(failure));
    }
    if (const int error = ForkGuard::prepare()) return plan.problem(Stage::fork, error, "");
    if (!plan.chroot.empty()) tzset(); // the zone's file is out of reach inside
}

// The daemon's standard error until it is ready. Only our end is made non-blocking.
inline StepError make_stderr_pipe(Descriptor& read_end, Descriptor& write_end) noexcept {
    const bool is_made =
        make_pipe(read_end, write_end) && DAEMONIZE_SYSTEM(fcntl)(read_end.get(), F_SETFL, O_NONBLOCK) == 0;
    return is_made ? StepError() : step_error(Stage::channel, errno);
}

// In the process that has become the daemon: the launch is the process's own from here on.
inline StepError finish_set_up(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& own) {
    const StepError failed = set_up(*plan, options, launch_state);
    if (failed) return failed;
    own.plan = plan.release();
    own.channel.hold(std::move(launch_state.channel.daemon));
    own.stderr_target = std::move(launch_state.stderr_target);
    return options.wait ? StepError() : announce_ready(own);
}

// The child's side of the first fork. Returns in the daemon alone.
inline void run_child(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& own) {
    launch_state.channel.launcher.reset();
    // Where a daemon launches another, what it told its own launcher, and has still to tell, is not this child's.
    own.plan = nullptr;
    own.stderr_target.reset();
    own.ready = false;
    const int channel = launch_state.channel.daemon.get();
    Plan& the_plan = *plan; // the same once it is the process's own
    StepError failed;
    if (options.fork == Fork::twice) failed = fork_again(*plan, options, launch_state);
    if (!failed) failed = finish_set_up(plan, options, launch_state, own);
    if (!failed) return;
    the_plan.pid_file.remove(); // nobody else does, if the launcher is gone
    roll_back_launch(the_plan, launch_state.pid_file, {});
    static_cast<void>(send_step_error(channel, failed, 0));
    DAEMONIZE_SYSTEM(_exit)(exit_code(failed.stage));
}

// What connects launcher and daemon. The daemon's words are caught where somebody waits for them; standard error that is
// to be kept is the launcher's own, and needs no catching.
inline StepError connect(const Plan& plan, const Options& options, bool keep_stderr, LaunchState& launch_state,
                         Descriptor& words) noexcept {
    if (const StepError failed = make_channel(launch_state.channel)) return failed;
    if (!options.wait && !keep_stderr) return StepError();
    if (plan.streams[STDERR_FILENO].kind == StreamTarget::Kind::kept) return StepError();
    return make_stderr_pipe(words, launch_state.words);
}

inline bool fork_and_wait(OwnedPlan& plan, const Options& options, LaunchState& launch_state, Descriptor& words,
                          bool keep_stderr, BlockedSignals& blocked_signals, Launch& launch) {
    Outcome outcome;
    WaitableChildren waitable;
    launch_state.sigchld = waitable.before();
    pid_t child = -1;
    if (const int error = blocked_signals.error() != 0 ? blocked_signals.error() : waitable.error()) {
        outcome.failure = posix_failure(Stage::signal_reset, error, "");
    } else {
        child = DAEMONIZE_SYSTEM(fork)();
        if (child < 0) outcome.failure = posix_failure(Stage::fork, errno, "");
    }
    if (child == 0) {
        blocked_signals.leave_blocked();
        waitable.leave_waitable();
        words.reset();
        run_child(plan, options, launch_state, daemon_state());
        return true;
    }
    if (child > 0) {
        launch_state.channel.daemon.reset();
        launch_state.words.reset();
        outcome = Launcher(*plan, options, child, launch_state, words.get(), keep_stderr).await(blocked_signals);
    }
    if (outcome.failure) roll_back_all(*plan, launch_state.pid_file, false);
    // A signal that came behind readiness would end a launcher whose daemon is up, and look like a failed start. It has
    // nothing left to do but to leave.
    if (!outcome.failure && !keep_stderr) blocked_signals.leave_blocked();
    launch = Launch(plan->name, std::move(outcome));
    return false;
}

// Launches. True in the daemon, where it has become the process's own; false in the launcher, with what came of it.
inline bool start(const Options& options, bool keep_stderr, Launch& launch) {
    OwnedPlan plan(options);
    LaunchState launch_state;
    DaemonState& own = daemon_state(); // made here, before the fork: it allocates
    // Both processes would write out what stdio holds; so nothing may be left in it.
    if (!options.foreground && std::fflush(nullptr) != 0) plan->problem(Stage::flush, errno, "what stdio still held");
    // The launcher of a daemon that is up leaves, and the kernel ends all that a container's process 1 leaves behind.
    if (!options.foreground && !keep_stderr && DAEMONIZE_SYSTEM(getpid)() == 1) {
        plan->problem(Stage::fork, EINVAL, "", "this is process 1, and all others end with it: run in the foreground");
    }
    // From the first thing that is made, a signal waits: it is not to end us before we can take it away again.
    BlockedSignals blocked_signals;
    make_ready_to_fork(*plan, options, launch_state);
    if (plan->problems.empty() && options.foreground) {
        launch = options.foreground->launch(plan, options, launch_state, own);
        if (launch.ok()) blocked_signals.leave_blocked(); // in name: set-up has emptied the mask
        return launch.ok();
    }
    Descriptor words;
    if (plan->problems.empty()) {
        if (const StepError failed = connect(*plan, options, keep_stderr, launch_state, words)) {
            plan->problems.push_back(to_failure(failed));
        }
    }
    if (!plan->problems.empty()) {
        roll_back_launch(*plan, launch_state.pid_file, plan->made);
        launch = Launch(plan->name, std::move(plan->problems));
        return false;
    }
    return fork_and_wait(plan, options, launch_state, words, keep_stderr, blocked_signals, launch);
}

} // namespace detail
} // namespace daemonize

#endif
