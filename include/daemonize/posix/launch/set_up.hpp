// Set-up: the steps that turn the forked process into the daemon, in the order of daemon(7). Between the fork and the end
// of this file nothing allocates but the application's own before_drop(), and the binding of a Service's sockets.
// Uses plan and the rooms below it; launch.hpp uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_SET_UP_HPP
#define DAEMONIZE_POSIX_LAUNCH_SET_UP_HPP

#include "../system/signals.hpp"
#include "channel.hpp"
#include "plan.hpp"
#include "rollback.hpp"

#include <string>

namespace daemonize {
namespace detail {

// What the process holds of its launch, beside the plan.
struct LaunchState {
    Channel channel;
    Descriptor words;     // the daemon's standard error until it is ready: a pipe to the launcher
    OpenPidFile pid_file; // locked, and not yet the daemon's
    Descriptor null;
    Descriptor stderr_target; // what standard error becomes at readiness
    struct sigaction sigchld = {};
    RollbackHelper rollback_helper; // in the foreground
};

// In the process between.
inline StepError lead_session_between(const Options& options) noexcept {
    // As below unshare(1) without a fork: the kernel ends all others of a namespace with its process 1.
    if (DAEMONIZE_SYSTEM(getpid)() == 1) {
        return step_error(Stage::fork, EINVAL, "",
                          "the process between would be process 1, and all others end with it");
    }
    return options.setsid && DAEMONIZE_SYSTEM(setsid)() < 0 ? step_error(Stage::setsid, errno) : StepError();
}

inline StepError lead_session(const Options& options) noexcept {
    if (options.foreground || options.fork == Fork::twice || !options.setsid) return StepError();
    if (DAEMONIZE_SYSTEM(setsid)() < 0) return step_error(Stage::setsid, errno);
    return discard_hangup();
}

// A stream that is given as one of 0-2 means the launcher's, which the streams filled before it would replace.
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

// Standard streams that are sane from here on, whatever the launcher had: a file opened later must not land on 0-2.
inline StepError fill_streams(const Plan& plan, LaunchState& launch_state) noexcept {
    if (const StepError failed = open_null_device(launch_state.null)) return failed;
    for (int i = 0; i < 3; ++i) {
        const StreamTarget& target = plan.streams[i];
        int source = launch_state.null.get();
        const bool waits = target.kind == StreamTarget::Kind::kept || i == STDERR_FILENO;
        if (i == STDERR_FILENO && launch_state.words) {
            source = launch_state.words.get();
        } else if (waits && is_open(i)) {
            continue;
        } else if (!waits && target.kind == StreamTarget::Kind::descriptor) {
            source = target.descriptor;
        }
        if (const StepError failed = put_stream(source, i, "/dev/null")) return failed;
    }
    launch_state.words.reset();
    return StepError();
}

inline StepError close_inherited(Plan& plan, const Options& options, const LaunchState& launch_state) {
    if (!options.close_fds) return StepError();
    for (const int ours : {launch_state.channel.daemon.get(), launch_state.pid_file.get(), launch_state.null.get()}) {
        insert_sorted(plan.kept, ours);
    }
    // In the foreground the process may hold pid files of its own already.
    ForkGuard::visit([&](int number) { insert_sorted(plan.kept, number); });
    return close_all_but({plan.kept.data(), plan.kept.size()});
}

inline StepError enter_root(const Plan& plan) noexcept {
    if (plan.chroot.empty()) return StepError();
    if (DAEMONIZE_SYSTEM(chroot)(plan.chroot.c_str()) != 0)
        return step_error(Stage::chroot, errno, plan.chroot.c_str());
    // A working directory outside the new root is a way out of it.
    return DAEMONIZE_SYSTEM(chdir)("/") == 0 ? StepError() : step_error(Stage::chroot, errno, plan.chroot.c_str());
}

// Groups first, for the right to set them goes with the user; the new root between, for chroot wants root as well.
inline StepError drop_privileges(Plan& plan, const Options& options) noexcept {
    if (plan.identity.changes) {
        if (const StepError failed = options.identity->take_groups(plan.identity)) return failed;
    }
    if (const StepError failed = enter_root(plan)) return failed;
    if (options.directories) {
        if (const StepError failed = options.directories->make_inside(plan)) return failed;
    }
    if (plan.identity.changes_user) {
        if (const StepError failed = options.identity->become_user(plan.identity)) return failed;
    }
    if (options.no_new_privileges && !give_up_new_privileges()) return step_error(Stage::no_new_privileges, errno);
    return StepError();
}

// Opens what a stream leads to, as the user and in the new root, so that it can be reopened in the same way later.
// Empty where the stream has its target already.
inline StepError open_target(const Plan& plan, int stream, Descriptor& opened) noexcept {
    const StreamTarget& target = plan.streams[stream];
    if (target.kind != StreamTarget::Kind::path) return StepError();
    const StepError failed = open_stream_file(stream, target.path.c_str(), opened);
    if (failed && failed.error == EACCES && plan.identity.changes && stream != STDIN_FILENO) {
        return step_error(failed.stage, EACCES, failed.detail,
                          "the user may not write there; log_directory() makes a place that it may");
    }
    return failed;
}

inline StepError copy_to(Descriptor& copy, int number) noexcept {
    copy = duplicate(number);
    return copy ? StepError() : step_error(Stage::standard_error, errno);
}

// Standard error's target is only opened: it is swapped in at readiness.
inline StepError open_stderr_target(const Plan& plan, const Descriptor& out, LaunchState& launch_state) noexcept {
    const StreamTarget& target = plan.streams[STDERR_FILENO];
    switch (target.kind) {
    case StreamTarget::Kind::null: launch_state.stderr_target = std::move(launch_state.null); return StepError();
    case StreamTarget::Kind::kept: return StepError();
    case StreamTarget::Kind::descriptor: return copy_to(launch_state.stderr_target, target.descriptor);
    case StreamTarget::Kind::path: break;
    }
    // One path for both streams is one open file: two would each keep a place of their own in a FIFO or a device.
    if (out && target.path == plan.streams[STDOUT_FILENO].path) return copy_to(launch_state.stderr_target, out.get());
    return open_target(plan, STDERR_FILENO, launch_state.stderr_target);
}

inline StepError open_streams(const Plan& plan, const Options& options, LaunchState& launch_state) noexcept {
    Descriptor out;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) {
        Descriptor opened;
        if (const StepError failed = open_target(plan, stream, opened)) return failed;
        if (!opened) continue;
        if (const StepError failed = put_stream(opened.get(), stream, plan.streams[stream].path.c_str())) return failed;
        if (stream == STDOUT_FILENO) out = std::move(opened);
    }
    if (const StepError failed = open_stderr_target(plan, out, launch_state)) return failed;
    launch_state.null.reset();
    // A descriptor that was given for a stream has done its service, unless it was to be kept as well.
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
    return DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) == 0
               ? StepError()
               : step_error(Stage::signal_reset, errno, "SIGCHLD");
}

// All of it, in the process that is to be the daemon. What it leaves to readiness is standard error.
inline StepError set_up(Plan& plan, const Options& options, LaunchState& launch_state) {
    if (const StepError failed = set_sigchld(options.sigchld, launch_state.sigchld)) return failed;
    if (const StepError failed = lead_session(options)) return failed;
    if (const StepError failed = restore_ignored(plan.status.ignored)) return failed;
    if (!options.keep_umask) static_cast<void>(DAEMONIZE_SYSTEM(umask)(options.umask)); // cannot fail
    plan.environment.install();
    if (const StepError failed = save_given_streams(plan)) return failed;
    if (const StepError failed = fill_streams(plan, launch_state)) return failed;
    if (const StepError failed = close_inherited(plan, options, launch_state)) return failed;
    if (launch_state.pid_file) {
        if (const StepError failed = options.pid_file_part->hold(plan.pid_file, launch_state.pid_file)) return failed;
    }
    if (options.call_before_drop) {
        if (const StepError failed = options.call_before_drop(plan, options)) return failed;
    }
    // After the application's own step, which may wait for whatever children there are.
    if (options.foreground) {
        if (const StepError failed = options.foreground->start_rollback_helper(plan, launch_state)) return failed;
    }
    if (options.limits_part) {
        if (const StepError failed = options.limits_part->set(options)) return failed;
    }
    if (const StepError failed = drop_privileges(plan, options)) return failed;
    if (const StepError failed = change_directory(plan)) return failed;
    if (const StepError failed = open_streams(plan, options, launch_state)) return failed;
    return options.leave_blocked ? StepError() : unblock_all_signals();
}

} // namespace detail
} // namespace daemonize

#endif
