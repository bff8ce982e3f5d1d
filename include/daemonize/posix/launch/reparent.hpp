// A double fork in which nobody stays between: the launcher adopts the daemon, and so can tell itself how it died, and end
// it. Who forks the daemon leaves at once. Where somebody has to stay, middle.hpp stands in its place.
// Uses set_up; launch.hpp uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_REPARENT_HPP
#define DAEMONIZE_POSIX_LAUNCH_REPARENT_HPP

#include "set_up.hpp"

#include <sys/mman.h>
#if DAEMONIZE_ON_LINUX()
#include <sys/prctl.h>
#endif

namespace daemonize {
namespace detail {

// Somebody has to stay where the launcher goes on, and must not keep the daemon for its child; and where a launcher that
// is killed leaves more than the pid file, which the daemon removes itself when it finds nobody to tell that it is ready,
// or where the application's own steps may keep it from getting there. And where another thread may reap the one between,
// whose number is then anybody's.
inline bool can_be_adopted(const Plan& plan, const Options& options, bool is_launcher_kept) noexcept {
    if (options.fork != Fork::twice || !options.setsid || plan.status.threads != 1) return false;
    if (is_launcher_kept || options.wait || options.bind || options.before_drop) return false;
    return !plan.identity.changes && plan.chroot.empty() && plan.missing.empty() && plan.missing_logs.empty();
}

#if DAEMONIZE_ON_LINUX()

// Makes this process the parent of whoever loses the own one below it: prctl(2). And a place in which the daemon's number
// is left, in memory that all three processes share. Where the system refuses, nullptr.
inline volatile pid_t* prepare_adoption() noexcept {
    if (DAEMONIZE_SYSTEM(prctl)(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) != 0) return nullptr;
    constexpr int kind = MAP_SHARED | MAP_ANONYMOUS;
    void* const page = DAEMONIZE_SYSTEM(mmap)(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, kind, -1, 0);
    return page == MAP_FAILED ? nullptr : static_cast<volatile pid_t*>(page);
}

#else

inline volatile pid_t* prepare_adoption() noexcept { return nullptr; }

#endif

// The second fork. Returns in the daemon, or with what failed.
inline StepError fork_and_exit(const Options& options, volatile pid_t* number) noexcept {
    if (const StepError failed = lead_session_between(options)) return failed;
    const pid_t daemon = DAEMONIZE_SYSTEM(fork)();
    if (daemon < 0) return step_error(Stage::fork, errno);
    if (daemon > 0) {
        *number = daemon;
        DAEMONIZE_SYSTEM(_exit)(0);
    }
    static_cast<void>(DAEMONIZE_SYSTEM(munmap)(const_cast<pid_t*>(number), sizeof(pid_t)));
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
