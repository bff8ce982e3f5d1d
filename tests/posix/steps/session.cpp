#include "support/abilities.hpp"
#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <pthread.h>
#include <sstream>
#include <sys/ioctl.h>

namespace {

using daemonize::Daemonizer;
using daemonize::Fork;

struct Place {
    std::string state;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    int terminal = 0;
};

// proc(5): behind the name, which may hold anything, in parentheses.
Place place_of(pid_t pid) {
    const std::string text = test::contents("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    Place place;
    fields >> place.state >> place.parent >> place.group >> place.session >> place.terminal;
    return place;
}

// Makes this process the leader of a session on a terminal of its own; the terminal's other side.
int take_terminal() {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0)
        throw std::runtime_error("no terminal to take");
    const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || ::setsid() < 0 || ::ioctl(slave, TIOCSCTTY, 0) != 0)
        throw std::runtime_error("cannot take a terminal");
    if (place_of(::getpid()).terminal == 0) throw std::runtime_error("took a terminal, and have none");
    return master;
}

std::string ask_for_terminal() {
    return ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) < 0 && errno == ENXIO ? "none" : "a terminal";
}

bool hang_up_next_child = false;

// Runs in the child before fork returns there: as early as a closing terminal can hit it. The copy of a copy is left
// alone, since what hits it comes after the new session.
void hang_up_once() {
    if (!hang_up_next_child) return;
    hang_up_next_child = false;
    ::raise(SIGHUP);
}

} // namespace

TEST_CASE("a daemon forked twice is in a session of its own that it does not lead") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("session-test");
    test::HeldDaemon daemon(daemonizer);
    const Place place = place_of(daemon.pid());
    CHECK(place.session != ::getsid(0));
    CHECK(place.session != daemon.pid());
    CHECK(place.group == place.session);
    CHECK(place.terminal == 0);
    CHECK(test::kill(place.session, 0) == -1); // the process between is gone, and reaped
    CHECK(daemon.release() == 0);
    CHECK(orphans.is_empty());
}

TEST_CASE("of a daemon forked once the process, the group and the session have one number") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("session-test");
    test::HeldDaemon daemon(daemonizer.fork(Fork::once));
    const Place place = place_of(daemon.pid());
    CHECK(place.session == daemon.pid());
    CHECK(place.group == daemon.pid());
    CHECK(place.terminal == 0);
}

TEST_CASE("a daemon has its launcher's session where it was to get none") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    Daemonizer daemonizer("session-test");
    test::HeldDaemon daemon(daemonizer.fork(fork).setsid(false));
    const Place place = place_of(daemon.pid());
    CHECK(place.session == ::getsid(0));
    CHECK(place.group == ::getpgrp());
}

TEST_CASE("a ready daemon is not the child of a launcher that lives on") {
    const test::Orphanage orphans;
    test::Pipe hold;
    const std::string parent = test::in_child([&] {
        const daemonize::Launch launch =
            Daemonizer("session-test").keep_fd(hold.read_end()).launch([&] { hold.wait_until_closed(); });
        return std::to_string(launch.pid()) + " " + std::to_string(place_of(launch.pid()).parent);
    });
    std::istringstream numbers(parent);
    pid_t daemon = 0, its_parent = 0;
    REQUIRE(numbers >> daemon >> its_parent);
    CHECK(its_parent == ::getpid());
    hold.close_write();
    CHECK(orphans.wait_for(daemon) == 0);
}

TEST_CASE("the launcher's controlling terminal is none of the daemon's") {
    NEEDS(terminals());
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        take_terminal();
        Daemonizer daemonizer("session-test");
        const test::HeldDaemon daemon(daemonizer.fork(fork), ask_for_terminal);
        return daemon.reported() + ", number " + std::to_string(place_of(daemon.pid()).terminal);
    });
    CHECK(seen == "none, number 0");
}

TEST_CASE("a daemon that stays in the session keeps its controlling terminal") {
    NEEDS(terminals());
    const std::string seen = test::in_child([] {
        const test::Orphanage orphans;
        take_terminal();
        Daemonizer daemonizer("session-test");
        const test::HeldDaemon daemon(daemonizer.setsid(false), ask_for_terminal);
        const bool same = place_of(daemon.pid()).terminal == place_of(::getpid()).terminal;
        return daemon.reported() + (same ? ", the launcher's" : ", another");
    });
    CHECK(seen == "a terminal, the launcher's");
}

TEST_CASE("a daemon outlives the terminal that it was started from") {
    NEEDS(terminals());
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    test::Pipe hold;
    // The end of a session's leader hangs up on all that it had in the terminal's foreground.
    const std::string started = test::in_child([&] {
        take_terminal();
        const daemonize::Launch launch =
            Daemonizer("session-test").fork(fork).keep_fd(hold.read_end()).launch([&] { hold.wait_until_closed(); });
        return std::to_string(launch.pid());
    });
    REQUIRE(std::stoi(started) > 0);
    hold.close_write();
    CHECK(orphans.wait_for(std::stoi(started)) == 0);
}

TEST_CASE("a hang-up between the fork and the new session does not end the start") {
    static const int registered = ::pthread_atfork(nullptr, nullptr, hang_up_once);
    REQUIRE(registered == 0);
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    Daemonizer daemonizer("session-test");
    daemonizer.fork(fork);
    hang_up_next_child = true;
    test::HeldDaemon daemon(daemonizer);
    hang_up_next_child = false;
    CHECK(daemon.release() == 0);
}

TEST_CASE("a failed start leaves no process where the daemon was to get no session") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const daemonize::Launch launch =
        Daemonizer("session-test").fork(fork).setsid(false).wait_until_ready().launch([] { return 3; });
    CHECK(launch.exit_status() == 3);
    CHECK(orphans.is_empty());
}
