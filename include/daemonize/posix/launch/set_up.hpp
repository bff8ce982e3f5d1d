// Set-up: the steps that make the forked process a daemon, in the order of daemon(7) (internal). Only before_drop() and
// the binding of a Service's sockets allocate.
#ifndef DAEMONIZE_POSIX_LAUNCH_SET_UP_HPP
#define DAEMONIZE_POSIX_LAUNCH_SET_UP_HPP

#include "../../core/invoke.hpp"
#include "../system/signals.hpp"
#include "channel.hpp"
#include "plan.hpp"

#include <string>

namespace daemonize {
namespace detail {

// The descriptors of a launch, and the launcher's action for SIGCHLD.
struct LaunchState {
    Channel channel;
    OutputPipe pipes[3];  // of each standard stream that the launcher relays
    OpenPidFile pid_file; // locked by the launcher, until the daemon holds it
    Descriptor null;
    Descriptor targets[3]; // of each standard stream that gets its target at readiness
    struct sigaction sigchld = {};
};

// Starts the session of a daemon that was forked once. After two forks the intermediate process has done so.
inline StepError lead_session(const Options& options) noexcept {
    if (options.foreground || options.fork == Fork::twice || !options.setsid) return StepError();
    if (DAEMONIZE_SYSTEM(setsid)() < 0) return step_error(Stage::setsid, errno);
    return discard_hangup();
}

// Duplicates each descriptor from 0 to 2 that is the target of a stream: fill_streams() replaces it.
inline StepError save_given_streams(Plan& plan) {
    for (int i = 0; i < 3; ++i) {
        StreamTarget& target = plan.streams[i];
        if (target.kind != StreamTarget::Kind::descriptor || target.descriptor > STDERR_FILENO) continue;
        Descriptor copy = duplicate(target.descriptor);
        if (!copy) return step_error(stream_stage(i), errno);
        target.descriptor = copy.release();
        target.is_copy = true;
        insert_sorted(plan.kept, target.descriptor);
    }
    return StepError();
}

inline StepError close_inherited(Plan& plan, const Options& options, const LaunchState& launch_state) {
    if (!options.close_fds) return StepError();
    for (const int opened : {launch_state.channel.daemon.get(), launch_state.pid_file.get(), launch_state.null.get()}) {
        insert_sorted(plan.kept, opened);
    }
    // A process in the foreground may hold pid files already.
    ForkGuard::visit([&](int number) { insert_sorted(plan.kept, number); });
    return close_all_but({plan.kept.data(), plan.kept.size()});
}

// Calls the application's function, which may allocate.
inline StepError call_before_drop(Plan& plan, const Options& options) {
    if (options.bind) {
        const Failure& failed = plan.bind_failure = options.bind();
        if (failed) {
            return step_error(failed.stage(), failed.code().value(), failed.detail().c_str(), failed.reason().c_str());
        }
    }
    if (!options.before_drop) return StepError();
    bool succeeded = false;
    std::string& why = plan.before_drop_text;
    if (call_guarded([&] { succeeded = options.before_drop(why); }, why) && succeeded) return StepError();
    return step_error(Stage::before_drop, ECANCELED, "", why.empty() ? no_why : why.c_str());
}

inline StepError enter_root(const Plan& plan) noexcept {
    if (plan.chroot.empty()) return StepError();
    if (DAEMONIZE_SYSTEM(chroot)(plan.chroot.c_str()) != 0)
        return step_error(Stage::chroot, errno, plan.chroot.c_str());
    // chroot(2) leaves the working directory outside the new root: by that directory the process could leave the root.
    return DAEMONIZE_SYSTEM(chdir)("/") == 0 ? StepError() : step_error(Stage::chroot, errno, plan.chroot.c_str());
}

// Runs inside the new root, so that no link leads outside. Runs before the change of the user, because the user may
// lack the right.
inline StepError make_directories_in_root(const Plan& plan) noexcept {
    const auto make = [&](Stage stage, const std::string& path) {
        return path.empty() ? StepError() : make_directory(stage, path, plan.owner());
    };
    StepError failed;
    if (!plan.chroot.empty()) failed = make(Stage::runtime_directory, plan.runtime_directory);
    if (!failed) failed = make(Stage::state_directory, plan.state_directory);
    if (!failed) failed = make(Stage::log_directory, plan.log_directory);
    return failed;
}

// Sets the groups, the new root, the user and the capabilities, in this order: only root may set groups and call
// chroot(2), and the change of the user clears the effective and the ambient capabilities.
inline StepError drop_privileges(Plan& plan, const Options& options) noexcept {
    if (plan.identity.changes) {
        if (const StepError failed = take_groups(plan.identity)) return failed;
    }
    if (const StepError failed = enter_root(plan)) return failed;
    if (const StepError failed = make_directories_in_root(plan)) return failed;
    if (plan.identity.changes_user) {
        if (const StepError failed = change_user(plan.identity, plan.capabilities.are_set)) return failed;
    }
    if (plan.capabilities.are_set) {
        if (const StepError failed = take_capabilities(plan.capabilities)) return failed;
    }
    if (plan.identity.changes_user) {
        if (const StepError failed = verify_no_root(plan.identity)) return failed;
    }
    if (options.no_new_privileges && !give_up_new_privileges()) return step_error(Stage::no_new_privileges, errno);
    return StepError();
}

// Opens the file of a stream, as the user and inside the new root, so that reopen_logs() can open it in the same way.
// `opened` stays empty for a stream without a file.
inline StepError open_target(const Plan& plan, int stream, Descriptor& opened) noexcept {
    const StreamTarget& target = plan.streams[stream];
    if (target.kind != StreamTarget::Kind::path) return StepError();
    const StepError failed = open_stream_file(stream, target.path.c_str(), opened);
    if (failed && failed.error == EACCES && plan.identity.changes && stream != STDIN_FILENO) {
        return step_error(failed.stage, EACCES, failed.detail,
                          "the user may not write there; log_directory() makes a directory for the user");
    }
    return failed;
}

inline StepError copy_to(Descriptor& copy, int number, int stream) noexcept {
    copy = duplicate(number);
    return copy ? StepError() : step_error(stream_stage(stream), errno);
}

// Opens the target of a stream that waits for readiness. swap_streams() puts it in place.
inline StepError open_waiting_target(const Plan& plan, int stream, LaunchState& launch_state) noexcept {
    const StreamTarget& target = plan.streams[stream];
    Descriptor& opened = launch_state.targets[stream];
    switch (target.kind) {
    case StreamTarget::Kind::null:
        if (stream != STDERR_FILENO) return copy_to(opened, launch_state.null.get(), stream);
        opened = std::move(launch_state.null);
        return StepError();
    case StreamTarget::Kind::kept: return StepError();
    case StreamTarget::Kind::descriptor: return copy_to(opened, target.descriptor, stream);
    case StreamTarget::Kind::path: break;
    }
    // One path for both streams is one open file: two open files would have two offsets.
    const StreamTarget& out = plan.streams[STDOUT_FILENO];
    if (stream == STDERR_FILENO && target.path == out.path) {
        return copy_to(opened, out.waits ? launch_state.targets[STDOUT_FILENO].get() : STDOUT_FILENO, stream);
    }
    return open_target(plan, stream, opened);
}

inline StepError open_streams(const Plan& plan, const Options& options, LaunchState& launch_state) noexcept {
    for (int stream = 0; stream < 3; ++stream) {
        if (plan.streams[stream].waits) {
            if (const StepError failed = open_waiting_target(plan, stream, launch_state)) return failed;
            continue;
        }
        Descriptor opened;
        if (const StepError failed = open_target(plan, stream, opened)) return failed;
        if (!opened) continue;
        if (const StepError failed = put_stream(opened.get(), stream, plan.streams[stream].path.c_str())) return failed;
    }
    launch_state.null.reset();
    // Closes the descriptors that were given for streams, except the descriptors of keep_fd().
    for (const StreamTarget& target : plan.streams) {
        bool kept = target.descriptor <= STDERR_FILENO || (!options.close_fds && !target.is_copy);
        for (const int number : options.kept_fds) kept = kept || number == target.descriptor;
        if (!kept) static_cast<void>(DAEMONIZE_SYSTEM(close)(target.descriptor));
    }
    return StepError();
}

inline StepError change_directory(const Plan& plan) noexcept {
    if (plan.directory.empty()) return StepError();
    const char* path = plan.directory.c_str();
    return DAEMONIZE_SYSTEM(chdir)(path) == 0 ? StepError() : step_error(Stage::chdir, errno, path);
}

// Sets the action of SIGCHLD by the option. `before` is the action before the launch.
inline StepError set_sigchld(Sigchld policy, const struct sigaction& before) noexcept {
    struct sigaction action = before;
    if (policy == Sigchld::ignore) action = plain_action(SIG_IGN);
    if (policy == Sigchld::default_action && is_ignored(before)) action = plain_action(SIG_DFL);
    if (policy == Sigchld::default_action) action.sa_flags &= ~SA_NOCLDWAIT;
    if (!has_handler(action)) action.sa_mask = library_mark(); // is_launched_elsewhere() looks for it
    return DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) == 0
               ? StepError()
               : step_error(Stage::signal_reset, errno, "SIGCHLD");
}

// The steps before the privileges are dropped.
inline StepError set_up_before_drop(Plan& plan, const Options& options, LaunchState& launch_state) {
    if (const StepError failed = set_sigchld(options.sigchld, launch_state.sigchld)) return failed;
    if (const StepError failed = lead_session(options)) return failed;
    if (const StepError failed = restore_ignored(plan.status.ignored)) return failed;
    if (options.umask) static_cast<void>(DAEMONIZE_SYSTEM(umask)(*options.umask)); // always succeeds
    plan.environment.install();
    if (const StepError failed = save_given_streams(plan)) return failed;
    if (const StepError failed = fill_streams(plan.streams, launch_state.null, launch_state.pipes)) return failed;
    if (const StepError failed = close_inherited(plan, options, launch_state)) return failed;
    if (launch_state.pid_file) {
        if (const StepError failed = hold_pid_file(plan.pid_file, launch_state.pid_file)) return failed;
    }
    return call_before_drop(plan, options);
}

// The remaining steps. Standard error gets its target at readiness.
inline StepError set_up_from_drop(Plan& plan, const Options& options, LaunchState& launch_state) {
    if (const StepError failed = set_limits(options.limits)) return failed;
    if (const StepError failed = drop_privileges(plan, options)) return failed;
    if (const StepError failed = change_directory(plan)) return failed;
    if (const StepError failed = open_streams(plan, options, launch_state)) return failed;
    return options.leave_blocked ? StepError() : unblock_all_signals();
}

} // namespace detail
} // namespace daemonize

#endif
