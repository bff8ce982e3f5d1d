#include <daemonize.hpp>

#include <unistd.h>

int main() {
    daemonize::Daemonizer daemonizer("used");
    daemonizer.pid_file("/run/used.pid").stdout_to("/var/log/used.log").user("nobody").wait_until_ready();
    daemonizer.daemonize().ready();
    ::pause();
}
