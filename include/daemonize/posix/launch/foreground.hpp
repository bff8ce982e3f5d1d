// A launch in the foreground: set-up in this process, and a helper process that can roll it back (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_FOREGROUND_HPP
#define DAEMONIZE_POSIX_LAUNCH_FOREGROUND_HPP

#include "daemon.hpp"
#include "launch_result.hpp"
#include "rollback.hpp"
#include "set_up.hpp"

#include <string>
#include <sys/wait.h>
#include <utility>

namespace daemonize {
namespace detail {

// A child process that rolls a launch back. This process cannot roll back in a new root, because each path leads
// elsewhere, or as another user. The child keeps the old root and identity. The child waits for a byte on a socket, and
// exits without a rollback when the socket closes.
class RollbackHelper {
  public:
    RollbackHelper() noexcept = default;
    RollbackHelper(const RollbackHelper&) = delete;
    RollbackHelper& operator=(const RollbackHelper&) = delete;

    // Forks the child. Runs after hold_pid_file(), so that the child knows the pid file.
    StepError start(const Plan& plan) noexcept {
        Descriptor child_end;
        if (!make_socket_pair(child_end, parent_end_)) return step_error(Stage::channel, errno);
        child_ = DAEMONIZE_SYSTEM(fork)();
        if (child_ < 0) return step_error(Stage::fork, errno);
        if (child_ > 0) return StepError();
        parent_end_.reset();
        char byte;
        if (retry([&] { return DAEMONIZE_SYSTEM(recv)(child_end.get(), &byte, 1, 0); }) == 1) roll_back(plan);
        DAEMONIZE_SYSTEM(_exit)(0);
    }

    // Makes the child roll the launch back. Returns false if no child runs.
    bool request_rollback() noexcept {
        const bool is_sent = child_ > 0 && DAEMONIZE_SYSTEM(send)(parent_end_.get(), "", 1, no_sigpipe) == 1;
        finish();
        return is_sent;
    }

    // Ends the child and reaps it. shutdown(2) ends the stream even if another thread's child has a copy of the
    // descriptor.
    void finish() noexcept {
        if (child_ <= 0) return;
        static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(parent_end_.get(), SHUT_WR));
        parent_end_.reset();
        retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child_, nullptr, 0); });
    }

  private:
    // The parent holds the lock meanwhile. The child has no descriptor of the pid file: ForkGuard closed it.
    static void roll_back(const Plan& plan) noexcept {
        const HeldPidFile& held = plan.pid_file;
        if (held.owner != 0 && leads_to(held.path.c_str(), held.info)) {
            static_cast<void>(DAEMONIZE_SYSTEM(unlink)(held.path.c_str()));
        }
        roll_back_all(plan, OpenPidFile(), true);
    }

    Descriptor parent_end_;
    pid_t child_ = -1;
};

// Starts the helper if the launch makes files, and then loses the right or the path to remove them.
inline StepError start_rollback_helper(const Plan& plan, RollbackHelper& helper) noexcept {
    const bool loses_access = plan.identity.changes_user || !plan.chroot.empty();
    const bool makes_files = !plan.pid_file.path.empty() || !plan.missing.empty() || !plan.missing_logs.empty();
    return loses_access && makes_files ? helper.start(plan) : StepError();
}

inline StepError set_up_here(Plan& plan, const Options& options, LaunchState& launch_state, RollbackHelper& helper) {
    if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, nullptr, &launch_state.sigchld) != 0) {
        return step_error(Stage::signal_reset, errno, "SIGCHLD");
    }
    if (const StepError failed = set_up_before_drop(plan, options, launch_state)) return failed;
    // The helper starts after before_drop(), in which the application may wait for any child.
    if (const StepError failed = start_rollback_helper(plan, helper)) return failed;
    return set_up_from_drop(plan, options, launch_state);
}

// The process that waits for ready() in the foreground. A process that exits before ready() is a failed start: the
// destructor, which runs at exit(3) after every handler that main registered, removes the pid file and the empty
// directories that the launch made. After a change of the user, rmdir(2) removes only the directories that the user may
// remove. In a new root the paths lead elsewhere, so every directory stays.
struct UnreadyForeground {
    UnreadyForeground() noexcept = default;
    UnreadyForeground(const UnreadyForeground&) = delete;
    UnreadyForeground& operator=(const UnreadyForeground&) = delete;
    ~UnreadyForeground() {
        if (process == 0 || process != DAEMONIZE_SYSTEM(getpid)()) return;
        const DaemonState& state = daemon_state();
        if (state.ready || !state.plan->chroot.empty()) return;
        state.plan->pid_file.remove();
        remove_missing_directories(*state.plan);
    }

    pid_t process = 0;
};

DAEMONIZE_SHARED inline UnreadyForeground unready_foreground;

// Launches without a fork: this process becomes the daemon, or the result has the failure. Throws no std::bad_alloc.
inline Launch launch_here(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& state) {
    RollbackHelper helper;
    state.launched_here = true;
    const StepError failed =
        state.plan != nullptr ? step_error(Stage::options, EBUSY, "foreground()", "this process is a daemon already")
                              : step_within_memory([&] { return set_up_here(*plan, options, launch_state, helper); });
    if (failed) {
        Outcome outcome;
        outcome.failure = to_failure(failed);
        if (plan->pid_file.file) plan->pid_file.remove();
        if (!helper.request_rollback()) roll_back_all(*plan, launch_state.pid_file, true);
        HeldPidFiles::remove(&plan->pid_file);
        return Launch(std::move(plan->name), std::move(outcome));
    }
    helper.finish();
    state.plan = plan.release();
    if (options.wait) unready_foreground.process = DAEMONIZE_SYSTEM(getpid)();
    state.targets[STDERR_FILENO] = std::move(launch_state.targets[STDERR_FILENO]);
    const StepError swapped = swap_streams(state.plan->streams, state.targets);
    if (swapped) exit_failed(state, swapped);
    return Launch();
}

} // namespace detail
} // namespace daemonize

#endif
