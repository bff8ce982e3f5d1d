// daemonize_start PID_FILE: a launch with every default, and a pid file.
#include <daemonize.hpp>

#include <unistd.h>

int main(int, char** argv) {
    daemonize::Daemonizer("daemonize").pid_file(argv[1]).daemonize();
    ::pause();
}
