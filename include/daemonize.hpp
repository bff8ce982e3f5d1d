// daemonize: include this, and the program is a proper daemon. Either it is up and right, or the launcher says why and
// nothing is left behind.
//
//     #include <daemonize.hpp>
//     #include <chrono>
//
//     int main() {
//         auto daemon = daemonize::Daemonizer("timestampd")
//                           .pid_file("/run/timestampd/timestampd.pid")
//                           .runtime_directory("timestampd")
//                           .user("nobody")
//                           .wait_until_ready(std::chrono::seconds(30))
//                           .daemonize();                  // returns in the daemon only
//         if (!open_database()) daemon.fail("the database is locked");
//         daemon.ready();                                  // now the launcher exits 0
//         return serve();
//     }
//
// The map, from the top floor down; each room includes only what is below it:
//
//     service.hpp            Service: one program for every host, and its verbs
//     posix/service/context.hpp, windows/service/context.hpp        Context: what its body says, and hears
//     service/verbs.hpp          the verbs, and the exit statuses of init scripts
//     posix/service/run.hpp, posix/host/container_init.hpp   how its host has it run; process 1 of a container
//     posix/service/verbs.hpp, posix/service/install.hpp   what the verbs do
//     posix/launch/daemonizer.hpp   Daemonizer: what can be asked for, each with its default and the stage at which it can fail
//     posix/launch/launch.hpp       Launch: what came of it; a launch from check to readiness
//     posix/launch/daemon.hpp       Daemon: ready, progress, fail, reopen_logs
//     posix/pid_file/pid_file.hpp     PidFile: a pid file that this process holds
//     posix/pid_file/instance.hpp     Instance: the daemon of a pid file: status, signal, stop (OnTimeout), reload, wait
//     posix/events/events.hpp       Events: stop, reload, other signals and ended children, as calls where the program waits
//     posix/host/notifier.hpp     Notifier: what the service manager is told, by sd_notify's protocol or s6's newline
//     posix/sockets/listen_fds.hpp      listen_fds, launchd_sockets: what a service manager passed
//     posix/sockets/inetd_socket.hpp, posix/sockets/listen_on.hpp   the socket of inetd, and one of the program's own
//     posix/sockets/socket.hpp       Socket: one of these
//     core/host.hpp          Host: what started the program; detect_host() of posix/ or windows/ finds it
//     scm/win_service.hpp      WinService: a Windows service, and a console program where somebody starts it by hand
//     scm/service_context.hpp  WinServiceContext, its Context: ready, progress, sleep_for, wait_for_stop, poll
//     windows/scm/service_manager.hpp  ServiceManager: install, uninstall, start, stop, pause, resume, control, status
//     windows/system/event_log.hpp        EventLog: the event log, and by the same calls (posix/system/event_log.hpp) syslog
//     windows/system/socket.hpp, windows/system/listen_on.hpp   Socket and listen_on() there
//     windows/system/program.hpp    program_arguments(): the command line there, in UTF-8
//     windows/service/verbs.hpp, windows/service/directories.hpp   what the verbs do there; its directories
//     testing/windows_service.hpp   a Service below FakeScm, on Windows
//     testing/fake_scm.hpp         FakeScm: a service control manager for tests, on any platform
//     scm/types.hpp       Control, Accept, ServiceState, the events' contents
//     scm/service_config.hpp      ServiceConfig: what a service can be installed with
//     core/failure.hpp       Failure, Error: what went wrong
//     core/stage.hpp         Stage: each step, its words and its exit status
//     core/duration.hpp      Duration: any std::chrono duration
//     core/callback.hpp      Callback: a stored function
//
// Macros, all of them: DAEMONIZE_VERSION_MAJOR, _MINOR and _PATCH; DAEMONIZE_HAS_EXCEPTIONS(), DAEMONIZE_ON_WINDOWS() and
// DAEMONIZE_ON_LINUX(), function-like; DAEMONIZE_SYSTEM(call) (core/config.hpp), which tests may define; and
// DAEMONIZE_TESTING, which a test defines to have FakeScm.
#ifndef DAEMONIZE_HPP
#define DAEMONIZE_HPP

#include "daemonize/core/config.hpp"

#include "daemonize/core/callback.hpp"
#include "daemonize/core/duration.hpp"
#include "daemonize/core/failure.hpp"
#include "daemonize/core/host.hpp"
#include "daemonize/scm/command_line.hpp"
#include "daemonize/scm/service_config.hpp"
#include "daemonize/scm/wait_policy.hpp"
#include "daemonize/scm/win_service.hpp"

// And with it the block of the platform, whole.
#include "daemonize/service.hpp"

#if defined(DAEMONIZE_TESTING)
#include "daemonize/testing/fake_scm.hpp"
#if DAEMONIZE_ON_WINDOWS()
#include "daemonize/testing/windows_service.hpp"
#endif
#endif

#endif
