// A service started on a terminal: a closed terminal, Ctrl-C, and progress on the screen.
#include "host.hpp"

using test::eventually;
using test::has;

TEST_CASE("terminal: a started service outlives its terminal, and has none") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    // The shell stays until its terminal is closed, like the shell of a user: the kernel then sends SIGHUP to all its
    // processes.
    const pid_t shell =
        place.start({"sh", "-c", "\"$0\" start --log log && cat", test::service}, [&] { terminal.take(); });
    CHECK(has(terminal.shown_until("running, pid "), "timestampd: running, pid "));
    REQUIRE(eventually([&] { return place.pid_of("timestampd") > 0; }));
    const pid_t pid = place.pid_of("timestampd");
    const test::Watched daemon(pid);
    CHECK(place.run({"ps", "-o", "tty=", "-p", std::to_string(pid)}).output == "?\n");

    terminal.hang_up();
    CHECK(WTERMSIG(place.orphans().wait_for(shell)) == SIGHUP);
    CHECK(daemon.is_alive());
    CHECK(place.run({test::service, "status"}).code() == 0);
    CHECK(place.run({test::service, "stop"}).output == "timestampd: stopped\n");
    CHECK(place.orphans().wait_for(pid) == 0);
    place.orphans().wait_until_empty(); // the processes of the shell
}

TEST_CASE("terminal: SIGHUP sent to a started service's whole session does not end it") {
    NEEDS(own_run());
    const test::Place place;
    REQUIRE(place.run({test::service, "start", "--log", "log"}).code() == 0);
    const pid_t pid = place.pid_of("timestampd");
    const test::Watched daemon(pid);
    REQUIRE(pid > 0);
    CHECK(::killpg(::getpgid(pid), SIGHUP) == 0); // it reloads
    CHECK(place.run({test::service, "reload"}).code() == 0);
    CHECK(daemon.is_alive());
    CHECK(place.run({test::service, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
}

TEST_CASE("terminal: script(1) gives it one that goes, and it stays") {
    NEEDS_PROGRAM("script", "bsdutils");
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    const test::Ran ran = place.run({"script", "-qec", "\"" + test::service + "\" start --log log", "/dev/null"});
    CHECK(ran.code() == 0);
    CHECK(has(ran.output, "timestampd: running, pid "));
    const pid_t pid = place.pid_of("timestampd");
    REQUIRE(pid > 0);
    CHECK(place.run({test::service, "status"}).code() == 0);
    CHECK(place.run({test::service, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
}

TEST_CASE("terminal: Ctrl-C ends a foreground service, with success") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t pid = place.start({test::service, "--log", "log"}, [&] { terminal.take(); });
    REQUIRE(eventually([&] { return !test::contents(place / "log").empty(); }));
    CHECK(test::process_status("PPid", pid) == std::to_string(::getpid())); // the service has not become a daemon
    terminal.type("\x03");
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK_FALSE(test::exists(place / "run/timestampd.pid"));
    CHECK(place.orphans().is_empty());
}

TEST_CASE("terminal: a second Ctrl-C ends a foreground service that is deaf to the first") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t pid = place.start({test::probe, "run", "hang"}, [&] {
        terminal.take();
        ::setenv("PROBE_LOG", (place / "seen").c_str(), 1);
    });
    REQUIRE(eventually([&] { return test::contents(place / "seen") == "host terminal sockets 0\n"; }));
    const test::Watched service(pid);
    terminal.type("\x03");
    terminal.shown_until("^C"); // the terminal echoes ^C after it has sent the signal
    // Two signals that come at once would be one.
    CHECK(eventually([&] { return test::process_status("ShdPnd", pid) == "0000000000000000"; }));
    CHECK(service.is_alive());
    terminal.type("\x03");
    const int status = place.orphans().wait_for(pid);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
    CHECK(place.orphans().is_empty());
}

TEST_CASE("terminal: one that hangs up is a reload to the foreground service, which goes on") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t pid = place.start({test::probe, "run"}, [&] {
        terminal.take();
        ::setenv("PROBE_LOG", (place / "seen").c_str(), 1);
    });
    REQUIRE(eventually([&] { return test::contents(place / "seen") == "host terminal sockets 0\n"; }));
    terminal.hang_up();
    CHECK(eventually([&] { return test::contents(place / "seen") == "host terminal sockets 0\nreload\n"; }));
    test::kill(pid, SIGTERM);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(test::contents(place / "seen") == "host terminal sockets 0\nreload\nstopped\n");
}

TEST_CASE("terminal: progress is one line that is written over, and gone when the start is over") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t launcher = place.start({test::probe, "start", "slow"}, [&] { terminal.take(); });
    const std::string shown = terminal.shown_until("running, pid ");
    CHECK(place.orphans().wait_for(launcher) == 0);
    const std::string over = "\r\033[K";
    const std::string expected =
        over + "probe: step 1" + over + "probe: step 2" + over + "probe: step 3" + over + "probe: running, pid ";
    CHECK(shown.substr(0, expected.size()) == expected);
    CHECK(place.run({test::probe, "stop"}).output == "probe: stopped\n");
    place.orphans().wait_until_empty();
}

TEST_CASE("terminal: Ctrl-C at a start that takes long ends the service as well") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t launcher = place.start({test::probe, "start", "never"}, [&] { terminal.take(); });
    terminal.shown_until("never ready");
    terminal.type("\x03");
    const int status = place.orphans().wait_for(launcher);
    CHECK(status != 0);
    place.orphans().wait_until_empty(); // the daemon has ended
    CHECK(place.run({test::probe, "status"}).code() == 3);
}
