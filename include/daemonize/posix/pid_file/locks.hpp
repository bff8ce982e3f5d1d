// The locks of a pid file. The lock, not the number in the file, says who runs. No single lock can: flock and OFD locks
// name nobody, POSIX locks go with any close of the file and do not cross fork. So byte 0 says whether a daemon runs or
// starts (OFD, taken before the first fork), byte 1 says which process it is (POSIX, taken by the daemon; F_GETLK names
// it, across pid namespaces too), byte 2 who is starting it (POSIX, the launcher). Queries only ever use GETLK: one that
// took a lock for a moment would make a start at that moment fail.
// Uses fault; pid_file.hpp and the launch use it.
#ifndef DAEMONIZE_POSIX_PID_FILE_LOCKS_HPP
#define DAEMONIZE_POSIX_PID_FILE_LOCKS_HPP

#include "../../core/number.hpp"
#include "../system/files.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

constexpr off_t whether_byte = 0;
constexpr off_t who_byte = 1;
constexpr off_t launcher_byte = 2;

inline struct flock lock_request(short type, off_t start, off_t length = 1) noexcept {
    struct flock request = {};
    request.l_type = type;
    request.l_whence = SEEK_SET;
    request.l_start = start;
    request.l_len = length;
    return request;
}

inline bool call_lock(int file, int command, struct flock& request) noexcept {
    return retry([&] { return DAEMONIZE_SYSTEM(fcntl)(file, command, &request); }) == 0;
}

inline bool set_lock(int file, int command, struct flock request) noexcept { return call_lock(file, command, request); }

#if defined(F_OFD_SETLK)

constexpr bool locks_name_holders = true;

// Both bytes, so that nobody's read lock can slip onto the second one before the daemon takes it.
inline bool lock_whether(int file) noexcept {
    return set_lock(file, F_OFD_SETLK, lock_request(F_WRLCK, whether_byte, 2));
}

// An OFD lock stands in the way of a POSIX one, even of the same process: give up the byte first. `is_taken`: another has
// it now, and not only for a moment.
inline bool lock_who(int file, bool& is_taken) noexcept {
    is_taken = false;
    if (!set_lock(file, F_OFD_SETLK, lock_request(F_UNLCK, who_byte))) return false;
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (set_lock(file, F_SETLK, lock_request(F_WRLCK, who_byte))) return true;
        is_taken = errno == EAGAIN || errno == EACCES;
        if (!is_taken) break;
    }
    return false;
}

inline bool lock_as_launcher(int file) noexcept {
    return set_lock(file, F_SETLK, lock_request(F_WRLCK, launcher_byte));
}

#else

constexpr bool locks_name_holders = false;

// Without OFD locks, flock says whether; POSIX locks would collide with it there, so the number in the file says who.
inline bool lock_whether(int file) noexcept {
    return retry([&] { return DAEMONIZE_SYSTEM(flock)(file, LOCK_EX | LOCK_NB); }) == 0;
}
inline bool lock_who(int, bool&) noexcept { return true; }
inline bool lock_as_launcher(int) noexcept { return true; }

#endif

// Whom a pid file's locks name.
struct LockHolder {
    enum class State {
        none,
        running,
        starting,
        squatted // a read lock alone: anyone who can read the file may take one, and it means nothing
    };
    State state = State::none;
    pid_t pid = 0;         // 0: nobody that we can see is named
    bool is_named = false; // by the kernel; else the number is only what the file says
};

// The lock that would stand in the way of a write lock on this byte; its type is F_UNLCK where none would.
inline bool ask_lock(int file, off_t byte, struct flock& answer) noexcept {
    answer = lock_request(F_WRLCK, byte);
    return call_lock(file, F_GETLK, answer);
}

// The number that the file holds; 0 where it holds none.
inline pid_t read_pid(int file) noexcept {
    char text[32];
    const ssize_t size = retry([&] { return DAEMONIZE_SYSTEM(pread)(file, text, sizeof text, 0); });
    return size <= 0 ? 0 : parse_pid(text, static_cast<std::size_t>(size));
}

// Who holds the file, by the kernel's word. False, with errno, where it can't be asked.
inline bool ask_holder(int file, LockHolder& holder) noexcept {
    holder = LockHolder();
    struct flock whether, who, launcher;
    if (!ask_lock(file, who_byte, who)) return false;
    if (who.l_type == F_WRLCK && who.l_pid > 0) {
        holder = {LockHolder::State::running, who.l_pid, true};
        return true;
    }
    if (!ask_lock(file, launcher_byte, launcher) || !ask_lock(file, whether_byte, whether)) return false;
    if (launcher.l_type == F_WRLCK) {
        holder = {LockHolder::State::starting, launcher.l_pid > 0 ? launcher.l_pid : 0, launcher.l_pid > 0};
    } else if (whether.l_type == F_WRLCK) {
        // The daemon closed another descriptor of the file, and so lost the lock that names it.
        holder = {LockHolder::State::running, read_pid(file), false};
    } else if (whether.l_type == F_RDLCK || who.l_type == F_RDLCK || launcher.l_type == F_RDLCK) {
        holder.state = LockHolder::State::squatted;
    }
    return true;
}

// Whether a launcher still waits for this daemon to be ready. In the foreground a process launches itself.
inline bool is_awaited(int file, pid_t daemon) noexcept {
    struct flock launcher;
    return ask_lock(file, launcher_byte, launcher) && launcher.l_type == F_WRLCK && launcher.l_pid != daemon;
}

// In the process that is to be named: takes the lock that names it, and writes its number as the file's one line.
inline StepError claim_pid_file(int file, const char* path) noexcept {
    // A reader that had waited for the byte may get it in between. It must not be able to refuse a start: the number in
    // the file, which only its owner can write, then names us, as it does where the application closed the file.
    bool is_taken = false;
    if (!lock_who(file, is_taken) && !is_taken) return step_error(Stage::pid_file_lock, errno, path);
    char line[22];
    char digits[21];
    std::size_t size = format_number(static_cast<std::uint64_t>(DAEMONIZE_SYSTEM(getpid)()), digits);
    for (std::size_t i = 0; i < size; ++i) line[i] = digits[i];
    line[size++] = '\n';
    for (std::size_t done = 0; done < size;) {
        const ssize_t written =
            retry([&] { return DAEMONIZE_SYSTEM(pwrite)(file, line + done, size - done, static_cast<off_t>(done)); });
        if (written <= 0) return step_error(Stage::pid_file_write, written == 0 ? EIO : errno, path);
        done += static_cast<std::size_t>(written);
    }
    return StepError();
}

inline bool make_empty(int file) noexcept {
    return retry([&] { return DAEMONIZE_SYSTEM(ftruncate)(file, 0); }) == 0;
}

// Removes the file, only while its lock is held and only if the path still leads to it. Where the user that the daemon
// became may not unlink it, or the new root hides it, the file is emptied: empty and unlocked means not running.
inline void remove_pid_file(int file, const struct stat& held, const char* path) noexcept {
    // Some library's mass close may have taken the descriptor, and the application been given its number: then it is a
    // file of the application's, and not ours to empty.
    struct stat facts;
    if (DAEMONIZE_SYSTEM(fstat)(file, &facts) != 0 || !is_same_file(facts, held)) return;
    if (leads_to(path, held) && DAEMONIZE_SYSTEM(unlink)(path) == 0) return;
    // Nothing is left to try where even this fails: the lock, which goes with us, is what counts.
    static_cast<void>(make_empty(file));
}

} // namespace detail
} // namespace daemonize

#endif
