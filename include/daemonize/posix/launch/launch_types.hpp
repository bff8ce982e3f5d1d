// Fork and Sigchld: the arguments of Daemonizer::fork() and Daemonizer::sigchld() (public).
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCH_TYPES_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCH_TYPES_HPP

namespace daemonize {

/// How often a launch forks.
enum class Fork {
    /// The daemon is no session leader, so it can never gain a controlling terminal: daemon(7).
    twice,
    /// The daemon leads its session: its PID, PGID and SID are equal. A launcher that lives on is the daemon's parent.
    once
};

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // g++ takes the scoped enumerator for a second `daemonize::keep`
#endif

/// The daemon's action for SIGCHLD.
enum class Sigchld {
    /// Ended children wait until the daemon reaps them, even if the launcher was started with SIGCHLD ignored.
    default_action,
    /// The kernel reaps ended children. waitpid(2) then fails with ECHILD, also in system(3) and in libraries.
    ignore,
    /// The launcher's action.
    keep
};

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

} // namespace daemonize

#endif
