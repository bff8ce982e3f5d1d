// The daemon of the classic article: writes a line to syslog at its start, and a line at its end by SIGTERM. Usage:
// syslog_daemon [--pid-file FILE]. Look for daemontest in the system's log, and in `ps axj`.
#include <daemonize.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <syslog.h>
#include <unistd.h>

#ifndef _PATH_LOG
#define _PATH_LOG "/dev/log"
#endif

namespace {

int run(daemonize::Daemon& daemon) {
    // SIGTERM is blocked, so that sigwait(3) also gets a SIGTERM that comes before the call.
    sigset_t termination;
    sigemptyset(&termination);
    sigaddset(&termination, SIGTERM);
    if (const int error = ::pthread_sigmask(SIG_BLOCK, &termination, nullptr)) {
        daemon.fail_and_exit("cannot block SIGTERM: " + std::system_category().message(error));
    }
    // syslog(3) silently drops every message if no syslogd listens.
    if (::access(_PATH_LOG, W_OK) != 0) daemon.fail_and_exit("no syslogd listens on " _PATH_LOG);
    ::openlog("daemontest", LOG_PID | LOG_NDELAY, LOG_USER);
    ::syslog(LOG_INFO, "program started.");
    daemon.ready();

    int number = 0;
    while (::sigwait(&termination, &number) != 0) {
    }
    ::syslog(LOG_INFO, "program terminated.");
    ::closelog();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    daemonize::Daemonizer daemonizer("syslog_daemon");
    if (argc == 3 && std::strcmp(argv[1], "--pid-file") == 0) {
        daemonizer.pid_file(argv[2]);
    } else if (argc != 1) {
        std::fprintf(stderr, "usage: syslog_daemon [--pid-file FILE]\n");
        return 64;
    }
    // One fork, as in the article: PID, PGID and SID are one.
    const daemonize::Launch launch = daemonizer.fork(daemonize::Fork::once).wait_until_ready().launch(run);
    launch.print();
    return launch.exit_code();
}
