// Opening and locking a pid file for a start, and opening it for a query (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_OPEN_HPP
#define DAEMONIZE_POSIX_PID_FILE_OPEN_HPP

#include "../system/proc.hpp"
#include "remove.hpp"

#include <poll.h>
#include <string>
#include <utility>

namespace daemonize {
namespace detail {

// An open pid file, its status by fstat(2), and whether this start made the file.
struct OpenPidFile {
    Descriptor file;
    struct stat info = {};
    bool made = false;

    explicit operator bool() const noexcept { return static_cast<bool>(file); }
    int get() const noexcept { return file.get(); }
};

// Whether this process holds the file at `path`, by a descriptor of its own that /proc shows: the descriptor has the
// OFD lock, and the file has the number of this process. Another copy of the library in the process may have opened
// that descriptor. The file is not opened. On systems without OFD locks the result is false: there close(2) of another
// descriptor ends no lock.
inline bool is_held_by_other_copy(const std::string& path) {
    struct stat info;
    int descriptor = -1;
    return DAEMONIZE_SYSTEM(lstat)(path.c_str(), &info) == 0 &&
           holds_lock("/proc/self", info, descriptor) == Answer::yes &&
           read_pid(descriptor) == DAEMONIZE_SYSTEM(getpid)();
}

// Opens the file, or makes it. O_TRUNC is not used: a second start would erase the number of the first. O_NONBLOCK: the
// path may lead to a FIFO. Does not open a file that another copy of the library in this process holds, because the
// close(2) would end the POSIX lock, and then fails with errno 0. On any other failure sets errno, and removes a file
// that it made.
inline bool open_or_make(const std::string& path, mode_t mode, OpenPidFile& opened) {
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const auto open = [&](int more) {
        opened.file = open_above(path.c_str(), flags | more, mode);
        return static_cast<bool>(opened.file);
    };
    for (int attempt = 0; attempt < 1000; ++attempt) {
        opened.made = open(O_CREAT | O_EXCL);
        if (opened.made || errno != EEXIST) break;
        if (is_held_by_other_copy(path)) {
            errno = 0;
            return false;
        }
        // Another process may remove the file between the two calls.
        if (open(0) || errno != ENOENT) break;
    }
    if (!opened || DAEMONIZE_SYSTEM(fstat)(opened.get(), &opened.info) == 0) return static_cast<bool>(opened);
    const int error = errno;
    if (opened.made) static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path.c_str()));
    opened.file.reset();
    errno = error;
    return false;
}

// Opens a pid file for a query. Returns true with an empty `opened` if the file does not exist; an empty path is a failure. Any owner is accepted:
// the locks name the holder, and the owner of the file could name only a process of that owner.
inline bool open_to_ask(const std::string& path, int access, OpenPidFile& opened, Failure& failure) {
    if (path.empty()) {
        failure = posix_failure(Stage::pid_file_open, ENOENT, "", "the path is empty");
        return false;
    }
    opened.file = open_above(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened && errno == ENOENT) return true;
    if (!opened || DAEMONIZE_SYSTEM(fstat)(opened.get(), &opened.info) != 0) {
        failure = posix_failure(Stage::pid_file_open, errno, path, errno == ELOOP ? "it is a symbolic link" : "");
    } else {
        failure = distrust_file(path, opened.info, Owners{true, opened.info.st_uid});
    }
    return !failure;
}

inline bool lock_for_start(int file) noexcept { return lock_launcher(file) && lock_running(file); }

// Replaces a file that another user's read lock blocks. `path.new` is the mutex of the processes that replace: its mode
// 0600 keeps read locks of other users away, and only the process that locks it renames it. Returns false without a
// failure if another process was faster: then the caller tries again.
inline bool replace_read_locked(const std::string& path, OpenPidFile& blocked, Failure& failure) {
    const std::string next = joined({path, ".new"});
    OpenPidFile fresh;
    if (!open_or_make(next, 0600, fresh)) {
        failure = posix_failure(Stage::pid_file_open, errno != 0 ? errno : EBUSY, next);
    } else {
        failure = distrust_file(next, fresh.info, Owners());
    }
    if (failure || !lock_for_start(fresh.get()) || !leads_to(next.c_str(), fresh.info)) return false;
    if (leads_to(path.c_str(), blocked.info)) {
        if (DAEMONIZE_SYSTEM(rename)(next.c_str(), path.c_str()) == 0) {
            blocked = std::move(fresh);
            return true;
        }
        failure = posix_failure(Stage::pid_file_open, errno, path);
    }
    static_cast<void>(DAEMONIZE_SYSTEM(unlink)(next.c_str())); // another start makes its own
    return false;
}

inline Failure already_held(const std::string& path, const LockHolder& holder) {
    const bool starts = holder.state == LockHolder::State::starting;
    const std::string process = holder.pid > 0 ? joined({"process ", holder.pid}) : "another process";
    return posix_failure(Stage::pid_file_lock, EBUSY, path,
                         joined({process, starts ? " is starting the daemon" : " holds it"}));
}

// Whether Instance::stop() may hold the lock for an instant, to remove a dead daemon's file.
inline bool may_be_removal(const LockHolder& holder) noexcept {
    return locks_name_holders && holder.state == LockHolder::State::running && !holder.is_named;
}

// Locks an open pid file. Returns false without a failure if the file changed meanwhile: then the caller opens the file
// again.
inline bool lock_or_replace(const std::string& path, OpenPidFile& opened, bool patient, Failure& failure) {
    if (lock_for_start(opened.get())) return true;
    const int error = errno;
    LockHolder holder;
    if ((error != EAGAIN && error != EACCES) || !ask_holder(opened.get(), holder)) {
        failure = posix_failure(Stage::pid_file_lock, error, path);
        // A process that locks the file from now on finds it removed, and makes another one.
        if (opened.made) static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path.c_str()));
    } else if (holder.state == LockHolder::State::read_locked) {
        return replace_read_locked(path, opened, failure);
    } else if (patient && may_be_removal(holder)) {
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // EINTR does no harm
    } else if (holder.state != LockHolder::State::none) {
        failure = already_held(path, holder);
    }
    return false;
}

// Empties a locked file and sets its mode, whatever the umask.
inline Failure empty_and_set_mode(const std::string& path, mode_t mode, const OpenPidFile& opened) {
    if (opened.info.st_size > 0 && !make_empty(opened.get())) {
        return posix_failure(Stage::pid_file_write, errno, path);
    }
    if ((opened.info.st_mode & 07777) != mode && DAEMONIZE_SYSTEM(fchmod)(opened.get(), mode) != 0) {
        return posix_failure(Stage::pid_file_open, errno, path);
    }
    return Failure();
}

// Opens and locks once. Returns no failure and an empty `locked` if the caller must try again.
inline Failure try_pid_file(const std::string& path, mode_t mode, const Owners& owners, bool patient,
                            OpenPidFile& locked) {
    OpenPidFile opened;
    if (!open_or_make(path, mode, opened)) {
        if (errno == 0) return already_held(path, {LockHolder::State::running, DAEMONIZE_SYSTEM(getpid)(), true});
        return posix_failure(Stage::pid_file_open, errno, path, errno == ELOOP ? "it is a symbolic link" : "");
    }
    if (Failure failure = distrust_file(path, opened.info, owners)) return failure;
    Failure failure;
    if (!lock_or_replace(path, opened, patient, failure)) return failure;
    // Between open(2) and the lock, the daemon may have removed the file, or another start may have replaced it.
    if (!leads_to(path.c_str(), opened.info)) return Failure();
    failure = empty_and_set_mode(path, mode, opened);
    if (!failure) {
        locked = std::move(opened);
    } else if (opened.made) {
        remove_pid_file(opened.get(), opened.info, path.c_str());
    }
    return failure;
}

// Opens, locks and empties a pid file: the first half of a start. write_pid_file() is the second.
inline Failure open_pid_file(const std::string& path, mode_t mode, const Owners& owners, OpenPidFile& locked) {
    if (Failure failure = distrust_directory(path, owners)) return failure;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        Failure failure = try_pid_file(path, mode, owners, attempt < 100, locked);
        if (failure || locked) return failure;
    }
    return posix_failure(Stage::pid_file_lock, EAGAIN, path, "it keeps being replaced");
}

} // namespace detail
} // namespace daemonize

#endif
