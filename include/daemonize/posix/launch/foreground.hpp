// The parts of a launch that not every program asks for. What asks for one puts it into the options: a program that does not
// has none of its code.
// Uses launch and the rooms below it; what fills options in uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_FOREGROUND_HPP
#define DAEMONIZE_POSIX_LAUNCH_FOREGROUND_HPP

#include "../../core/invoke.hpp"
#include "../steps/limits.hpp"
#include "check.hpp"
#include "launch.hpp"

#include <string>

namespace daemonize {
namespace detail {

inline void find_directory(Plan& plan, Stage stage, const Asked<std::string>& asked, std::string (*find_base)(),
                           std::string& path) {
    if (!asked) return;
    const std::string base = find_base();
    const std::string& below = asked.value;
    // Below, and never the base itself: that must not be given away.
    const std::string guarded = joined({"/", below, "/"});
    bool is_name = below == one_line(below);
    for (const char* part : {"//", "/./", "/../"}) is_name = is_name && guarded.find(part) == std::string::npos;
    if (!is_name) {
        plan.problem(stage, EINVAL, below, "it must be a name, without . and .. and not empty");
    } else if (base.empty()) {
        plan.problem(stage, ENOENT, below,
                     stage != Stage::runtime_directory ? "HOME is not set for this user"
                                                       : "XDG_RUNTIME_DIR is not set for this user");
    } else {
        path = joined({base, "/", below});
        // Both views: the runtime directory is made in the new root as well, where the daemon will look for it.
        int error = stage == Stage::runtime_directory ? find_missing_directories(path, plan.missing) : 0;
        if (error == 0 && (stage != Stage::runtime_directory || !plan.chroot.empty())) {
            error = find_missing_directories(plan.outside(path), plan.missing);
        }
        if (error == 0) return;
        plan.problem(stage, error, path);
        plan.missing.push_back(path); // what lies in it is no second problem
        plan.missing.push_back(plan.outside(path));
    }
}

inline void find_directories(Plan& plan, const Options& options) {
    find_directory(plan, Stage::runtime_directory, options.runtime_directory, runtime_base, plan.runtime_directory);
    find_directory(plan, Stage::state_directory, options.state_directory, state_base, plan.state_directory);
    find_directory(plan, Stage::log_directory, options.log_directory, log_base, plan.log_directory);
}

inline void find_identity(Plan& plan, const Options& options) {
    Identity& identity = plan.identity;
    bool named = false;
    identity.uid = geteuid();
    identity.gid = getegid();
    identity.user = options.user.value;
    identity.group = options.group.value;
    Failure failure;
    if (options.user) failure = find_user(options.user.value, identity, named);
    const gid_t primary = identity.gid;
    if (!failure && options.group) failure = find_group(options.group.value, identity.gid);
    if (!failure && options.user && !named && !options.group) {
        failure = posix_failure(Stage::user, EINVAL, options.user.value,
                                "the user data base does not know this number, so name a group() too");
    }
    if (failure) return plan.problems.push_back(std::move(failure));

    if (named) failure = find_groups(identity.user, primary, identity.groups);
    if (failure) return plan.problems.push_back(std::move(failure));
    // A user's other groups stay with another primary group; the user's own primary one goes.
    if (named && options.group && identity.gid != primary) {
        for (std::size_t i = identity.groups.size(); i-- > 0;) {
            if (identity.groups[i] == primary || identity.groups[i] == identity.gid) {
                identity.groups.erase(i);
            }
        }
    }
    if (identity.groups.empty() || (options.group && identity.gid != primary)) identity.groups.push_back(identity.gid);
    identity.seen_groups.resize(identity.groups.size());
    if (identity.group.empty()) identity.group = joined({"of ", identity.user});

    if (geteuid() == 0) {
        identity.changes = true;
        identity.changes_user = options.user.asked;
    } else if (identity.uid != geteuid() || identity.uid != getuid()) {
        plan.problem(Stage::user, EPERM, options.user.value, "only root may become another user");
    } else if (identity.gid != getegid() || identity.gid != getgid()) {
        plan.problem(Stage::group, EPERM, options.group.value, "only root may take another group");
    }
}

// In the new root, so that no link inside it can lead the maker outside; before the drop, so that it may.
inline StepError make_directories_inside(const Plan& plan) noexcept {
    const auto make = [&](Stage stage, const std::string& path) {
        return path.empty() ? StepError() : make_directory(stage, path, plan.owner());
    };
    StepError failed;
    if (!plan.chroot.empty()) failed = make(Stage::runtime_directory, plan.runtime_directory);
    if (!failed) failed = make(Stage::state_directory, plan.state_directory);
    if (!failed) failed = make(Stage::log_directory, plan.log_directory);
    return failed;
}

inline void check_limits(Plan& plan, const Options& options) {
    for (const LimitOption& limit : options.limits) {
        struct rlimit now;
        const std::string what = joined({"rlimit(", limit_name(limit.resource), ")"});
        if (DAEMONIZE_SYSTEM(getrlimit)(limit.resource, &now) != 0) {
            plan.problem(Stage::options, errno, what);
        } else if (limit.soft > limit.hard) {
            plan.problem(Stage::options, EINVAL, what, "the soft limit is above the hard one");
        } else if (limit.hard > now.rlim_max && geteuid() != 0) {
            plan.problem(Stage::limits, EPERM, what, "only root may raise the hard limit");
        }
    }
}

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
    return step_error(Stage::before_drop, ECANCELED, "", why.empty() ? no_reason : why.c_str());
}

inline StepError start_rollback_helper(const Plan& plan, LaunchState& launch_state) noexcept {
    const bool gives_up_right = plan.identity.changes_user || !plan.chroot.empty();
    const bool makes = !plan.pid_file.path.empty() || !plan.missing.empty() || !plan.missing_logs.empty();
    return gives_up_right && makes ? launch_state.rollback_helper.start(plan) : StepError();
}

// Without a fork: this process becomes the daemon, or is told why not.
inline Launch launch_here(OwnedPlan& plan, const Options& options, LaunchState& launch_state, DaemonState& own) {
    const std::string name = plan->name;
    struct sigaction before = {};
    StepError failed;
    if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, nullptr, &before) != 0)
        failed = step_error(Stage::signal_reset, errno, "SIGCHLD");
    launch_state.sigchld = before;
    if (own.plan != nullptr) {
        failed = step_error(Stage::options, EBUSY, "foreground()", "this process is a daemon already");
    }
    if (!failed) failed = set_up(*plan, options, launch_state);
    if (failed) {
        Outcome outcome;
        outcome.failure = to_failure(failed);
        if (plan->pid_file.file) plan->pid_file.remove();
        if (!launch_state.rollback_helper.undo()) roll_back_all(*plan, launch_state.pid_file, true);
        held_pid_files.remove(&plan->pid_file);
        return Launch(name, std::move(outcome));
    }
    launch_state.rollback_helper.finish();
    own.plan = plan.release();
    own.stderr_target = std::move(launch_state.stderr_target);
    const StepError swapped = swap_stderr(own);
    if (swapped) exit_failed(swapped);
    return Launch();
}

inline constexpr DirectoriesPart directories_part = {find_directories, make_directory, make_directories_inside};
inline constexpr IdentityPart identity_part = {find_identity, take_groups, become_user};
inline constexpr PidFilePart pid_file_part = {check_pid_file, open_others_pid_file, hold_pid_file};
inline constexpr LimitsPart limits_part = {check_limits, set_limits};
inline constexpr ForegroundPart foreground_part = {launch_here, start_rollback_helper};

} // namespace detail
} // namespace daemonize

#endif
