// A start as by cron: no environment variable, no home, no descriptor, and the working directory /.
#include "host.hpp"

#include <sys/syscall.h>

namespace {

void leave_nothing() {
    ::clearenv();
    if (::chdir("/") != 0) std::abort();
}

void close_all() {
    leave_nothing();
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
}

// Starts the service, queries its status, and stops it, by its verbs.
template <class Prepare>
void lives(const test::Place& place, Prepare prepare) {
    const std::string log = place / "log";
    const pid_t launcher = place.start({test::service, "start", "--log", log}, prepare);
    CHECK(place.orphans().wait_for(launcher) == 0);
    CHECK_FALSE(test::contents(log).empty());
    const pid_t pid = place.pid_of("timestampd");
    REQUIRE(pid > 0);
    for (int stream = 0; stream <= 2; ++stream) {
        CHECK(test::link_target("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(stream)) == "/dev/null");
    }
    const pid_t stop = place.start({test::service, "stop"}, prepare);
    CHECK(place.orphans().wait_for(stop) == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(place.orphans().is_empty());
}

} // namespace

TEST_CASE("cron: root starts and stops a service with an empty environment, at /") {
    NEEDS(root());
    NEEDS(own_run());
    const test::Place place;
    lives(place, leave_nothing);
}

TEST_CASE("cron: root starts and stops a service with no descriptor open") {
    NEEDS(root());
    NEEDS(own_run());
    const test::Place place;
    lives(place, close_all);
}

TEST_CASE("cron: an ordinary user's bare environment has no place for a pid file, which is one clear line") {
    NEEDS(own_run());
    NEEDS(ordinary_user());
    const test::Place place;
    const std::string service = place.copy_of(test::service);
    const std::string why =
        "timestampd: cannot open the pid file: this user has no runtime directory: XDG_RUNTIME_DIR is "
        "not set\n";
    for (const char* verb : {"start", "stop", "restart", "status"}) {
        const test::Ran ran = place.run({service, verb}, [] {
            leave_nothing();
            test::become_nobody();
        });
        CAPTURE(verb);
        CHECK(ran.output == "");
        CHECK(ran.error == why);
        CHECK(ran.code() == (std::string(verb) == "status" ? 4 : 1));
    }
    CHECK(place.orphans().is_empty());
}

TEST_CASE("cron: an ordinary user's bare environment runs a service in the foreground, and a stop ends it") {
    NEEDS(own_run());
    NEEDS(ordinary_user());
    const test::Place place;
    const std::string log = place / "log";
    test::write_file(log, "");
    REQUIRE(::chmod(log.c_str(), 0666) == 0);
    const pid_t pid = place.start({place.copy_of(test::service), "--log", log}, [] {
        close_all();
        test::become_nobody();
    });
    REQUIRE(test::eventually([&] { return !test::contents(log).empty(); }));
    test::kill(pid, SIGTERM);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(place.orphans().is_empty());
}
