// ContainerInit: process 1 of a container. It runs the service in its one child, reaps what it inherits, passes signals
// on, and ends as the child did. A service that was process 1 itself would be deaf to every signal without a handler, and
// leave zombies.
// Uses signals and process_status; the service's run uses it.
#ifndef DAEMONIZE_POSIX_HOST_CONTAINER_INIT_HPP
#define DAEMONIZE_POSIX_HOST_CONTAINER_INIT_HPP

#include "../../core/number.hpp"
#include "../system/signals.hpp"
#include "../system/terminal.hpp"

#include <cstdlib>
#include <string>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// Variables that name process 1 as the one they are meant for, and from now on its child.
inline void hand_on_variables(pid_t child) {
    for (const char* name : {"LISTEN_PID", "WATCHDOG_PID"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || std::strcmp(value, "1") != 0) continue;
        static_cast<void>(::setenv(name, joined({child}).c_str(), 1)); // out of memory here is out of it below
    }
}

class ContainerInit {
  public:
    // Forks. True in the child, which goes on to be the service; false in process 1 once that has ended, with the status to
    // end with in `code`, and where the fork failed, with the failure.
    static bool enter(int& code, Failure& failure) {
        if (process_status().threads > 1) {
            failure =
                posix_failure(Stage::threads, EINVAL, "",
                              "other threads run, which fork would lose: run the service before they are started");
            return false;
        }
        BlockedSignals blocked_signals;
        WaitableChildren waitable; // where SIGCHLD is ignored, nobody tells of a child's end
        const int error = blocked_signals.error() != 0 ? blocked_signals.error() : waitable.error();
        const pid_t self = DAEMONIZE_SYSTEM(getpid)();
        const pid_t child = error != 0 ? -1 : DAEMONIZE_SYSTEM(fork)();
        if (child < 0) {
            failure = posix_failure(Stage::fork, error != 0 ? error : errno, "");
        } else if (child == 0) {
            hand_on_variables(DAEMONIZE_SYSTEM(getpid)());
            lead_group(self);
            return true;
        } else {
            code = watch(child);
        }
        return false;
    }

  private:
    // A group of its own, so that Ctrl-C on the container's terminal reaches it once, and that by the terminal.
    static void lead_group(pid_t init) noexcept {
        if (DAEMONIZE_SYSTEM(setpgid)(0, 0) != 0) return; // it leads a session: then there is nothing to do
        if (DAEMONIZE_SYSTEM(tcgetpgrp)(STDIN_FILENO) != init) return;
        // Who takes the terminal from the background is asked by SIGTTOU, which is blocked here.
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
                static_cast<void>(DAEMONIZE_SYSTEM(kill)(child, number)); // a child that has ended is seen next
            }
        }
    }

    // Reaps all that has ended: as process 1 it is everybody's parent. True with the service's end, as a shell tells it.
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
