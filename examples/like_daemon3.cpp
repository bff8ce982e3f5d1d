// daemon(nochdir, noclose) of daemon(3) in four lines, with its failures reported. Usage: like_daemon3 NOCHDIR NOCLOSE,
// each 0 or 1.
#include <daemonize.hpp>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace {

// The umask and descriptors above 2 stay as they are, as with daemon(3). A launcher that exits 0 has started a daemon.
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
    std::printf("like_daemon3: up\n"); // shown only with NOCLOSE
    std::fflush(stdout);
    ::pause();
}
