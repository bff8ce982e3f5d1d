// daemonize: turns a program into a daemon of POSIX, or into a service of Windows. Either the service is up with every
// property that the program asked for, or the launcher says why not, and nothing is left behind.
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
//         if (!open_database()) daemon.fail_and_exit("the database is locked");
//         daemon.ready();                                  // now the launcher exits 0
//         return serve();
//     }
//
// The public classes and functions, by folder of daemonize/:
//
//     service.hpp                     Service: one program for every host, with the verbs start, stop, status, ...
//
//     posix/service/context.hpp       Context: the running Service, on POSIX
//                                     ContextEvents: further signals and children of a Context
//     posix/launch/daemonizer.hpp     Daemonizer: the options of a launch
//     posix/launch/launch_types.hpp   Fork, Sigchld: values of these options
//     posix/launch/launch_result.hpp  Launch: the result of a launch, in the launcher
//     posix/launch/daemon.hpp         Daemon: readiness, progress, failure and logs, in the daemon
//     posix/pid_file/pid_file.hpp     PidFile: a pid file with a lock, for a program that is not a daemon
//     posix/pid_file/instance.hpp     Instance, OnTimeout: the daemon of a pid file: status, signal, stop, reload, wait
//     posix/events/events.hpp         Events: signals and ended children as callbacks
//     posix/host/detect_host.hpp      detect_host: finds the program that started this one
//     posix/host/notifier.hpp         Notifier: messages to systemd (sd_notify) and to s6
//     posix/sockets/socket.hpp        Socket: owns a socket
//     posix/sockets/listen_fds.hpp    listen_fds, launchd_sockets: the sockets that a service manager passed
//     posix/sockets/inetd_socket.hpp  inetd_socket: the socket of inetd
//     posix/sockets/listen_on.hpp     listen_on: a new listening socket
//     posix/system/event_log.hpp      EventLog: syslog
//
//     windows/service/context.hpp     Context: the running Service, on Windows
//     windows/scm/service_manager.hpp ServiceManager: installs, starts, stops and queries Windows services
//     windows/scm/detect_host.hpp     detect_host: finds the program that started this one
//     windows/system/event_log.hpp    EventLog: the event log of Windows
//     windows/system/socket.hpp       Socket: owns a socket
//     windows/system/listen_on.hpp    listen_on: a new listening socket
//     windows/system/program.hpp      program_arguments: the arguments of the program in UTF-8
//
//     scm/win_service.hpp             WinService, run_services, RunMode: a Windows service without Service
//     scm/service_context.hpp         WinServiceContext: the running WinService
//     scm/application_callbacks.hpp   in_handler: runs a handler inside the call of Windows
//     scm/types.hpp                   Control, Accept, ServiceState, ServiceStatus, ServiceType, StopReason,
//                                     PowerEvent, SessionEvent, DeviceEvent, HardwareProfileEvent, TimeChangeEvent,
//                                     ControlEvent
//     scm/service_config.hpp          ServiceConfig, StartType, FailureAction, SidType: the input of an installation
//     testing/fake_scm.hpp            FakeScm: a simulated SCM for tests, on every platform
//     testing/windows_service.hpp     windows_service: a Service for FakeScm, on Windows
//
//     core/failure.hpp                Failure, Error: why an operation failed
//     core/stage.hpp                  Stage, exit_code: the step that failed, and its exit status
//     core/duration.hpp               Duration: any std::chrono duration
//     core/callback.hpp               Callback: a stored function
//     core/parameters.hpp             keep, Keep, Text: types of setter parameters; keep leaves a property as it is
//     core/host.hpp                   Host, HostKind: the program that started this one
//     core/severity.hpp               Severity: the priority of a line in a log
//     core/socket_kind.hpp            SocketKind: the kind of a socket
//
// The macros: DAEMONIZE_VERSION_MAJOR, DAEMONIZE_VERSION_MINOR and DAEMONIZE_VERSION_PATCH; DAEMONIZE_HAS_EXCEPTIONS(),
// DAEMONIZE_ON_WINDOWS() and DAEMONIZE_ON_LINUX(), function-like. A test may define DAEMONIZE_SYSTEM(call), the seam
// for system calls, and DAEMONIZE_TESTING, which adds daemonize::testing::FakeScm, before the include.
//
// Include this header before a header that defines `check`, `fail`, `ready` or another function name of this library as
// a macro (<AssertMacros.h> of macOS defines `check`). In the program, write (object.check)() to call a function under
// such a macro.
#ifndef DAEMONIZE_HPP
#define DAEMONIZE_HPP

// With MSVC, __cplusplus is 199711 unless /Zc:__cplusplus is given.
#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error daemonize needs C++17
#else

#include "daemonize/core/config.hpp"

#include "daemonize/core/callback.hpp"
#include "daemonize/core/duration.hpp"
#include "daemonize/core/failure.hpp"
#include "daemonize/core/host.hpp"
#include "daemonize/scm/command_line.hpp"
#include "daemonize/scm/service_config.hpp"
#include "daemonize/scm/wait_policy.hpp"
#include "daemonize/scm/win_service.hpp"

// Service, and with it the headers of the platform.
#include "daemonize/service.hpp"

#if defined(DAEMONIZE_TESTING)
#include "daemonize/testing/fake_scm.hpp"
#if DAEMONIZE_ON_WINDOWS()
#include "daemonize/testing/windows_service.hpp"
#endif
#endif

#endif

#endif
