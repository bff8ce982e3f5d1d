// The flow of a launch: check, lock, fork, set up, wait (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCH_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCH_HPP

#include "check.hpp"
#include "daemon.hpp"
#include "foreground.hpp"
#include "launch_result.hpp"
#include "launcher.hpp"
#include "rollback.hpp"

#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

namespace daemonize {
namespace detail {

// The last checks, and the steps that must come before any fork. Stores each failure in the plan's problems.
inline void prepare_launch(Plan& plan, LaunchState& launch_state) {
    check_directories(plan);
    if (!plan.problems.empty()) return check_pid_file(plan);
    if (!plan.runtime_directory.empty()) {
        plan.problem(to_failure(
            make_directory(Stage::runtime_directory, plan.runtime_directory, plan.owner(), &plan.first_made)));
        if (!plan.problems.empty()) return;
    }
    if (!plan.pid_file.path.empty()) {
        plan.problem(open_others_pid_file(plan.pid_file.path, plan.pid_file_mode, plan.pid_file_owners(),
                                          launch_state.pid_file));
        if (!plan.problems.empty()) return;
    }
    if (const int error = ForkGuard::prepare()) plan.problem(Stage::fork, error, "");
    if (!plan.chroot.empty()) tzset(); // reads the file of the time zone, which the new root hides
}

// Rolls prepare_launch() back, unless a later step of the launch does so.
class Preparation {
  public:
    Preparation(const Plan& plan, const OpenPidFile& pid_file) noexcept : plan_(&plan), pid_file_(pid_file) {}
    Preparation(const Preparation&) = delete;
    Preparation& operator=(const Preparation&) = delete;
    ~Preparation() {
        if (plan_ != nullptr) roll_back_preparation(*plan_, pid_file_);
    }

    void leave() noexcept { plan_ = nullptr; }

  private:
    const Plan* plan_;
    const OpenPidFile& pid_file_;
};

// The launcher's end of the pipe does not block.
inline StepError make_output_pipe(OutputPipe& pipe) noexcept {
    const bool is_made = make_pipe(pipe.read_end, pipe.write_end) &&
                         DAEMONIZE_SYSTEM(fcntl)(pipe.read_end.get(), F_SETFL, O_NONBLOCK) == 0;
    return is_made ? StepError() : step_error(Stage::channel, errno);
}

// The channel, and a pipe for each standard stream that the launcher relays. With stderr_to(keep) the daemon writes to
// the launcher's standard error.
inline StepError connect(const Plan& plan, const Options& options, bool keep_output,
                         LaunchState& launch_state) noexcept {
    if (const StepError failed = make_channel(launch_state.channel)) return failed;
    if (!options.wait && !keep_output) return StepError();
    for (int i = 0; i < 3; ++i) {
        if (!plan.streams[i].waits || plan.streams[i].kind == StreamTarget::Kind::kept) continue;
        if (const StepError failed = make_output_pipe(launch_state.pipes[i])) return failed;
    }
    return StepError();
}

// Set-up in the forked process, which then is the daemon and owns the plan.
inline StepError finish_set_up(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& state) {
    if (const StepError failed = set_up_before_drop(*plan, options, launch_state)) return failed;
    if (const StepError failed = set_up_from_drop(*plan, options, launch_state)) return failed;
    state.plan = plan.release();
    state.channel.hold(std::move(launch_state.channel.daemon));
    for (int i = 0; i < 3; ++i) state.targets[i] = std::move(launch_state.targets[i]);
    return options.wait ? StepError() : announce_ready(state);
}

// The child's side of the first fork. Returns in the daemon only.
inline void run_child(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& state) {
    launch_state.channel.launcher.reset();
    // A daemon may launch another daemon, which must not use the state of the first.
    state.plan = nullptr;
    state.launched_here = true;
    for (Descriptor& target : state.targets) target.reset();
    state.ready = false;
    const int channel = launch_state.channel.daemon.get();
    Plan& the_plan = *plan; // finish_set_up() releases the plan
    StepError failed;
    if (options.fork == Fork::twice) failed = fork_again(*plan, options, launch_state);
    if (!failed) failed = step_within_memory([&] { return finish_set_up(plan, options, launch_state, state); });
    if (!failed) return;
    the_plan.pid_file.remove(); // the launcher may be dead
    roll_back_pid_file(the_plan, launch_state.pid_file);
    static_cast<void>(send_step_error(channel, failed, 0));
    DAEMONIZE_SYSTEM(_exit)(exit_code(failed.stage));
}

// The launcher's next step once the daemon is ready.
enum class WhenReady {
    exit,   // exits 0 inside start()
    finish, // returns from start() with signals blocked, to print a line and exit
    go_on   // returns from start(); the result has the daemon's output, which is not shown
};

// Returns the result in the launcher, and nothing in the daemon. Throws no std::bad_alloc.
inline std::optional<Launch> fork_and_wait(OwnedPlan& plan, const Options& options, LaunchState& launch_state,
                                           WhenReady when_ready, BlockedSignals& blocked_signals) {
    Outcome outcome;
    Launcher launcher(*plan, options, launch_state, when_ready == WhenReady::go_on);
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
        for (OutputPipe& pipe : launch_state.pipes) pipe.read_end.reset();
        run_child(plan, options, launch_state, daemon_state());
        return std::nullopt;
    }
    if (child > 0) {
        launch_state.channel.daemon.reset();
        for (OutputPipe& pipe : launch_state.pipes) pipe.write_end.reset();
        outcome = launcher.await(child, blocked_signals);
    }
    // Freeing the plan's memory first would cost 2 % of a start, in page faults.
    if (!outcome.failure && when_ready == WhenReady::exit) DAEMONIZE_SYSTEM(_exit)(0);
    if (outcome.failure) roll_back_all(*plan, launch_state.pid_file, false);
    // The launcher exits next. A signal that ended it now would make a successful start look like a failed one.
    if (!outcome.failure && when_ready != WhenReady::go_on) blocked_signals.leave_blocked();
    return Launch(std::move(plan->name), std::move(outcome));
}

// As start(). std::bad_alloc is thrown in the launcher alone, and only while nothing is left to roll back.
inline std::optional<Launch> try_start(const Options& options, WhenReady when_ready) {
    OwnedPlan plan(options);
    LaunchState launch_state;
    DaemonState& state = daemon_state();
    // After a fork both processes would write the buffers of stdio.
    if (!options.foreground && std::fflush(nullptr) != 0) plan->problem(Stage::flush, errno, "the buffers of stdio");
    // The launcher exits after a successful launch. The kernel kills every process of a container when process 1 exits.
    if (!options.foreground && when_ready != WhenReady::go_on && DAEMONIZE_SYSTEM(getpid)() == 1) {
        plan->problem(Stage::fork, EINVAL, "",
                      "this is process 1, and the daemon would end with it: run in the foreground");
    }
    // From here on the launch makes files. A signal must not end the launcher before it can remove them.
    BlockedSignals blocked_signals;
    Preparation preparation(*plan, launch_state.pid_file);
    prepare_launch(*plan, launch_state);
    if (plan->problems.empty() && options.foreground) {
        preparation.leave();
        Launch launch = launch_here(plan, options, launch_state, state);
        if (!launch.ok()) return launch;
        blocked_signals.leave_blocked(); // set-up has set the mask
        return std::nullopt;
    }
    if (plan->problems.empty()) {
        plan->problem(to_failure(connect(*plan, options, when_ready == WhenReady::go_on, launch_state)));
    }
    if (!plan->problems.empty()) return Launch(std::move(plan->name), std::move(plan->problems));
    preparation.leave();
    return fork_and_wait(plan, options, launch_state, when_ready, blocked_signals);
}

// Launches a daemon. Returns the result in the launcher, and nothing in the daemon. Throws no std::bad_alloc.
inline std::optional<Launch> start(const Options& options, WhenReady when_ready) {
    // If even the name finds no memory, it is cut to the characters that a std::string stores without an allocation.
    std::string name;
    if (!call_within_memory([&] { name = options.name; })) name.assign(options.name, 0, name.capacity());
    std::optional<Launch> result;
    if (call_within_memory([&] { result = try_start(options, when_ready); })) return result;
    Outcome outcome;
    outcome.failure = out_of_memory(Stage::memory);
    return Launch(std::move(name), std::move(outcome));
}

} // namespace detail
} // namespace daemonize

#endif
