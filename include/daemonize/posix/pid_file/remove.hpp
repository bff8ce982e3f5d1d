// Removes the pid file of a daemon that exits, and the stale pid file of a dead daemon (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_REMOVE_HPP
#define DAEMONIZE_POSIX_PID_FILE_REMOVE_HPP

#include "locks.hpp"
#include "trust.hpp"

namespace daemonize {
namespace detail {

inline bool make_empty(int file) noexcept {
    return retry([&] { return DAEMONIZE_SYSTEM(ftruncate)(file, 0); }) == 0;
}

// Removes the file while this process holds the lock, and only if the path still leads to the file. If unlink(2) fails,
// because the daemon changed its user or its root directory, the file is emptied: an empty and unlocked file means that
// no daemon runs. A failure to empty the file has no remedy: the lock counts, and ends with the process.
inline void remove_pid_file(int file, const struct stat& held, const char* path) noexcept {
    // A library may have closed every descriptor, and the application's file may have the number now. Such a file
    // stays.
    if (!refers_to(file, held)) return;
    if (leads_to(path, held) && DAEMONIZE_SYSTEM(unlink)(path) == 0) return;
    static_cast<void>(make_empty(file));
}

// Removes the file of a dead daemon while it holds the file's lock, so that no start loses its file. A failure is
// ignored: the next start takes the file over. A file of an untrusted owner stays: a start refuses such a file as well.
// `info` is the status of `file` by fstat(2).
inline void remove_stale_pid_file(int file, const struct stat& info, const std::string& path) {
    struct stat directory;
    const bool is_trusted =
        Owners().include(info.st_uid) ||
        (DAEMONIZE_SYSTEM(stat)(directory_of(path).c_str(), &directory) == 0 && directory.st_uid == info.st_uid);
    if (is_trusted && lock_running(file) && leads_to(path.c_str(), info)) {
        static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path.c_str()));
    }
}

} // namespace detail
} // namespace daemonize

#endif
