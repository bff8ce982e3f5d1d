// ContainerInit: process 1 of a container, which runs the service in a child (internal).
#ifndef DAEMONIZE_POSIX_HOST_CONTAINER_INIT_HPP
#define DAEMONIZE_POSIX_HOST_CONTAINER_INIT_HPP

#include "../../core/number.hpp"
#include "../system/signals.hpp"

#include <cstdlib>
#include <string>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// Makes the variables that name process 1 name the child. Fails only if memory is short.
inline Failure update_variables(pid_t child) {
    for (const char* name : {"LISTEN_PID", "WATCHDOG_PID"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || std::strcmp(value, "1") != 0) continue;
        if (::setenv(name, joined({child}).c_str(), 1) != 0) return posix_failure(Stage::memory, errno);
    }
    return Failure();
}

// Process 1 reaps the orphans of the container, passes signals to its child and exits with the child's status. A
// service that was process 1 itself would leave zombies, and the kernel would drop every signal for which it has no
// handler.
class ContainerInit {
  public:
    // Forks. Returns true in the child, which becomes the service. Returns false in process 1: after the child has
    // ended, with the exit status in `code`, or after a failed fork, with the failure. Returns false with a failure in
    // a child that has no memory for its variables.
    static bool enter(int& code, Failure& failure) {
        if (process_status().threads > 1) {
            failure = posix_failure(
                Stage::threads, EINVAL, "",
                "other threads run, and fork would lose them: run the service before the program starts threads");
            return false;
        }
        BlockedSignals blocked_signals;
        WaitableChildren waitable; // an ignored SIGCHLD never comes
        const int error = blocked_signals.error() != 0 ? blocked_signals.error() : waitable.error();
        const pid_t self = DAEMONIZE_SYSTEM(getpid)();
        const pid_t child = error != 0 ? -1 : DAEMONIZE_SYSTEM(fork)();
        if (child < 0) {
            failure = posix_failure(Stage::fork, error != 0 ? error : errno, "");
        } else if (child == 0) {
            lead_group(self);
            failure = update_variables(DAEMONIZE_SYSTEM(getpid)());
            return !failure;
        } else {
            code = watch(child);
        }
        return false;
    }

  private:
    // The child leads a process group in the foreground of the container's terminal. Ctrl-C then reaches the child
    // once, from the terminal, and not a second time from process 1.
    static void lead_group(pid_t init) noexcept {
        if (DAEMONIZE_SYSTEM(setpgid)(0, 0) != 0) return; // EPERM: the child leads a session
        if (DAEMONIZE_SYSTEM(tcgetpgrp)(STDIN_FILENO) != init) return;
        // tcsetpgrp(3) in the background raises SIGTTOU, which is blocked here.
        static_cast<void>(DAEMONIZE_SYSTEM(tcsetpgrp)(STDIN_FILENO, DAEMONIZE_SYSTEM(getpgrp)()));
    }

    static int watch(pid_t child) noexcept {
        sigset_t all;
        static_cast<void>(sigfillset(&all)); // cannot fail: POSIX names no error
        for (;;) {
            int number = 0;
            if (DAEMONIZE_SYSTEM(sigwait)(&all, &number) != 0) continue;
            int status = 0;
            if (number == SIGCHLD) {
                if (reap(child, status)) return status;
            } else if (number != SIGTTIN && number != SIGTTOU) {
                static_cast<void>(DAEMONIZE_SYSTEM(kill)(child, number)); // ESRCH: SIGCHLD comes next
            }
        }
    }

    // Reaps every child that has ended: process 1 is the parent of all orphans. Returns true if the service has ended,
    // with its exit status in `code`: 128 plus the signal after a signal, as in a shell.
    static bool reap(pid_t child, int& code) noexcept {
        bool ended = false;
        for (;;) {
            int status = 0;
            const pid_t pid = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(-1, &status, WNOHANG); });
            if (pid <= 0) return ended;
            if (pid != child) continue;
            code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            ended = true;
        }
    }
};

} // namespace detail
} // namespace daemonize

#endif
