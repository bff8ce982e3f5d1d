// Rollback: removes the files and directories that a failed launch made, and allocates nothing (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_ROLLBACK_HPP
#define DAEMONIZE_POSIX_LAUNCH_ROLLBACK_HPP

#include "plan.hpp"

#include <cstring>
#include <string>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// Whether another process has the file open: F_SETLEASE then fails with EAGAIN. fcntl(2).
inline bool is_open_elsewhere(int folder, const char* name) noexcept {
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const Descriptor file(retry([&] { return DAEMONIZE_SYSTEM(openat)(folder, name, flags); }));
    return file && DAEMONIZE_SYSTEM(fcntl)(file.get(), F_SETLEASE, F_WRLCK) != 0 && errno == EAGAIN;
}

#else

inline bool is_open_elsewhere(int, const char*) noexcept { return false; }

#endif

// Removes a log that the launch made, if the log is empty and no other process has it open. A log with text stays.
// unlinkat(2) takes the descriptor of the directory, and the file must belong to the user: a link that the user placed
// in the path can then lead only to a file that the user may remove.
inline void remove_empty_log(const std::string& path, uid_t owner, bool is_open_here) noexcept {
    char directory[4096] = "/";
    const std::size_t slash = path.rfind('/');
    if (slash >= sizeof directory) return;
    std::memcpy(directory, path.data(), slash); // 0 bytes for "/log": the array holds "/"
    const char* name = path.c_str() + slash + 1;
    const Descriptor folder = open_file(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    struct stat status;
    if (!folder || DAEMONIZE_SYSTEM(fstatat)(folder.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(status.st_mode) || status.st_size != 0 || status.st_nlink != 1 || status.st_uid != owner) return;
    if (!is_open_here && is_open_elsewhere(folder.get(), name)) return;
    static_cast<void>(DAEMONIZE_SYSTEM(unlinkat)(folder.get(), name, 0));
}

// Removes the pid file, which is still locked.
inline void roll_back_pid_file(const Plan& plan, const OpenPidFile& pid_file) noexcept {
    if (pid_file) remove_pid_file(pid_file.get(), pid_file.info, plan.pid_file.path.c_str());
}

// Rolls back the steps before the fork: the pid file, and the directories that this process has made.
inline void roll_back_preparation(const Plan& plan, const OpenPidFile& pid_file) noexcept {
    roll_back_pid_file(plan, pid_file);
    remove_made_directories(plan.runtime_directory, plan.first_made);
}

// Removes the directories that a launch made. rmdir(2) keeps a directory that another process uses.
inline void remove_missing_directories(const Plan& plan) noexcept {
    for (std::size_t i = plan.missing.size(); i-- > 0;) {
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(plan.missing[i].c_str()));
    }
}

// Rolls back a launch that has run steps of set-up, which made directories and logs. In the foreground this process may have the logs open.
inline void roll_back_all(const Plan& plan, const OpenPidFile& pid_file, bool is_foreground) noexcept {
    const uid_t owner = plan.identity.changes_user ? plan.identity.uid : geteuid();
    for (const std::string& path : plan.missing_logs) remove_empty_log(path, owner, is_foreground);
    roll_back_pid_file(plan, pid_file);
    remove_missing_directories(plan);
}

} // namespace detail
} // namespace daemonize

#endif
