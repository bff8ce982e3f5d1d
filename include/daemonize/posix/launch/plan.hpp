// Plan: the values that a launch needs, computed from the options before any fork (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_PLAN_HPP
#define DAEMONIZE_POSIX_LAUNCH_PLAN_HPP

#include "../pid_file/pid_file.hpp"
#include "../sockets/listen_environment.hpp"
#include "../steps/directories.hpp"
#include "../steps/environment.hpp"
#include "../steps/identity.hpp"
#include "../steps/streams.hpp"
#include "../system/close_descriptors.hpp"
#include "../system/proc.hpp"
#include "option_values.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

// Returns the launcher's working directory, or "" if getcwd(2) fails. Linux returns "(unreachable)/..." for a directory
// outside the root.
inline std::string current_directory() {
    std::string path(256, '\0');
    while (DAEMONIZE_SYSTEM(getcwd)(&path[0], path.size()) == nullptr) {
        if (errno != ERANGE) return {};
        path.resize(path.size() * 2);
    }
    path.resize(std::strlen(path.c_str()));
    if (path[0] != '/') path.clear();
    return path;
}

inline std::string octal(mode_t mode) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%03o", convert<unsigned>(mode));
    return digits;
}

// The constructor validates the options, and stores every failure in `problems`. Paths become absolute, and names of
// users become IDs, because nothing may allocate between the fork and the end of set-up.
struct Plan {
    explicit Plan(const Options& options);
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    // Returns the launcher's path for `path`, a path inside the daemon's root.
    std::string outside(const std::string& path) const { return joined({chroot, path}); }
    void problem(Stage stage, int error, std::string_view detail, std::string_view reason = {}) {
        problems.push_back(posix_failure(stage, error, detail, reason));
    }
    // Stores a failure; ignores an empty one.
    void problem(Failure failure) {
        if (failure) problems.push_back(std::move(failure));
    }
    Owner owner() const noexcept {
        Owner result;
        if (identity.changes_user) result.uid = identity.uid;
        if (identity.changes) result.gid = identity.gid;
        return result;
    }
    Owners pid_file_owners() const {
        return {identity.changes_user && !runtime_directory.empty() && directory_of(pid_file.path) == runtime_directory,
                identity.uid};
    }

    std::string name;
    std::string chroot;    // empty: no new root
    std::string directory; // empty: the launcher's working directory
    StreamTarget streams[3];
    Identity identity;
    Capabilities capabilities;
    ProcessStatus status;
    List<int> kept; // sorted, above 2; has capacity for the descriptors that the launch opens
    Environment environment;
    std::string runtime_directory; // as the daemon sees it, like the next two
    std::string state_directory;
    std::string log_directory;
    std::vector<std::string> missing; // directories that the launch makes, as the launcher sees them; parents first
    std::size_t first_made = 0;       // of the runtime directory, made before the fork: see remove_made_directories()
    std::vector<std::string> missing_logs; // logs that the launch makes, as the launcher sees them
    HeldPidFile pid_file;
    mode_t pid_file_mode = default_pid_file_mode;
    std::string before_drop_text; // the reason of a failed before_drop()
    Failure bind_failure;
    std::vector<Failure> problems;

  private:
    std::string absolute(Stage stage, const std::string& path);
    std::string in_new_root(Stage stage, const std::string& path);
    void find_name(const Options& options);
    void check_values(const Options& options); // check.hpp defines the checks
    void check_threads(const Options& options);
    void find_paths(const Options& options);
    void find_directories(const Options& options);
    void find_streams(const Options& options);
    void find_kept(const Options& options);
};

inline Plan::Plan(const Options& options)
    : status(process_status()), environment(options.environment ? &*options.environment : nullptr) {
    find_name(options);
    check_values(options);
    check_threads(options);
    find_paths(options);
    find_directories(options);
    if (options.user || options.group) problem(find_identity(options.user, options.group, identity));
    if (options.capabilities) {
        const bool stays_root = options.user ? identity.changes_user && identity.uid == 0 : geteuid() == 0;
        const bool runs_threads = options.foreground && status.threads > 1;
        find_capabilities(*options.capabilities, stays_root, runs_threads, capabilities, problems);
    }
    find_streams(options);
    find_kept(options);
    check_limits(options.limits, problems);
}

inline void Plan::find_name(const Options& options) {
    name = options.name;
    if (name.empty()) {
        problem(Stage::options, EINVAL, "the name", "it is empty");
        name = "daemon";
    }
    if (name != one_line(name) || name.find('/') != std::string::npos) {
        problem(Stage::options, EINVAL, joined({"the name ", name}), "it holds a slash or a control character");
        name = one_line(name); // each message begins with the name
    }
}

inline std::string Plan::absolute(Stage stage, const std::string& path) {
    if (path.empty()) problem(stage, ENOENT, "", "the path is empty");
    if (path.empty() || path[0] == '/') return path;
    const std::string directory_now = current_directory();
    if (!directory_now.empty()) return joined({directory_now, "/", path});
    problem(stage, ENOENT, path, "the path is relative, and the launcher's directory does not exist any more");
    return {};
}

// Returns the path inside the new root. A relative path starts at the launcher's directory, so that directory must be
// below the new root.
inline std::string Plan::in_new_root(Stage stage, const std::string& path) {
    std::string whole = absolute(stage, path);
    if (whole.empty() || path[0] == '/' || chroot.empty()) return whole;
    const std::string prefix = joined({chroot, chroot.back() == '/' ? "" : "/"});
    if (whole.compare(0, prefix.size(), prefix) == 0) return whole.substr(prefix.size() - 1);
    problem(stage, EINVAL, path,
            joined({"the path is relative, and the launcher's directory is outside the new root ", chroot}));
    return {};
}

inline void Plan::find_paths(const Options& options) {
    if (options.chroot) {
        chroot = absolute(Stage::chroot, *options.chroot);
        // Without links and dots, as getcwd(2) returns the launcher's directory: in_new_root() compares the two.
        const std::string real = real_path(chroot.c_str());
        if (!real.empty()) chroot = real;
        if (geteuid() != 0) problem(Stage::chroot, EPERM, chroot, "only root may");
    }
    if (!options.keep_directory && (options.directory || !options.foreground)) {
        directory = in_new_root(Stage::chdir, options.directory.value_or("/"));
    }
    if (options.pid_file) {
        pid_file.path = absolute(Stage::pid_file_open, *options.pid_file);
        pid_file_mode = options.pid_file_mode;
        problem(check_pid_file_mode(pid_file.path, pid_file_mode));
    }
}

inline void Plan::find_directories(const Options& options) {
    const auto find = [&](Stage stage, const std::optional<std::string>& directory_name, std::string (*base)(),
                          std::string& path) {
        if (directory_name) problem(find_directory(stage, *directory_name, base(), chroot, path, missing));
    };
    find(Stage::runtime_directory, options.runtime_directory, runtime_base, runtime_directory);
    find(Stage::state_directory, options.state_directory, state_base, state_directory);
    find(Stage::log_directory, options.log_directory, log_base, log_directory);
}

inline void Plan::find_streams(const Options& options) {
    static const char* const setters[3] = {"stdin_from", "stdout_to", "stderr_to"};
    for (int i = 0; i < 3; ++i) {
        const StreamOption& option = options.streams[i];
        StreamTarget& target = streams[i];
        target.waits = i == STDERR_FILENO || (i == STDOUT_FILENO && options.show_stdout && !options.foreground);
        if (option.kind == StreamOption::Kind::keep ||
            (option.kind == StreamOption::Kind::unset && options.foreground)) {
            target.kind = StreamTarget::Kind::kept;
        } else if (option.kind == StreamOption::Kind::descriptor) {
            target.kind = StreamTarget::Kind::descriptor;
            target.descriptor = option.descriptor;
            if (!is_open(option.descriptor)) {
                problem(Stage::options, errno, joined({setters[i], "(", option.descriptor, ")"}));
            }
        } else if (option.kind == StreamOption::Kind::path && option.path != "/dev/null") {
            target.kind = StreamTarget::Kind::path;
            target.path = in_new_root(stream_stage(i), option.path);
            if (!target.path.empty() && outside(target.path) == pid_file.path) {
                problem(stream_stage(i), EINVAL, option.path, "it is the pid file");
            }
            struct stat file_status;
            if (i != STDIN_FILENO && DAEMONIZE_SYSTEM(lstat)(outside(target.path).c_str(), &file_status) != 0 &&
                errno == ENOENT) {
                missing_logs.push_back(outside(target.path));
            }
        }
    }
}

inline void Plan::find_kept(const Options& options) {
    constexpr std::size_t opened_by_launch = 8; // at most
    const int activated = activation().count;
    kept.reserve(options.kept_fds.size() + static_cast<std::size_t>(activated) + opened_by_launch);
    for (const int number : options.kept_fds) {
        if (number < 0) {
            problem(Stage::options, EBADF, joined({"keep_fd(", number, ")"}));
        } else if (number <= STDERR_FILENO) {
            problem(Stage::options, EINVAL, joined({"keep_fd(", number, ")"}),
                    "it is a standard stream: stdin_from(), stdout_to() and stderr_to() keep those");
        } else if (!is_open(number)) {
            problem(Stage::options, errno, joined({"keep_fd(", number, ")"}));
        }
        insert_sorted(kept, number);
    }
    // LISTEN_FDS may name closed descriptors. The launch opens descriptors with such numbers, which must not count as
    // passed ones.
    for (int number = STDERR_FILENO + 1; number <= STDERR_FILENO + activated; ++number) {
        if (is_open(number)) insert_sorted(kept, number);
    }
    for (const StreamTarget& target : streams) insert_sorted(kept, target.descriptor);
}

// Owns the plan in the launcher. In the daemon release() gives the plan to the process.
class OwnedPlan {
  public:
    explicit OwnedPlan(const Options& options) : plan_(new Plan(options)) {}
    OwnedPlan(const OwnedPlan&) = delete;
    OwnedPlan& operator=(const OwnedPlan&) = delete;
    ~OwnedPlan() {
        if (plan_ == nullptr) return;
        // pthread_exit(3) in a function of the application unwinds a launch that holds the pid file already.
        if (plan_->pid_file.place != nullptr) plan_->pid_file.remove();
        HeldPidFiles::remove(&plan_->pid_file);
        delete plan_;
    }
    Plan& operator*() const noexcept { return *plan_; }
    Plan* operator->() const noexcept { return plan_; }
    Plan* release() noexcept { return std::exchange(plan_, nullptr); }

  private:
    Plan* plan_;
};

} // namespace detail
} // namespace daemonize

#endif
