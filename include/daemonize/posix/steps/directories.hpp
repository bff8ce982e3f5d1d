// Directories of the daemon: /run/NAME, /var/lib/NAME and /var/log/NAME, or the user's own (internal).
#ifndef DAEMONIZE_POSIX_STEPS_DIRECTORIES_HPP
#define DAEMONIZE_POSIX_STEPS_DIRECTORIES_HPP

#include "../system/descriptor.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()
constexpr const char* system_runtime_directory = "/run";
#else
constexpr const char* system_runtime_directory = "/var/run";
#endif

// Returns the parent of this user's runtime directories; or an empty string if the user has no such directory.
// systemd.exec(5), XDG base directories.
inline std::string runtime_base() {
    if (geteuid() == 0) return system_runtime_directory;
    const char* base = std::getenv("XDG_RUNTIME_DIR");
    if (base != nullptr && base[0] == '/') return base;
    // cron(8) sets no XDG_RUNTIME_DIR, even for a user with a runtime directory.
    const std::string usual = joined({system_runtime_directory, "/user/", geteuid()});
    struct stat status;
    const bool exists = DAEMONIZE_SYSTEM(lstat)(usual.c_str(), &status) == 0;
    return exists && S_ISDIR(status.st_mode) && status.st_uid == geteuid() ? usual : "";
}

inline std::string state_base() {
    if (geteuid() == 0) return "/var/lib";
    const char* state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && state[0] == '/') return state;
    const char* home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? joined({home, "/.local/state"}) : "";
}

inline std::string log_base() {
    if (geteuid() == 0) return "/var/log";
    const std::string state = state_base();
    return state.empty() ? state : joined({state, "/log"});
}

// Adds to `missing` each directory of `path` that does not exist, `path` last. Returns an errno value, or 0.
inline int find_missing_directories(const std::string& path, std::vector<std::string>& missing) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        struct stat status;
        if (DAEMONIZE_SYSTEM(lstat)(part.c_str(), &status) != 0) {
            if (errno != ENOENT) return errno;
            missing.push_back(part);
        }
        if (slash == std::string::npos) return 0;
    }
}

// Whether `name` is a path below a base directory. The base itself is refused: the launch must not give the base to the
// user.
inline bool is_directory_name(const std::string& name) {
    const std::string guarded = joined({"/", name, "/"});
    for (const char* part : {"//", "/./", "/../"}) {
        if (guarded.find(part) != std::string::npos) return false;
    }
    return name == one_line(name);
}

// Sets `path` to `base`/`name`, and adds to `missing` the directories that the launch makes before set-up. A runtime
// directory is made outside the new root, where the pid file stays, and inside, where the daemon looks for it.
inline Failure find_directory(Stage stage, const std::string& name, const std::string& base, const std::string& chroot,
                              std::string& path, std::vector<std::string>& missing) {
    const bool is_runtime = stage == Stage::runtime_directory;
    if (!is_directory_name(name)) {
        return posix_failure(stage, EINVAL, name, "it must be a name, without . and .. and not empty");
    }
    if (base.empty()) {
        return posix_failure(stage, ENOENT, name,
                             is_runtime ? "XDG_RUNTIME_DIR is not set for this user" : "HOME is not set for this user");
    }
    path = joined({base, "/", name});
    int error = is_runtime ? find_missing_directories(path, missing) : 0;
    if (error == 0 && (!is_runtime || !chroot.empty())) {
        error = find_missing_directories(joined({chroot, path}), missing);
    }
    if (error == 0) return Failure();
    // Files inside the directory give no second failure.
    missing.push_back(path);
    missing.push_back(joined({chroot, path}));
    return posix_failure(stage, error, path);
}

// The new owner of a directory. fchown(2) leaves an ID of -1 as it is.
struct Owner {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);

    bool is_given() const noexcept { return uid != static_cast<uid_t>(-1) || gid != static_cast<gid_t>(-1); }
};

// Makes `path` and its missing parents, mode 0755 whatever the umask, and gives `path` to `owner`. fchown(2) takes a
// descriptor of O_NOFOLLOW, because a link in place of the directory would give away another directory. Allocates
// nothing. `first_made` becomes the size of the shortest path that was made, if `path` or a parent was.
inline StepError make_directory(Stage stage, const std::string& path, const Owner& owner,
                                std::size_t* first_made = nullptr) noexcept {
    char part[4096];
    if (path.size() >= sizeof part) return step_error(stage, ENAMETOOLONG, path.c_str());
    int refused = 0; // reported only if the directory does not exist
    for (std::size_t i = 1; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/') continue;
        std::memcpy(part, path.data(), i);
        part[i] = '\0';
        if (DAEMONIZE_SYSTEM(mkdir)(part, 0755) == 0) {
            if (first_made != nullptr && *first_made == 0) *first_made = i;
            if (DAEMONIZE_SYSTEM(chmod)(part, 0755) != 0) return step_error(stage, errno, path.c_str());
        } else if (errno == EROFS || errno == EACCES) {
            refused = errno;
        } else if (errno != EEXIST) {
            return step_error(stage, errno, path.c_str());
        }
    }
    const Descriptor directory = open_file(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
    if (!directory) return step_error(stage, errno == ENOENT && refused != 0 ? refused : errno, path.c_str());
    if (owner.is_given() && DAEMONIZE_SYSTEM(fchown)(directory.get(), owner.uid, owner.gid) != 0) {
        return step_error(stage, errno, path.c_str());
    }
    return StepError();
}

// Removes the directories that make_directory() made: `path`, and its parents down to `first_made` characters. 0 means
// that no directory was made. rmdir(2) keeps a directory that another process uses.
inline void remove_made_directories(const std::string& path, std::size_t first_made) noexcept {
    char part[4096];
    if (path.size() >= sizeof part) return;
    for (std::size_t i = path.size(); first_made != 0 && i >= first_made; --i) {
        if (i < path.size() && path[i] != '/') continue;
        std::memcpy(part, path.data(), i);
        part[i] = '\0';
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(part));
    }
}

} // namespace detail
} // namespace daemonize

#endif
