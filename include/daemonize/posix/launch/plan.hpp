// Plan: what the options come to on this machine, complete before any fork: paths made absolute, users looked up, texts
// and lists made. All that is wrong with it is found on the way, at once.
// Uses the rest of posix; check.hpp adds what only a look at the files tells, set_up.hpp carries it out.
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
#include "options.hpp"

#include <cstdlib>
#include <string>
#include <utility>

namespace daemonize {
namespace detail {

// The launcher's directory, which relative paths mean; empty where it cannot be told.
inline std::string current_directory() {
    std::string path(256, '\0');
    while (DAEMONIZE_SYSTEM(getcwd)(&path[0], path.size()) == nullptr) {
        if (errno != ERANGE) return {};
        path.resize(path.size() * 2);
    }
    path.resize(std::strlen(path.c_str()));
    if (path[0] != '/') path.clear(); // Linux says "(unreachable)" of one outside our root
    return path;
}

struct Plan {
    explicit Plan(const Options& options);
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    // Where the launcher finds what the daemon, in its new root, calls `path`.
    std::string outside(const std::string& path) const { return joined({chroot, path}); }
    void problem(Stage stage, int error, std::string_view detail, std::string_view reason = {}) {
        problems.push_back(posix_failure(stage, error, detail, reason));
    }
    Owner owner() const noexcept {
        Owner result;
        if (identity.changes_user) result.uid = identity.uid;
        if (identity.changes) result.gid = identity.gid;
        return result;
    }
    Owners pid_file_owners() const noexcept {
        return {identity.changes_user && !runtime_directory.empty() && directory_of(pid_file.path) == runtime_directory,
                identity.uid};
    }

    std::string name;
    std::string chroot;    // empty: none
    std::string directory; // empty: the launcher's is kept
    StreamTarget streams[3];
    Identity identity;
    ProcessStatus status;
    List<int> kept; // sorted, all above 2; with room for those that the launch opens itself
    Environment environment;
    std::string runtime_directory;
    std::string state_directory; // as the daemon sees it; the next as well
    std::string log_directory;
    List<std::string> missing;      // directories, as the launcher sees them, that the launch will make; innermost last
    List<std::string> made;         // those of them that the launcher made before the fork
    List<std::string> missing_logs; // logs, as the launcher sees them, that the launch will make
    HeldPidFile pid_file;
    std::string before_drop_text; // why it failed
    Failure bind_failure;         // so with the sockets
    List<Failure> problems;

  private:
    std::string absolute(Stage stage, const std::string& path);
    std::string in_new_root(Stage stage, const std::string& path);
    void find_name(const Options& options);
    void find_paths(const Options& options);
    void find_streams(const Options& options);
    void find_kept(const Options& options);
};

inline Plan::Plan(const Options& options)
    : status(process_status()), environment(options.environment ? &options.environment.value : nullptr) {
    find_name(options);
    if (options.wait && options.timeout <= Duration()) {
        problem(Stage::options, EINVAL, "wait_until_ready()", "the time-out must be longer than nothing");
    }
    if (!options.allow_threads && !options.foreground && status.threads > 1) {
        const std::string who =
            status.threads == 2 ? "another thread runs" : joined({status.threads - 1, " other threads run"});
        problem(Stage::threads, EINVAL, "",
                joined({who, ", which fork would lose: launch before that, or allow_threads()"}));
    }
    find_paths(options);
    if (options.directories) options.directories->find(*this, options);
    if (options.identity) options.identity->find(*this, options);
    find_streams(options);
    find_kept(options);
    if (options.limits_part) options.limits_part->check(*this, options);
}

inline void Plan::find_name(const Options& options) {
    name = options.name;
    if (name.empty()) {
        problem(Stage::options, EINVAL, "the name", "it is empty");
        name = "daemon";
    }
    if (name != one_line(name) || name.find('/') != std::string::npos) {
        problem(Stage::options, EINVAL, joined({"the name ", name}), "it holds a slash or a control character");
        name = one_line(name); // it leads the very line that says so
    }
}

inline std::string Plan::absolute(Stage stage, const std::string& path) {
    if (path.empty()) problem(stage, ENOENT, "", "the path is empty");
    if (path.empty() || path[0] == '/') return path;
    const std::string directory_now = current_directory();
    if (!directory_now.empty()) return joined({directory_now, "/", path});
    problem(stage, ENOENT, path, "the launcher's directory, which it is relative to, is not there any more");
    return {};
}

// Relative paths mean the launcher's directory. Inside a new root that can only hold if the directory is below it.
inline std::string Plan::in_new_root(Stage stage, const std::string& path) {
    std::string whole = absolute(stage, path);
    if (whole.empty() || path[0] == '/' || chroot.empty()) return whole;
    const std::string prefix = joined({chroot, chroot.back() == '/' ? "" : "/"});
    if (whole.compare(0, prefix.size(), prefix) == 0) return whole.substr(prefix.size() - 1);
    problem(stage, EINVAL, path,
            joined({"the launcher's directory, which it is relative to, is outside the new root ", chroot}));
    return {};
}

inline void Plan::find_paths(const Options& options) {
    if (options.chroot) {
        chroot = absolute(Stage::chroot, options.chroot.value);
        // Past links and dots, as the system names the launcher's directory: the two are compared.
        if (char* real = DAEMONIZE_SYSTEM(realpath)(chroot.c_str(), nullptr)) {
            chroot = real;
            std::free(real);
        }
        if (geteuid() != 0) problem(Stage::chroot, EPERM, chroot, "only root may");
    }
    if (!options.keep_directory && !options.foreground) directory = in_new_root(Stage::chdir, options.directory);
    if (options.pid_file) pid_file.path = absolute(Stage::pid_file_open, options.pid_file.value);
}

inline void Plan::find_streams(const Options& options) {
    static const char* const setters[3] = {"stdin_from", "stdout_to", "stderr_to"};
    for (int i = 0; i < 3; ++i) {
        const StreamOption& asked = options.streams[i];
        StreamTarget& target = streams[i];
        if (asked.kind == StreamOption::Kind::kept ||
            (asked.kind == StreamOption::Kind::unasked && options.foreground)) {
            target.kind = StreamTarget::Kind::kept;
        } else if (asked.kind == StreamOption::Kind::descriptor) {
            target.kind = StreamTarget::Kind::descriptor;
            target.descriptor = asked.descriptor;
            if (!is_open(asked.descriptor)) {
                problem(Stage::options, errno, joined({setters[i], "(", asked.descriptor, ")"}));
            }
        } else if (asked.kind == StreamOption::Kind::path && asked.path != "/dev/null") {
            target.kind = StreamTarget::Kind::path;
            target.path = in_new_root(stream_stage(i), asked.path);
            if (!target.path.empty() && outside(target.path) == pid_file.path) {
                problem(stream_stage(i), EINVAL, asked.path, "it is the pid file");
            }
            struct stat facts;
            if (i != STDIN_FILENO && DAEMONIZE_SYSTEM(lstat)(outside(target.path).c_str(), &facts) != 0 &&
                errno == ENOENT) {
                missing_logs.push_back(outside(target.path));
            }
        }
    }
}

inline void Plan::find_kept(const Options& options) {
    constexpr std::size_t room_for_ours = 8;
    const int activated = activation().count;
    kept.reserve(options.kept_fds.size() + static_cast<std::size_t>(activated) + room_for_ours);
    for (const int number : options.kept_fds) {
        if (!is_open(number)) problem(Stage::options, errno, joined({"keep_fd(", number, ")"}));
        insert_sorted(kept, number);
    }
    // Only those that are there: the variable may say anything, and what the launch opens must not pass for one of them.
    for (int number = STDERR_FILENO + 1; number <= STDERR_FILENO + activated; ++number) {
        if (is_open(number)) insert_sorted(kept, number);
    }
    for (const StreamTarget& target : streams) insert_sorted(kept, target.descriptor);
}

} // namespace detail
} // namespace daemonize

#endif
