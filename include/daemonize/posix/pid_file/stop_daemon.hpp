// Signals the daemon of a pid file, waits for its end, and stops it (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_STOP_DAEMON_HPP
#define DAEMONIZE_POSIX_PID_FILE_STOP_DAEMON_HPP

#include "find_daemon.hpp"

namespace daemonize {
namespace detail {

inline bool send_signal(const std::string& path, const FoundDaemon& found, int number, Failure& failure) {
    const int error = found.process.signal(number);
    if (error == ESRCH) return fail_instance(path, ESRCH, "it does not run any more", failure);
    return error == 0 || fail_instance(path, error, "", failure);
}

// Sends a signal that ends the daemon, and SIGCONT, without which a stopped process would not handle it. Returns false
// if there is no process to wait for: the daemon is gone, or `failure` says why the signal was refused.
inline bool send_ending_signal(const std::string& path, const FoundDaemon& found, int number, Failure& failure) {
    const int error = found.process.signal(number);
    if (error == ESRCH) return false;
    if (error != 0) return fail_instance(path, error, error == EPERM ? "another user runs it" : "", failure);
    static_cast<void>(found.process.signal(SIGCONT));
    return true;
}

// Waits until the daemon does not hold the file any more. The locks are queried as well, because without a pidfd a dead
// process that is not reaped looks alive.
inline bool wait_for_end(const std::string& path, FoundDaemon& found, Duration deadline) {
    const int access = found.file ? O_RDWR : O_RDONLY;
    for (;;) {
        if (found.process.wait(deadline)) return true;
        found.file = OpenPidFile(); // this process may have no descriptor to spare for a second open file
        Failure ignored;
        FoundDaemon now = find_daemon(path, access, ignored);
        found.file = std::move(now.file);
        if (!ignored && now.pid != found.pid) return true;
        if (monotonic_now() >= deadline) return false;
    }
}

// Waits 5 ms if a launcher has the lock and the daemon has no number yet. Otherwise, and after the deadline, returns
// false at once.
inline bool nap_while_starting(const FoundDaemon& found, Duration deadline) noexcept {
    if (found.state != InstanceState::starting || monotonic_now() >= deadline) return false;
    static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 5)); // EINTR does no harm
    return true;
}

inline bool wait_for_daemon(const std::string& path, Duration timeout, Failure& failure) {
    const Duration deadline = monotonic_now() + timeout;
    for (;;) {
        FoundDaemon found = find_daemon(path, O_RDONLY, failure);
        if (failure) return false;
        if (!found.is_up()) return true;
        if (found.pid > 0 ? !wait_for_end(path, found, deadline) : !nap_while_starting(found, deadline)) return false;
    }
}

enum class StopResult { failed, did_not_run, stopped };

// Sends SIGTERM and waits until the daemon has ended. When `timeout` passes, calls may_kill(pid): true sends SIGKILL,
// false is a failure with ETIMEDOUT. Removes a stale pid file.
template <class MayKill>
StopResult stop_daemon(const std::string& path, Duration timeout, MayKill may_kill, Failure& failure) {
    const Duration deadline = monotonic_now() + timeout;
    FoundDaemon found;
    bool ran = false;
    const auto ended = [&] {
        if (found.file) remove_stale_pid_file(found.file.get(), found.file.info, path);
        return ran ? StopResult::stopped : StopResult::did_not_run;
    };
    do {
        found = find_daemon(path, O_RDWR, failure);
        if (failure) return StopResult::failed;
        ran = ran || found.is_up();
        if (found.pid <= 0 && !nap_while_starting(found, deadline)) break;
    } while (found.state == InstanceState::starting && found.pid <= 0);
    if (!found.is_up()) return ended();
    if (!is_signalable(path, found, failure)) return StopResult::failed;
    if (!send_ending_signal(path, found, SIGTERM, failure)) return failure ? StopResult::failed : ended();
    if (wait_for_end(path, found, deadline)) return ended();
    if (!may_kill(found.pid)) {
        fail_instance(path, ETIMEDOUT, joined({"process ", found.pid, " did not stop in time"}), failure);
        return StopResult::failed;
    }
    if (!send_ending_signal(path, found, SIGKILL, failure)) return failure ? StopResult::failed : ended();
    // A process ends by SIGKILL once its current system call returns.
    if (wait_for_end(path, found, monotonic_now() + Duration::seconds(10))) return ended();
    fail_instance(path, ETIMEDOUT, joined({"process ", found.pid, " was killed, and does not end"}), failure);
    return StopResult::failed;
}

} // namespace detail
} // namespace daemonize

#endif
