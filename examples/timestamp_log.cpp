// Appends the time to a log each minute, and ends at once on SIGTERM.
// Usage: timestamp_log [--interval SECONDS] [--log FILE] [--pid-file FILE]
#include <daemonize.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <sys/select.h>

namespace {

volatile std::sig_atomic_t stopping = 0;

void append_time(daemonize::Daemon& daemon, const std::string& log) {
    const std::time_t now = std::time(nullptr);
    char line[64];
    const std::size_t size = std::strftime(line, sizeof line, "%a %b %e %H:%M:%S %Y\n", std::localtime(&now));
    if (::write(STDOUT_FILENO, line, size) == static_cast<ssize_t>(size)) return;
    daemon.fail_and_exit("cannot write " + log + ": " + std::system_category().message(errno));
}

int run(daemonize::Daemon& daemon, long interval, const std::string& log) {
    // Only pselect(2) unblocks SIGTERM, so a SIGTERM just before the call ends the sleep.
    sigset_t termination, before;
    sigemptyset(&termination);
    sigaddset(&termination, SIGTERM);
    std::signal(SIGTERM, [](int) { stopping = 1; });
    ::pthread_sigmask(SIG_BLOCK, &termination, &before);

    append_time(daemon, log);
    daemon.ready();
    const timespec pause = {interval, 0};
    while (::pselect(0, nullptr, nullptr, nullptr, &pause, &before) == 0 || stopping == 0) append_time(daemon, log);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    long interval = 60;
    std::string log = "daemon.log";
    daemonize::Daemonizer daemonizer("timestamp_log");
    for (; argc > 2; argc -= 2, argv += 2) {
        const std::string option = argv[1], value = argv[2];
        if (option == "--interval") interval = std::atol(value.c_str());
        if (option == "--log") log = value;
        if (option == "--pid-file") daemonizer.pid_file(value);
        if (option != "--interval" && option != "--log" && option != "--pid-file") break;
    }
    if (argc != 1 || interval <= 0) {
        std::fprintf(stderr, "usage: timestamp_log [--interval SECONDS] [--log FILE] [--pid-file FILE]\n");
        return 64;
    }
    const daemonize::Launch launch = daemonizer.stdout_to(log).stderr_to(log).wait_until_ready().launch(
        [&](daemonize::Daemon& daemon) { return run(daemon, interval, log); });
    launch.print();
    if (launch.ok()) std::printf("timestamp_log: running, pid %ld\n", static_cast<long>(launch.pid()));
    return launch.exit_code();
}
