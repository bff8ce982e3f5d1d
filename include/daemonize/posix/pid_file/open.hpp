// Opening and locking a pid file, past all that others may have put in its place.
// Uses pid_file_lock; pid_file.hpp and the launch use it.
#ifndef DAEMONIZE_POSIX_PID_FILE_OPEN_HPP
#define DAEMONIZE_POSIX_PID_FILE_OPEN_HPP

#include "locks.hpp"

#include <poll.h>
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

// Whether others can put another directory in the place of one on the way to `directory`: where one above it is
// writable to them, unless it is sticky, as /tmp is. With errno where that can't be told.
inline bool is_replaceable(const std::string& directory) {
    for (std::string above = directory_of(directory);; above = directory_of(above)) {
        struct stat facts;
        errno = 0;
        if (DAEMONIZE_SYSTEM(stat)(above.c_str(), &facts) != 0) return true;
        if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (facts.st_mode & S_ISVTX) == 0) return true;
        if (above == "/" || above == ".") return false;
    }
}

// Who can write the directory can put any number into the file's place, and root's `kill $(cat FILE)` hits any process.
inline Failure distrust_directory(const std::string& path, const Owners& owners) {
    const std::string directory = directory_of(path);
    struct stat facts;
    if (DAEMONIZE_SYSTEM(stat)(directory.c_str(), &facts) != 0) {
        return posix_failure(Stage::pid_file_open, errno, path);
    }
    if (!S_ISDIR(facts.st_mode)) return posix_failure(Stage::pid_file_open, ENOTDIR, path);
    const char* reason = nullptr;
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) reason = "other users can write the directory ";
    if (reason == nullptr && !owners.include(facts.st_uid)) reason = "another user owns the directory ";
    if (reason == nullptr && is_replaceable(directory)) {
        if (errno != 0) return posix_failure(Stage::pid_file_open, errno, path);
        reason = "other users can replace the directory ";
    }
    if (reason == nullptr) return Failure();
    return posix_failure(Stage::pid_file_open, EPERM, path, joined({reason, directory}));
}

inline Failure distrust_file(const std::string& path, const struct stat& facts, const Owners& owners) {
    const auto refused = [&](int error, const char* reason) {
        return posix_failure(Stage::pid_file_open, error, path, reason);
    };
    if (S_ISDIR(facts.st_mode)) return refused(EISDIR, "");
    if (!S_ISREG(facts.st_mode)) return refused(EINVAL, "it is not a regular file");
    if (!owners.include(facts.st_uid)) return refused(EPERM, "it belongs to another user");
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) return refused(EPERM, "other users can write it");
    if (facts.st_nlink > 1) return refused(EMLINK, "it has a second name");
    return Failure();
}

// A pid file that is open: what it is, and whether it was this start that made it.
struct OpenPidFile {
    Descriptor file;
    struct stat facts = {};
    bool made = false;

    explicit operator bool() const noexcept { return static_cast<bool>(file); }
    int get() const noexcept { return file.get(); }
};

// Opens a pid file, or makes it. Never O_TRUNC: a second start would erase the number of the first. Never blocking: it may
// be a FIFO. Fails with errno, and takes away again what it made.
inline bool open_or_make(const std::string& path, mode_t mode, OpenPidFile& opened) noexcept {
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const auto open = [&](int more) {
        opened.file = open_above(path.c_str(), flags | more, mode);
        return static_cast<bool>(opened.file);
    };
    for (int attempt = 0; attempt < 1000; ++attempt) {
        opened.made = open(O_CREAT | O_EXCL);
        if (opened.made || errno != EEXIST || open(0) || errno != ENOENT) break; // it may go between the two
    }
    if (!opened || DAEMONIZE_SYSTEM(fstat)(opened.get(), &opened.facts) == 0) return static_cast<bool>(opened);
    const int error = errno;
    if (opened.made) static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path.c_str()));
    opened.file.reset();
    errno = error;
    return false;
}

// Opens a pid file in order to ask about it. True, and nothing open, where there is none. Whose it is does not matter: the
// locks name its holder, and who could lie by them could kill that process himself.
inline bool open_to_ask(const std::string& path, Descriptor& file, struct stat& facts, Failure& failure,
                        int access = O_RDONLY) {
    file = open_above(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file && errno == ENOENT) return true;
    if (!file || DAEMONIZE_SYSTEM(fstat)(file.get(), &facts) != 0) {
        failure = posix_failure(Stage::pid_file_open, errno, path, errno == ELOOP ? "it is a symbolic link" : "");
    } else {
        failure = distrust_file(path, facts, Owners{true, facts.st_uid});
    }
    return !failure;
}

inline bool lock_for_start(int file) noexcept { return lock_as_launcher(file) && lock_whether(file); }

// Puts a fresh file where a squatter's read lock blocks the old one. `path.new` is the replacers' own mutex: mode 0600
// keeps squatters off it, and only who holds its lock may rename it. Neither a failure nor true: somebody was faster, so
// ask again.
inline bool replace_squatted(const std::string& path, OpenPidFile& squatted, Failure& failure) {
    const std::string next = joined({path, ".new"});
    OpenPidFile fresh;
    if (!open_or_make(next, 0600, fresh)) {
        failure = posix_failure(Stage::pid_file_open, errno, next);
    } else {
        failure = distrust_file(next, fresh.facts, Owners());
    }
    if (failure || !lock_for_start(fresh.get()) || !leads_to(next.c_str(), fresh.facts)) return false;
    if (leads_to(path.c_str(), squatted.facts)) {
        if (DAEMONIZE_SYSTEM(rename)(next.c_str(), path.c_str()) == 0) {
            squatted = std::move(fresh);
            return true;
        }
        failure = posix_failure(Stage::pid_file_open, errno, path);
    }
    static_cast<void>(DAEMONIZE_SYSTEM(unlink)(next.c_str())); // another start will make its own
    return false;
}

inline Failure already_held(const std::string& path, const LockHolder& holder) {
    const bool starts = holder.state == LockHolder::State::starting;
    const char* const what = starts ? "it is being started" : "it runs already";
    if (holder.pid <= 0) return posix_failure(Stage::pid_file_lock, EBUSY, path, what);
    return posix_failure(Stage::pid_file_lock, EBUSY, path,
                         joined({what, starts ? " by process " : " as process ", holder.pid}));
}

// Whether the lock is one of those that a stop holds for an instant while it takes a dead daemon's file away.
inline bool may_be_removal(const LockHolder& holder) noexcept {
    return locks_name_holders && holder.state == LockHolder::State::running && !holder.is_named;
}

// Locks an open pid file. Neither a failure nor true: something changed meanwhile, so open it anew.
inline bool lock_or_replace(const std::string& path, OpenPidFile& opened, bool patient, Failure& failure) {
    if (lock_for_start(opened.get())) return true;
    const int error = errno;
    LockHolder holder;
    if ((error != EAGAIN && error != EACCES) || !ask_holder(opened.get(), holder)) {
        failure = posix_failure(Stage::pid_file_lock, error, path);
        // Nobody can have locked it in the meantime who would not find it gone, and make another.
        if (opened.made) static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path.c_str()));
    } else if (holder.state == LockHolder::State::squatted) {
        return replace_squatted(path, opened, failure);
    } else if (patient && may_be_removal(holder)) {
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // to be cut short does no harm
    } else if (holder.state != LockHolder::State::none) {
        failure = already_held(path, holder);
    }
    return false;
}

// Makes a locked file empty, and readable to the scripts of all users, whatever the umask.
inline Failure make_fit(const std::string& path, const OpenPidFile& opened) {
    if (opened.facts.st_size > 0 && !make_empty(opened.get())) {
        return posix_failure(Stage::pid_file_write, errno, path);
    }
    if ((opened.facts.st_mode & 07777) != 0644 && DAEMONIZE_SYSTEM(fchmod)(opened.get(), 0644) != 0) {
        return posix_failure(Stage::pid_file_open, errno, path);
    }
    return Failure();
}

// One try at opening and locking. Neither a failure nor a file: try again.
inline Failure try_pid_file(const std::string& path, const Owners& owners, bool patient, OpenPidFile& locked) {
    OpenPidFile opened;
    if (!open_or_make(path, 0644, opened)) {
        return posix_failure(Stage::pid_file_open, errno, path, errno == ELOOP ? "it is a symbolic link" : "");
    }
    if (Failure failure = distrust_file(path, opened.facts, owners)) return failure;
    Failure failure;
    if (!lock_or_replace(path, opened, patient, failure)) return failure;
    // Its owner may have removed it, or another start replaced it, between our open and our lock.
    if (!leads_to(path.c_str(), opened.facts)) return Failure();
    failure = make_fit(path, opened);
    if (!failure) {
        locked = std::move(opened);
    } else if (opened.made) {
        remove_pid_file(opened.get(), opened.facts, path.c_str());
    }
    return failure;
}

// Opens and locks a pid file, empty and not yet anybody's: the first half of a start.
inline Failure open_pid_file(const std::string& path, const Owners& owners, OpenPidFile& locked) {
    if (Failure failure = distrust_directory(path, owners)) return failure;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        Failure failure = try_pid_file(path, owners, attempt < 100, locked);
        if (failure || locked) return failure;
    }
    return posix_failure(Stage::pid_file_lock, EAGAIN, path, "it keeps being replaced");
}

} // namespace detail
} // namespace daemonize

#endif
