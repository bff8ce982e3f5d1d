// The process between launcher and daemon, in a double fork. It stays the daemon's parent until readiness, so that a
// death is reported exactly as it was; and when the launcher wants the daemon ended, or is itself gone, it ends it: its
// own child, whose number nobody else can have.
// Uses set_up; launch.hpp uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_INTERMEDIATE_HPP
#define DAEMONIZE_POSIX_LAUNCH_INTERMEDIATE_HPP

#include "set_up.hpp"

#include <poll.h>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

constexpr unsigned ending_grace = 5; // seconds from SIGTERM to SIGKILL for a daemon that is ended before it is ready

// What the handlers of the process between reach. It has one thread.
inline int intermediate_channel = -1;
inline pid_t intermediate_child = -1;

// Wakes the poll, even where the signal comes just before it: a stream that is shut down stays readable.
inline void wake_intermediate(int) noexcept {
    const int error = errno;
    static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(intermediate_channel, SHUT_RD));
    errno = error;
}

inline void kill_intermediate_child(int) noexcept {
    const int error = errno;
    static_cast<void>(DAEMONIZE_SYSTEM(kill)(intermediate_child, SIGKILL));
    errno = error;
}

inline StepError become_intermediate(const Options& options, int channel) noexcept {
    if (const StepError failed = lead_session_between(options)) return failed;
    intermediate_channel = channel;
    struct sigaction action = plain_action(wake_intermediate);
    action.sa_flags = SA_NOCLDSTOP | SA_RESTART;
    if (DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, &action, nullptr) != 0)
        return step_error(Stage::signal_reset, errno, "SIGCHLD");
    sigset_t mask;
    static_cast<void>(sigfillset(&mask));
    static_cast<void>(sigdelset(&mask, SIGCHLD));
    const int error = DAEMONIZE_SYSTEM(pthread_sigmask)(SIG_SETMASK, &mask, nullptr);
    return error == 0 ? StepError() : step_error(Stage::signal_reset, error);
}

// Asks the daemon to end, and makes it after the grace. Returns its wait status.
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
    // A stopped daemon does not see SIGTERM before it goes on.
    static_cast<void>(DAEMONIZE_SYSTEM(kill)(intermediate_child, SIGCONT));
    int status = 0;
    if (retry([&] { return DAEMONIZE_SYSTEM(waitpid)(intermediate_child, &status, 0); }) < 0) return SIGKILL;
    return status;
}

// Whether the launcher has told us to leave: the daemon is ready, and does without us.
inline bool is_released() noexcept {
    char word;
    return retry([&] { return DAEMONIZE_SYSTEM(recv)(intermediate_channel, &word, 1, MSG_DONTWAIT); }) == 1;
}

// Waits until the daemon has ended, by itself or because the launcher is gone or wants it so. Its wait status.
inline int await_intermediate_child() noexcept {
    for (;;) {
        pollfd watched = {intermediate_channel, POLLIN, 0};
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(&watched, 1, -1)); // whatever woke it, the next line finds out
        int status = 0;
        const pid_t ended = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(intermediate_child, &status, WNOHANG); });
        if (ended == intermediate_child) return status;
        if (ended < 0) return SIGKILL; // it was reaped by nobody that we know
        if (watched.revents == 0) continue;
        if (is_released()) DAEMONIZE_SYSTEM(_exit)(0);
        return end_intermediate_child();
    }
}

// The launcher ends this process once it knows enough: whether the daemon was ready before it died, and so what to take
// away, is for the launcher to say. Only if it is gone does that fall to us.
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
    // What the daemon had started in its group, and us with it.
    if (options.setsid) static_cast<void>(DAEMONIZE_SYSTEM(kill)(0, SIGKILL));
    DAEMONIZE_SYSTEM(_exit)(0);
}

// The second fork. Returns in the daemon, or with what failed; stays in the process between.
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
