// daemonize with its defaults, and a pid file.
#include "body.hpp"

#include <daemonize.hpp>

int main() {
    daemonize::Daemonizer("ours").pid_file("/run/peer.pid").daemonize();
    return stay();
}
