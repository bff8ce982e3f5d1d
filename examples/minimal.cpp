// The shortest useful daemon. Start it, read minimal.log, end it with `pkill minimal`.
#include <daemonize.hpp>

#include <cstdio>
#include <unistd.h>

int main() {
    // Returns in the daemon only. The launcher exits 0 once the daemon is up. After a failure the launcher prints the
    // reason, and exits non-zero.
    daemonize::Daemonizer("minimal").stdout_to("minimal.log").daemonize();
    std::puts("minimal: up");
    std::fflush(stdout);
    ::pause();
}
