// The double fork that copies the launcher's memory once. The launcher adopts the daemon, and is its parent for as long as
// it lives; so nobody has to stay between, and who forks there can borrow the launcher's memory for that.
// Uses set_up; launch.hpp uses it, and middle.hpp where somebody has to stay.
#ifndef DAEMONIZE_POSIX_ADOPTION_HPP
#define DAEMONIZE_POSIX_ADOPTION_HPP

#include "set_up.hpp"

#if DAEMONIZE_ON_LINUX()
#include <sys/prctl.h>
#endif

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// vfork(2) holds the launcher until its child is gone, which makes the daemon in between. That the daemon then returns from
// here, as no child of vfork may, does no harm: it has a copy of these frames, taken while the launcher stood still in
// them. Where vfork is a fork like any other (valgrind, some sanitizers) there are two copies, and all else holds.
__attribute__((noinline)) DAEMONIZE_COLD inline pid_t fork_in_passing(int channel) noexcept {
    const pid_t passing = DAEMONIZE_SYSTEM(vfork)();
    if (passing != 0) return passing;
    Fault failed;
    if (DAEMONIZE_SYSTEM(setsid)() < 0) {
        failed = fault(Stage::setsid, errno);
    } else {
        const pid_t daemon = DAEMONIZE_SYSTEM(fork)();
        if (daemon == 0) return 0;
        if (daemon < 0) failed = fault(Stage::fork, errno);
    }
    if (failed) static_cast<void>(send_fault(channel, failed, 0));
    DAEMONIZE_SYSTEM(_exit)(0);
}

// The number of the one that passed, and 0 in the daemon. Where the system refuses, a sandbox's perhaps, nothing is done.
DAEMONIZE_COLD inline pid_t fork_to_adopt(Launching& launching) noexcept {
    // Who loses the parent below this process is its child from here on: prctl(2).
    if (DAEMONIZE_SYSTEM(prctl)(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) != 0) return -1;
    const pid_t child = fork_in_passing(launching.channel.daemon.get());
    launching.is_adopted = child >= 0;
    return child;
}

#else

inline pid_t fork_to_adopt(Launching&) noexcept { return -1; }

#endif

// A launcher that goes on must not keep the daemon for its child. And if the launcher is killed, the daemon alone must take
// back what was made, which it notices at readiness: a pid file it can remove, and nothing may keep it from getting there.
DAEMONIZE_COLD inline bool can_be_adopted(const Plan& plan, const Options& options, bool is_launcher_kept) noexcept {
    if (is_launcher_kept || options.wait || options.bind || options.before_drop) return false;
    if (options.fork != Fork::twice || !options.setsid || plan.status.threads != 1) return false;
    return !plan.identity.changes && plan.chroot.empty() && plan.missing.empty() && plan.missing_logs.empty();
}

} // namespace detail
} // namespace daemonize

#endif
