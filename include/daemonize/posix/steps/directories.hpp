// The directories that a launch makes for its daemon: /run/NAME, /var/lib/NAME and /var/log/NAME, or the user's own.
// Uses fault; the launch uses it.
#ifndef DAEMONIZE_POSIX_STEPS_DIRECTORIES_HPP
#define DAEMONIZE_POSIX_STEPS_DIRECTORIES_HPP

#include "../../core/list.hpp"
#include "../system/descriptor.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()
constexpr const char* system_runtime_directory = "/run";
#else
constexpr const char* system_runtime_directory = "/var/run";
#endif

// Where the runtime directories of this user are; empty where the session has none. systemd.exec(5), XDG base dirs.
inline std::string runtime_base() {
    if (geteuid() == 0) return system_runtime_directory;
    const char* base = std::getenv("XDG_RUNTIME_DIR");
    if (base != nullptr && base[0] == '/') return base;
    // cron and the like do not say where it is, though there is one.
    const std::string usual = joined({system_runtime_directory, "/user/", geteuid()});
    struct stat facts;
    const bool is_there = DAEMONIZE_SYSTEM(lstat)(usual.c_str(), &facts) == 0;
    return is_there && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid() ? usual : "";
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

// Adds every directory on the way to `path`, `path` itself last, that is not there yet. An errno where that can't be told.
inline int find_missing_directories(const std::string& path, List<std::string>& missing) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        struct stat facts;
        if (DAEMONIZE_SYSTEM(lstat)(part.c_str(), &facts) != 0) {
            if (errno != ENOENT) return errno;
            missing.push_back(part);
        }
        if (slash == std::string::npos) return 0;
    }
}

// Whose a made directory is to be; the numbers -1 leave it alone, as fchown(2) has it.
struct Owner {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);

    bool is_given() const noexcept { return uid != static_cast<uid_t>(-1) || gid != static_cast<gid_t>(-1); }
};

// Makes `path` and what is missing above it, 0755, and gives it to `owner`. Allocates nothing. Ownership goes through a
// descriptor that followed no link: a link in its place would hand out another directory.
// `made`, where given, is told what was not there before; in the launcher only, since that allocates.
inline StepError make_directory(Stage stage, const std::string& path, const Owner& owner,
                                List<std::string>* made = nullptr) noexcept {
    char part[4096];
    if (path.size() >= sizeof part) return step_error(stage, ENAMETOOLONG, path.c_str());
    int refused = 0; // of no concern where the directory is there already
    for (std::size_t i = 1; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/') continue;
        std::memcpy(part, path.data(), i);
        part[i] = '\0';
        if (DAEMONIZE_SYSTEM(mkdir)(part, 0755) == 0) {
            if (made != nullptr) made->push_back(part);
            if (DAEMONIZE_SYSTEM(chmod)(part, 0755) != 0)
                return step_error(stage, errno, path.c_str()); // whatever the umask
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

} // namespace detail
} // namespace daemonize

#endif
