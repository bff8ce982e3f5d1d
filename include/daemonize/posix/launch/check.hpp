// The checks of a plan: values of options, other threads, directories, log files and the pid file (internal). The
// checks change nothing.
#ifndef DAEMONIZE_POSIX_LAUNCH_CHECK_HPP
#define DAEMONIZE_POSIX_LAUNCH_CHECK_HPP

#include "../system/signals.hpp"
#include "plan.hpp"

#include <string>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// Refuses values that a system call would cut, and values without a meaning.
inline void Plan::check_values(const Options& options) {
    const auto refuse = [&](std::string_view setter, std::string_view reason) {
        problem(Stage::options, EINVAL, setter, reason);
    };
    if (options.wait && options.timeout <= Duration()) {
        refuse("wait_until_ready()", "the time-out must be longer than nothing");
    }
    // umask(2) takes the bits 0777 and ignores the others.
    if (options.umask && (*options.umask & ~mode_t{0777}) != 0) {
        refuse(joined({"umask(0", octal(*options.umask), ")"}), "a mask has the bits 0777 only");
    }
    if (options.fork != Fork::twice && options.fork != Fork::once) refuse("fork()", "no enumerator has this value");
    if (options.sigchld != Sigchld::default_action && options.sigchld != Sigchld::ignore &&
        options.sigchld != Sigchld::keep) {
        refuse("sigchld()", "no enumerator has this value");
    }
    if (!options.environment) return;
    for (const std::string& variable : *options.environment) {
        if (!variable.empty() && variable.find('=') == std::string::npos) continue;
        refuse(joined({"environment(\"", variable, "\")"}),
               "the list has names of variables: not empty, and without =");
    }
}

// Refuses a launch while other threads run: fork(2) copies only the thread that calls it.
inline void Plan::check_threads(const Options& options) {
    if (options.allow_threads || options.foreground || status.threads <= 1) return;
    const std::string others =
        status.threads == 2 ? "another thread runs" : joined({status.threads - 1, " other threads run"});
    problem(Stage::threads, EINVAL, "",
            joined({others, ", which fork would lose: launch before that, or allow_threads()"}));
}

// Returns 0 for an existing directory, or an errno value.
inline int directory_error(const std::string& path) noexcept {
    struct stat status;
    if (DAEMONIZE_SYSTEM(stat)(path.c_str(), &status) != 0) return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

// Whether the launch makes the directory of `path`.
inline bool will_be_made(const Plan& plan, const std::string& path) {
    for (const std::string& made : plan.missing) {
        if (directory_of(path) == made) return true;
    }
    return false;
}

// Whether the stream is standard error, and standard output has the same file, whose failure is reported once.
inline bool is_reported_already(const Plan& plan, int stream) noexcept {
    return stream == STDERR_FILENO && plan.streams[stream].path == plan.streams[STDOUT_FILENO].path;
}

// Checks the directories of the root, of the working directory and of the log files. Every launch does so before it
// forks.
inline void check_directories(Plan& plan) {
    const auto check = [&](Stage stage, const std::string& path, const std::string& named) {
        if (path.empty()) return;
        if (const int error = directory_error(path)) plan.problem(stage, error, named);
    };
    check(Stage::chroot, plan.chroot, plan.chroot);
    if (!plan.directory.empty() && plan.directory != "/" &&
        !will_be_made(plan, joined({plan.outside(plan.directory), "/"}))) {
        check(Stage::chdir, plan.outside(plan.directory), plan.directory);
    }
    for (int i = 0; i < 3; ++i) {
        const StreamTarget& target = plan.streams[i];
        if (target.kind != StreamTarget::Kind::path || target.path.empty() || is_reported_already(plan, i)) continue;
        if (!will_be_made(plan, plan.outside(target.path))) {
            check(stream_stage(i), directory_of(plan.outside(target.path)), target.path);
        }
    }
}

// Returns 0 if this process may open the file of a stream, or an errno value. For a log that does not exist, the
// directory must be writable.
inline int stream_error(int stream, const std::string& path, const std::string& directory) noexcept {
    struct stat status;
    if (stream == STDIN_FILENO) return DAEMONIZE_SYSTEM(access)(path.c_str(), R_OK) == 0 ? 0 : errno;
    if (DAEMONIZE_SYSTEM(access)(path.c_str(), W_OK) == 0) {
        return DAEMONIZE_SYSTEM(stat)(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) ? EISDIR : 0;
    }
    if (errno != ENOENT) return errno;
    return DAEMONIZE_SYSTEM(access)(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

// Calls stream_error() in a child with the daemon's root and identity, so that the kernel decides by all permissions
// and access lists.
inline int stream_error_as_user(Plan& plan, int stream, const std::string& path, const std::string& directory) {
    const WaitableChildren waitable;
    const pid_t child = DAEMONIZE_SYSTEM(fork)();
    if (child < 0) return errno;
    if (child == 0) {
        errno = 0;
        bool became = plan.chroot.empty() || DAEMONIZE_SYSTEM(chroot)(plan.chroot.c_str()) == 0;
        became = became && (!plan.identity.changes || !take_groups(plan.identity));
        became = became && (!plan.identity.changes_user || !become_user(plan.identity));
        if (became) DAEMONIZE_SYSTEM(_exit)(stream_error(stream, path, directory));
        // take_groups() and become_user() set no errno if the verification of the identity fails.
        DAEMONIZE_SYSTEM(_exit)(errno != 0 ? errno : EPERM);
    }
    int status = 0;
    if (retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child, &status, 0); }) != child) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECANCELED;
}

// Checks whether the daemon's user may open the file of each stream.
inline void check_streams(Plan& plan) {
    if (overrides_permissions(plan.capabilities)) return; // access(2) takes no account of capabilities
    for (int i = 0; i < 3; ++i) {
        const std::string path = plan.streams[i].path;
        if (path.empty() || is_reported_already(plan, i) || will_be_made(plan, plan.outside(path)) ||
            directory_error(directory_of(plan.outside(path))) != 0) {
            continue;
        }
        if (plan.log_directory == directory_of(path)) continue; // the launch gives this directory to the user
        const int error = stream_error_as_user(plan, i, path, directory_of(path));
        if (error == 0) continue;
        const bool hint = error == EACCES && i != STDIN_FILENO && plan.identity.changes;
        plan.problem(stream_stage(i), error, path,
                     hint ? "the user may not write there; log_directory() makes a directory for the user" : "");
    }
}

// Checks the pid file as a start does, without locking or making the file.
inline void check_pid_file(Plan& plan) {
    const std::string& path = plan.pid_file.path;
    if (path.empty() || will_be_made(plan, path)) return;
    Failure failure = distrust_directory(path, plan.pid_file_owners());
    struct stat status;
    if (!failure && DAEMONIZE_SYSTEM(lstat)(path.c_str(), &status) == 0) {
        failure = S_ISLNK(status.st_mode) ? posix_failure(Stage::pid_file_open, ELOOP, path, "it is a symbolic link")
                                          : distrust_file(path, status, plan.pid_file_owners());
    }
    if (!failure && DAEMONIZE_SYSTEM(access)(directory_of(path).c_str(), W_OK | X_OK) != 0) {
        failure = posix_failure(Stage::pid_file_open, errno, path);
    }
    if (!failure) {
        const PidFile::Holder holder = PidFile::holder(path, failure);
        if (!failure && holder.running) {
            failure = already_held(path, {LockHolder::State::running, holder.pid, true});
        }
    }
    plan.problem(std::move(failure));
}

// Runs every check that needs no launch.
inline void check_everything(Plan& plan) {
    check_directories(plan);
    check_streams(plan);
    check_pid_file(plan);
    Descriptor null;
    plan.problem(to_failure(open_null_device(null)));
}

} // namespace detail
} // namespace daemonize

#endif
