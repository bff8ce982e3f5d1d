// The locks of a pid file, which say whether a daemon runs and which process it is (internal).
//
// The locks count, and not the number in the file. No single kind of lock can do it: flock(2) and OFD locks name no
// process, and POSIX locks end with any close(2) of the file and do not pass to a forked child. So a pid file has
// three:
// byte 0  an OFD lock, taken before the first fork: a daemon runs or starts;
// byte 1  a POSIX lock of the daemon: F_GETLK names the process, across pid namespaces too;
// byte 2  a POSIX lock of the launcher: the daemon is being started.
// A query uses F_GETLK alone: a lock that a query held for a moment would make a start fail.
#ifndef DAEMONIZE_POSIX_PID_FILE_LOCKS_HPP
#define DAEMONIZE_POSIX_PID_FILE_LOCKS_HPP

#include "../../core/number.hpp"
#include "../system/step_error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

constexpr off_t running_byte = 0;
constexpr off_t daemon_byte = 1;
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

// Locks bytes 0 and 1. The second one keeps a read lock of another process off byte 1 until the daemon takes the byte.
inline bool lock_running(int file) noexcept {
    return set_lock(file, F_OFD_SETLK, lock_request(F_WRLCK, running_byte, 2));
}

// Locks byte 1 for this process. An OFD lock conflicts with a POSIX lock even of the same process, so the function
// gives up the OFD lock of byte 1 first. `is_taken`: another process holds the byte now, at three attempts.
inline bool lock_daemon(int file, bool& is_taken) noexcept {
    is_taken = false;
    if (!set_lock(file, F_OFD_SETLK, lock_request(F_UNLCK, daemon_byte))) return false;
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (set_lock(file, F_SETLK, lock_request(F_WRLCK, daemon_byte))) return true;
        is_taken = errno == EAGAIN || errno == EACCES;
        if (!is_taken) break;
    }
    return false;
}

inline bool lock_launcher(int file) noexcept { return set_lock(file, F_SETLK, lock_request(F_WRLCK, launcher_byte)); }

#else

constexpr bool locks_name_holders = false;

// Without OFD locks, flock(2) says whether a daemon runs, and the number in the file says which process it is: a POSIX
// lock would conflict with flock(2) on such systems.
inline bool lock_running(int file) noexcept {
    return retry([&] { return DAEMONIZE_SYSTEM(flock)(file, LOCK_EX | LOCK_NB); }) == 0;
}
inline bool lock_daemon(int, bool&) noexcept { return true; }
inline bool lock_launcher(int) noexcept { return true; }

#endif

// The holder of a pid file.
struct LockHolder {
    enum class State {
        none,
        running,
        starting,
        read_locked // a read lock alone, which any user who can read the file may take, and which means nothing
    };
    State state = State::none;
    pid_t pid = 0;         // 0: unknown, as for a process of another pid namespace
    bool is_named = false; // true: the kernel named the process; false: only the file holds the number
};

// Asks for the lock that conflicts with a write lock of this byte. The type of the answer is F_UNLCK without a
// conflict.
inline bool ask_lock(int file, off_t byte, struct flock& answer) noexcept {
    answer = lock_request(F_WRLCK, byte);
    return call_lock(file, F_GETLK, answer);
}

// Returns the number in the file, or 0.
inline pid_t read_pid(int file) noexcept {
    char text[32];
    const ssize_t size = retry([&] { return DAEMONIZE_SYSTEM(pread)(file, text, sizeof text, 0); });
    return size <= 0 ? 0 : parse_pid(text, static_cast<std::size_t>(size));
}

// Asks the kernel for the holder of the file. On failure returns false and sets errno.
inline bool ask_holder(int file, LockHolder& holder) noexcept {
    holder = LockHolder();
    struct flock running, daemon, launcher;
    if (!ask_lock(file, daemon_byte, daemon)) return false;
    if (daemon.l_type == F_WRLCK && daemon.l_pid > 0) {
        holder = {LockHolder::State::running, daemon.l_pid, true};
        return true;
    }
    if (!ask_lock(file, launcher_byte, launcher) || !ask_lock(file, running_byte, running)) return false;
    if (launcher.l_type == F_WRLCK) {
        holder = {LockHolder::State::starting, launcher.l_pid > 0 ? launcher.l_pid : 0, launcher.l_pid > 0};
    } else if (running.l_type == F_WRLCK) {
        // The daemon closed another descriptor of the file, which ended its POSIX lock.
        holder = {LockHolder::State::running, read_pid(file), false};
    } else if (running.l_type == F_RDLCK || daemon.l_type == F_RDLCK || launcher.l_type == F_RDLCK) {
        holder.state = LockHolder::State::read_locked;
    }
    return true;
}

// Whether a launcher still waits for this daemon to be ready. A foreground start is its own launcher, and does not
// count.
inline bool is_awaited(int file, pid_t daemon) noexcept {
    struct flock launcher;
    return ask_lock(file, launcher_byte, launcher) && launcher.l_type == F_WRLCK && launcher.l_pid != daemon;
}

} // namespace detail
} // namespace daemonize

#endif
