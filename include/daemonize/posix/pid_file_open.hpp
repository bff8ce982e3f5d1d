// Opening and locking a pid file, past all that others may have put in its place.
// Uses pid_file_lock; pid_file.hpp and the launch use it.
#ifndef DAEMONIZE_POSIX_PID_FILE_OPEN_HPP
#define DAEMONIZE_POSIX_PID_FILE_OPEN_HPP

#include "pid_file_lock.hpp"

#include <string>
#include <utility>

namespace daemonize {
namespace detail {

// The root user and ourselves may own a pid file or its directory; so may the run-as user, where the directory is one
// that the launch makes for it.
struct Owners {
    bool also = false;
    uid_t uid = 0;

    bool include(uid_t owner) const noexcept { return owner == 0 || owner == geteuid() || (also && owner == uid); }
};

inline std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// Who can write the directory can put any number into the file's place, and root's `kill $(cat FILE)` hits any process.
inline Failure distrust_directory(const std::string& path, const Owners& owners) {
    const std::string directory = directory_of(path);
    struct stat facts;
    if (DAEMONIZE_SYSTEM(stat)(directory.c_str(), &facts) != 0) {
        return Failure(Stage::pid_file_open, posix_error(errno), path);
    }
    const char* reason = nullptr;
    if (!S_ISDIR(facts.st_mode)) return Failure(Stage::pid_file_open, posix_error(ENOTDIR), path);
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) reason = "other users can write the directory ";
    if (!owners.include(facts.st_uid)) reason = "another user owns the directory ";
    if (reason == nullptr) return Failure();
    return Failure(Stage::pid_file_open, posix_error(EPERM), path, reason + directory);
}

inline Failure distrust_file(const std::string& path, const struct stat& facts, const Owners& owners) {
    const auto refused = [&](int error, const char* reason) {
        return Failure(Stage::pid_file_open, posix_error(error), path, reason);
    };
    if (S_ISDIR(facts.st_mode)) return refused(EISDIR, "");
    if (!S_ISREG(facts.st_mode)) return refused(EINVAL, "it is not a regular file");
    if (!owners.include(facts.st_uid)) return refused(EPERM, "it belongs to another user");
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) return refused(EPERM, "other users can write it");
    if (facts.st_nlink > 1) return refused(EMLINK, "it has a second name");
    return Failure();
}

// Never O_TRUNC: a second start would erase the number of the first. Never blocking: it may be a FIFO.
inline Descriptor open_locked_file(const std::string& path, mode_t mode) noexcept {
    constexpr int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return above_standard(retry([&] { return DAEMONIZE_SYSTEM(open)(path.c_str(), flags, mode); }));
}

inline bool lock_for_start(int file) noexcept { return lock_as_launcher(file) && lock_whether(file); }

// Puts a fresh file where a squatter's read lock blocks the old one. `path.new` is the replacers' own mutex: mode 0600
// keeps squatters off it, and only who holds its lock may rename it. Neither a failure nor true: somebody was faster, so
// ask again.
inline bool replace_squatted(const std::string& path, const struct stat& squatted, Descriptor& fresh,
                             Failure& failure) {
    const std::string next = path + ".new";
    fresh = open_locked_file(next, 0600);
    struct stat facts;
    if (!fresh || DAEMONIZE_SYSTEM(fstat)(fresh.get(), &facts) != 0) {
        failure = Failure(Stage::pid_file_open, posix_error(errno), next);
    } else {
        failure = distrust_file(next, facts, Owners());
    }
    if (failure || !lock_for_start(fresh.get()) || !is_at(next.c_str(), facts)) return false;
    if (is_at(path.c_str(), squatted) && DAEMONIZE_SYSTEM(rename)(next.c_str(), path.c_str()) == 0) return true;
    static_cast<void>(DAEMONIZE_SYSTEM(unlink)(next.c_str())); // another start will make its own
    return false;
}

inline Failure already_held(const std::string& path, const LockHolder& holder) {
    std::string reason = holder.state == LockHolder::State::starting ? "it is being started" : "it runs already";
    if (holder.pid > 0) {
        char digits[21];
        format_number(static_cast<std::uint64_t>(holder.pid), digits);
        reason += holder.state == LockHolder::State::starting ? " by process " : " as process ";
        reason += digits;
    }
    return Failure(Stage::pid_file_lock, posix_error(EBUSY), path, std::move(reason));
}

// One try at opening and locking. Neither a failure nor a file: something changed meanwhile, so try again.
inline Failure try_pid_file(const std::string& path, const Owners& owners, Descriptor& locked) {
    Descriptor file = open_locked_file(path, 0644);
    struct stat facts;
    if (!file && errno == ELOOP) {
        return Failure(Stage::pid_file_open, posix_error(ELOOP), path, "it is a symbolic link");
    }
    if (!file || DAEMONIZE_SYSTEM(fstat)(file.get(), &facts) != 0) {
        return Failure(Stage::pid_file_open, posix_error(errno), path);
    }
    if (Failure failure = distrust_file(path, facts, owners)) return failure;
    if (!lock_for_start(file.get())) {
        const int error = errno;
        LockHolder holder;
        if ((error != EAGAIN && error != EACCES) || !ask_holder(file.get(), holder)) {
            return Failure(Stage::pid_file_lock, posix_error(error), path);
        }
        if (holder.state == LockHolder::State::squatted) {
            Failure failure;
            if (!replace_squatted(path, facts, file, failure)) return failure;
            if (DAEMONIZE_SYSTEM(fstat)(file.get(), &facts) != 0) {
                return Failure(Stage::pid_file_open, posix_error(errno), path);
            }
        } else if (holder.state != LockHolder::State::none) {
            return already_held(path, holder);
        } else {
            return Failure();
        }
    }
    // Its owner may have removed it, or another start replaced it, between our open and our lock.
    if (!is_at(path.c_str(), facts)) return Failure();
    if (facts.st_size > 0 && retry([&] { return DAEMONIZE_SYSTEM(ftruncate)(file.get(), 0); }) != 0) {
        return Failure(Stage::pid_file_write, posix_error(errno), path);
    }
    // Whatever the umask: scripts of all users read it.
    if ((facts.st_mode & 07777) != 0644 && DAEMONIZE_SYSTEM(fchmod)(file.get(), 0644) != 0) {
        return Failure(Stage::pid_file_open, posix_error(errno), path);
    }
    locked = std::move(file);
    return Failure();
}

// Opens and locks a pid file, empty and not yet anybody's: the first half of a start.
inline Failure open_pid_file(const std::string& path, const Owners& owners, Descriptor& locked) {
    if (Failure failure = distrust_directory(path, owners)) return failure;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        Failure failure = try_pid_file(path, owners, locked);
        if (failure || locked) return failure;
    }
    return Failure(Stage::pid_file_lock, posix_error(EAGAIN), path, "it keeps being replaced");
}

} // namespace detail
} // namespace daemonize

#endif
