// Finds the daemon of a pid file by the locks of the file (internal). The number in the file alone never names the
// process.
#ifndef DAEMONIZE_POSIX_PID_FILE_FIND_DAEMON_HPP
#define DAEMONIZE_POSIX_PID_FILE_FIND_DAEMON_HPP

#include "../system/proc.hpp"
#include "../system/process_handle.hpp"
#include "held_files.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace daemonize {

/// The state of the daemon of a pid file.
enum class InstanceState {
    not_running,
    dead,     ///< the pid file exists, and no process holds it: the daemon was killed, or the machine crashed
    starting, ///< not ready yet
    running
};

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(InstanceState state) noexcept {
    switch (state) {
    case InstanceState::not_running: return "not_running";
    case InstanceState::dead: return "dead";
    case InstanceState::starting: return "starting";
    case InstanceState::running: return "running";
    }
    return "unknown";
}

namespace detail {

// The result of a search.
struct FoundDaemon {
    InstanceState state = InstanceState::not_running;
    pid_t pid = 0;           // 0 in a start before the daemon's fork
    bool is_certain = false; // the process with this number is the daemon
    ProcessHandle process;   // opened between two queries that named the same process
    OpenPidFile file;        // open if the caller passed O_RDWR

    bool is_up() const noexcept { return state == InstanceState::running || state == InstanceState::starting; }
};

inline bool fail_instance(const std::string& path, int error, std::string_view reason, Failure& failure) noexcept {
    failure = posix_failure(Stage::instance, error, path, reason);
    return false;
}

inline bool query_holder(const std::string& path, int file, LockHolder& holder, Failure& failure) {
    if (ask_holder(file, holder)) return true;
    failure = posix_failure(Stage::pid_file_open, errno, path);
    return false;
}

// The result of one look at an open pid file. `changing`: a new daemon has just taken the file over, or a lock is held
// for an instant by an Instance::stop() that removes a dead daemon's file.
enum class Look { settled, changing, failed };

inline Look look_at_holder(const std::string& path, const OpenPidFile& file, int round, FoundDaemon& found,
                           Failure& failure) {
    LockHolder holder, again;
    if (!query_holder(path, file.get(), holder, failure)) return Look::failed;
    if (holder.state == LockHolder::State::none || holder.state == LockHolder::State::read_locked) {
        found.state = file.info.st_size > 0 ? InstanceState::dead : InstanceState::not_running;
        return Look::settled;
    }
    if (holder.state == LockHolder::State::starting) {
        found.state = InstanceState::starting; // the lock names the launcher, which must get no signal
        return Look::settled;
    }
    found.process = ProcessHandle(holder.pid);
    if (!query_holder(path, file.get(), again, failure)) return Look::failed;
    if (again.state != holder.state || again.pid != holder.pid) return Look::changing;
    const Answer holds = holder.is_named ? Answer::yes : holds_lock(holder.pid, file.info);
    // Tries longer if /proc shows that the process does not hold the lock than if /proc shows nothing.
    if (holds != Answer::yes && round < (holds == Answer::no ? 900 : 100)) {
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // EINTR does no harm
        return Look::changing;
    }
    found.state = is_awaited(file.get(), holder.pid) ? InstanceState::starting : InstanceState::running;
    found.pid = holder.pid;
    found.is_certain = holds == Answer::yes;
    return Look::settled;
}

// Finds the daemon of the pid file at `path`. With O_RDWR the result keeps the file open, so that a stop can remove the
// file at once; a user who may not write the file gets a search with O_RDONLY.
inline FoundDaemon find_daemon(const std::string& path, int access, Failure& failure) {
    FoundDaemon found;
    failure = Failure();
    if (is_held_by_process(path)) {
        found.state = InstanceState::running;
        found.pid = DAEMONIZE_SYSTEM(getpid)();
        found.is_certain = true;
        found.process = ProcessHandle(found.pid);
        return found;
    }
    for (int round = 0; round < 1000; ++round) {
        OpenPidFile file;
        if (!open_to_ask(path, access, file, failure)) {
            if (std::exchange(access, O_RDONLY) == O_RDONLY) return found;
            failure = Failure();
            continue;
        }
        if (!file) return found;
        const Look seen = look_at_holder(path, file, round, found, failure);
        if (seen == Look::changing) continue;
        if (access != O_RDONLY) found.file = std::move(file);
        return found;
    }
    fail_instance(path, EAGAIN, "its process keeps changing", failure);
    return found;
}

inline bool is_signalable(const std::string& path, const FoundDaemon& found, Failure& failure) {
    if (found.pid <= 0) return fail_instance(path, EAGAIN, "it is being started", failure);
    if (found.is_certain) return true;
    return fail_instance(path, EPERM,
                         joined({"the system does not tell whether process ", found.pid, " is the daemon"}), failure);
}

// Finds a daemon that can be signalled. A daemon that does not run is a failure: ESRCH.
inline FoundDaemon find_process(const std::string& path, Failure& failure) {
    FoundDaemon found = find_daemon(path, O_RDONLY, failure);
    if (failure) return found;
    if (!found.is_up()) {
        fail_instance(path, ESRCH, "it does not run", failure);
    } else {
        is_signalable(path, found, failure);
    }
    return found;
}

} // namespace detail
} // namespace daemonize

#endif
