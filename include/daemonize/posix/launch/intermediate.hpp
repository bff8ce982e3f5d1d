// The intermediate process of a double fork: the daemon's parent until readiness (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_INTERMEDIATE_HPP
#define DAEMONIZE_POSIX_LAUNCH_INTERMEDIATE_HPP

#include "rollback.hpp"
#include "set_up.hpp"

#include <poll.h>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// The intermediate process waits for the daemon, and reports the daemon's exact wait status to the launcher. The
// intermediate process ends the daemon if the launcher requests the end, or dies. Only a parent can end a process
// safely: the kernel reuses the PID of a process once its parent has reaped the process.

constexpr unsigned ending_grace = 5; // seconds from SIGTERM to SIGKILL for a daemon that is ended before readiness

// The variables of the signal handlers. The intermediate process has one thread.
inline int intermediate_channel = -1;
inline pid_t intermediate_child = -1;

// The handler of SIGCHLD. A socket that is shut down stays readable, so poll(2) returns even if the signal came just
// before the call.
inline void wake_intermediate(int) noexcept {
    const int error = errno;
    static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(intermediate_channel, SHUT_RD));
    errno = error;
}

// The handler of SIGALRM.
inline void kill_intermediate_child(int) noexcept {
    const int error = errno;
    static_cast<void>(DAEMONIZE_SYSTEM(kill)(intermediate_child, SIGKILL));
    errno = error;
}

inline StepError start_session(const Options& options) noexcept {
    // unshare(1) without a fork makes the first child process 1 of the new PID namespace. The kernel kills every
    // process of a namespace when process 1 exits.
    if (DAEMONIZE_SYSTEM(getpid)() == 1) {
        return step_error(Stage::fork, EINVAL, "",
                          "the intermediate process would be process 1, and the daemon would end with it");
    }
    return options.setsid && DAEMONIZE_SYSTEM(setsid)() < 0 ? step_error(Stage::setsid, errno) : StepError();
}

inline StepError become_intermediate(const Options& options, int channel) noexcept {
    if (const StepError failed = start_session(options)) return failed;
    intermediate_channel = channel;
    struct sigaction action = plain_action(wake_intermediate);
    action.sa_flags = SA_NOCLDSTOP | SA_RESTART;
    if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) != 0) {
        return step_error(Stage::signal_reset, errno, "SIGCHLD");
    }
    sigset_t mask;
    static_cast<void>(sigfillset(&mask));
    static_cast<void>(sigdelset(&mask, SIGCHLD));
    const int error = DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &mask, nullptr);
    return error == 0 ? StepError() : step_error(Stage::signal_reset, error);
}

// Sends SIGTERM to the daemon, and SIGKILL after the grace. Returns the daemon's wait status.
inline int end_intermediate_child() noexcept {
    const struct sigaction action = plain_action(kill_intermediate_child);
    sigset_t only;
    static_cast<void>(sigemptyset(&only));
    static_cast<void>(sigaddset(&only, SIGALRM));
    static_cast<void>(DAEMONIZE_SYSTEM(kill)(intermediate_child, SIGTERM));
    if (DAEMONIZE_SYSTEM(sigaction)(SIGALRM, &action, nullptr) != 0 ||
        DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_UNBLOCK, &only, nullptr) != 0) {
        kill_intermediate_child(SIGALRM); // without an alarm there is no grace
    }
    static_cast<void>(DAEMONIZE_SYSTEM(alarm)(ending_grace));
    // A stopped daemon handles SIGTERM only after SIGCONT.
    static_cast<void>(DAEMONIZE_SYSTEM(kill)(intermediate_child, SIGCONT));
    int status = 0;
    if (retry([&] { return DAEMONIZE_SYSTEM(waitpid)(intermediate_child, &status, 0); }) < 0) return SIGKILL;
    return status;
}

// Whether the launcher has sent a byte, which releases this process: the daemon is ready.
inline bool is_released() noexcept {
    char byte;
    return retry([&] { return DAEMONIZE_SYSTEM(recv)(intermediate_channel, &byte, 1, MSG_DONTWAIT); }) == 1;
}

// Waits until the daemon has ended. Ends the daemon when the launcher shuts the channel down, or dies. Returns the
// daemon's wait status.
inline int await_intermediate_child() noexcept {
    for (;;) {
        pollfd watched = {intermediate_channel, POLLIN, 0};
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(&watched, 1, -1)); // waitpid() and `revents` tell why poll(2) returned
        int status = 0;
        const pid_t ended = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(intermediate_child, &status, WNOHANG); });
        if (ended == intermediate_child) return status;
        if (ended < 0) return SIGKILL; // the wait status is lost
        if (watched.revents == 0) continue;
        if (is_released()) DAEMONIZE_SYSTEM(_exit)(0);
        return end_intermediate_child();
    }
}

// Reports the daemon's end to the launcher. Then the launcher kills this process, and rolls the launch back if the
// daemon was not ready. If the launcher is dead, this process rolls back.
[[noreturn]] inline void monitor_daemon(const Plan& plan, const Options& options,
                                        const LaunchState& launch_state) noexcept {
    Record record;
    record.kind = Record::died;
    record.exit_code = await_intermediate_child();
    record.pid = intermediate_child;
    if (send_record(intermediate_channel, record)) {
        pollfd watched = {intermediate_channel, 0, 0};
        while (watched.revents == 0) static_cast<void>(DAEMONIZE_SYSTEM(poll)(&watched, 1, -1));
    }
    roll_back_all(plan, launch_state.pid_file, false);
    // The group has the processes that the daemon started, and this process.
    if (options.setsid) static_cast<void>(DAEMONIZE_SYSTEM(kill)(0, SIGKILL));
    DAEMONIZE_SYSTEM(_exit)(0);
}

// The second fork. Returns in the daemon, or with an error. The intermediate process stays in monitor_daemon().
inline StepError fork_again(const Plan& plan, const Options& options, const LaunchState& launch_state) noexcept {
    if (const StepError failed = become_intermediate(options, launch_state.channel.daemon.get())) return failed;
    intermediate_child = DAEMONIZE_SYSTEM(fork)();
    if (intermediate_child < 0) return step_error(Stage::fork, errno);
    if (intermediate_child > 0) monitor_daemon(plan, options, launch_state);
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
