// The checks of a pid file and its directory: refuses files that another user could write or replace (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_TRUST_HPP
#define DAEMONIZE_POSIX_PID_FILE_TRUST_HPP

#include "../system/files.hpp"

#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

// The users that may own a pid file or its directory: root, this process's user, and `uid` if `also` is set. `uid` is
// the run-as user, whose runtime directory the launch makes.
struct Owners {
    bool also = false;
    uid_t uid = 0;

    bool include(uid_t owner) const noexcept { return owner == 0 || owner == geteuid() || (also && owner == uid); }
};

constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

constexpr mode_t default_pid_file_mode = 0644; // scripts of all users may read it

// Refuses a mode by which other users could write the file, and bits that mean nothing for a pid file. The owner must
// be able to read and write the file, or the next start would fail.
inline Failure check_pid_file_mode(const std::string& path, mode_t mode) {
    if ((mode & 0600) == 0600 && (mode & ~mode_t{0644}) == 0) return Failure();
    return posix_failure(Stage::pid_file_open, EINVAL, path, "its mode must be 0600, 0640, 0604 or 0644");
}

// Whether another user can replace a directory on the way to `directory`: a directory above is writable by others and
// not sticky, as /tmp is. Returns true with errno set if stat(2) fails.
inline bool is_replaceable(const std::string& directory) {
    for (std::string above = directory_of(directory);; above = directory_of(above)) {
        struct stat info;
        errno = 0;
        if (DAEMONIZE_SYSTEM(stat)(above.c_str(), &info) != 0) return true;
        if ((info.st_mode & writable_by_others) != 0 && (info.st_mode & S_ISVTX) == 0) return true;
        if (above == "/" || above == ".") return false;
    }
}

// Refuses a directory that other users can write. Such a user could put a file with any number in place, and root's
// `kill $(cat FILE)` would hit any process.
inline Failure distrust_directory(const std::string& path, const Owners& owners) {
    const std::string directory = directory_of(path);
    struct stat info;
    if (DAEMONIZE_SYSTEM(stat)(directory.c_str(), &info) != 0) {
        return posix_failure(Stage::pid_file_open, errno, path);
    }
    if (!S_ISDIR(info.st_mode)) return posix_failure(Stage::pid_file_open, ENOTDIR, path);
    const char* reason = nullptr;
    if ((info.st_mode & writable_by_others) != 0) reason = "other users can write the directory ";
    if (reason == nullptr && !owners.include(info.st_uid)) reason = "another user owns the directory ";
    if (reason == nullptr && is_replaceable(directory)) {
        if (errno != 0) return posix_failure(Stage::pid_file_open, errno, path);
        reason = "other users can replace the directory ";
    }
    if (reason == nullptr) return Failure();
    return posix_failure(Stage::pid_file_open, EPERM, path, joined({reason, directory}));
}

// Refuses a file that is not regular, belongs to another user, is writable by others or has a second hard link.
inline Failure distrust_file(const std::string& path, const struct stat& info, const Owners& owners) {
    const auto refused = [&](int error, const char* reason) {
        return posix_failure(Stage::pid_file_open, error, path, reason);
    };
    if (S_ISDIR(info.st_mode)) return refused(EISDIR, "");
    if (!S_ISREG(info.st_mode)) return refused(EINVAL, "it is not a regular file");
    if (!owners.include(info.st_uid)) return refused(EPERM, "it belongs to another user");
    if ((info.st_mode & writable_by_others) != 0) return refused(EPERM, "other users can write it");
    if (info.st_nlink > 1) return refused(EMLINK, "it has another hard link");
    return Failure();
}

} // namespace detail
} // namespace daemonize

#endif
