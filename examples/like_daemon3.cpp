// For those who come from daemon(3): daemon(nochdir, noclose) in four lines, with its failures reported.
// Usage: like_daemon3 NOCHDIR NOCLOSE, each 0 or 1.
#include <daemonize.hpp>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace {

// As there, umask and other descriptors stay as they are. Unlike there, a launcher that says 0 has a daemon.
void like_daemon3(bool nochdir, bool noclose) {
    daemonize::Daemonizer daemonizer("like_daemon3");
    if (nochdir) daemonizer.chdir(daemonize::keep);
    if (noclose) daemonizer.stdin_from(daemonize::keep).stdout_to(daemonize::keep).stderr_to(daemonize::keep);
    daemonizer.umask(daemonize::keep).close_fds(false).daemonize();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: like_daemon3 NOCHDIR NOCLOSE\n");
        return 64;
    }
    like_daemon3(std::atoi(argv[1]) != 0, std::atoi(argv[2]) != 0);
    std::printf("like_daemon3: up\n"); // seen with NOCLOSE alone
    std::fflush(stdout);
    ::pause();
}
