// A daemon with every option of Daemonizer, which the harness starts under each fault. Built twice: without the seam,
// and with the seam for the faults that strace cannot inject.
#if defined(FAULTS_BY_SEAM)
#include "seam_fault.hpp"
#else
#include <daemonize.hpp>
#endif

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

using daemonize::Daemon;
using daemonize::Daemonizer;

namespace {

int news = -1; // the harness's FIFO, out of reach once the root has changed

bool reach_the_harness(std::string& why) {
    news = ::open("/srv/news", O_WRONLY | O_CLOEXEC);
    if (news < 0) why = "cannot reach the harness";
    return news >= 0;
}

} // namespace

int main(int count, char** arguments) {
    Daemonizer daemonizer("every");
    const char* const seconds = std::getenv("LAUNCH_SECONDS"); // a sixth of the harness's patience
    const auto time_out = daemonize::Duration::seconds(seconds == nullptr ? 10 : std::atoi(seconds));
#if defined(FAULTS_BY_SEAM)
    const seam::Injection injection(faults::hook());
    daemonizer.keep_fd(faults::harness);
#endif
    daemonizer.fork(daemonize::Fork::twice)
        .setsid()
        .chroot("/srv/jail")
        .chdir("/var/lib/every")
        .umask(022)
        .close_fds()
        .keep_fd(7)
        .stdin_from("/etc/input")
        .stdout_to("/var/log/every/out")
        .stderr_to("/var/log/every/error")
        .show_stdout()
        .sigchld(daemonize::Sigchld::ignore)
        .environment({"PATH", "TZ"})
        .rlimit(RLIMIT_NOFILE, 512, 1024)
        .rlimit(RLIMIT_CORE, 0)
        .runtime_directory("every")
        .state_directory("every")
        .log_directory("every")
        .pid_file("/run/every/pid")
        .before_drop(reach_the_harness)
        .no_new_privileges()
        .wait_until_ready(time_out);
    // These options are left out without a second user, as in a namespace of an ordinary user. Root has all
    // capabilities.
    if (count == 1 || std::string(arguments[1]) != "--as-launcher") {
        daemonizer.user("every").group("others");
        daemonizer.keep_capabilities({CAP_KILL}).ambient_capabilities({CAP_NET_BIND_SERVICE});
    }
    Daemon daemon = daemonizer.daemonize();

    std::fprintf(stderr, "reading the input\n");
    char input[16] = "";
    if (std::fgets(input, sizeof input, stdin) == nullptr) daemon.fail_and_exit("the input is not there");
    daemon.progress("warming up", time_out);
    std::printf("input %s", input);
    for (char** entry = environ; *entry != nullptr; ++entry) std::printf("%s\n", *entry);
    daemon.ready();
    const std::string ready = "ready " + std::to_string(::getpid()) + "\n";
    if (::write(news, ready.data(), ready.size()) < 0) return 1;
    for (;;) ::pause();
}
