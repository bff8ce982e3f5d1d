// Services started as background jobs of a shell, by nohup and by &, with ignored signals that the service handles.
#include "host.hpp"

using test::eventually;

namespace {

bool ignores(pid_t pid, int signal) {
    const unsigned long ignored = std::strtoul(test::process_status("SigIgn", pid).c_str(), nullptr, 16);
    return (ignored >> (signal - 1) & 1) != 0;
}

// Starts a background job of a shell, and returns its process. The shell exits at once, or stays until the terminal
// closes.
pid_t job_of(const test::Place& place, const std::string& line) {
    const std::string script = line + " >out 2>&1 & echo $! >job.new; mv job.new job";
    place.orphans().wait_for(
        place.start({"sh", "-c", script, test::probe}, [&] { ::setenv("PROBE_LOG", (place / "seen").c_str(), 1); }));
    REQUIRE(eventually([&] { return test::contents(place / "seen").find("host ") == 0; }));
    return static_cast<pid_t>(std::atol(test::contents(place / "job").c_str()));
}

} // namespace

TEST_CASE("background job: SIGTERM stops what a shell started with & and ignored interrupts") {
    NEEDS(own_run());
    const test::Place place;
    const pid_t sleeper = place.start({"sh", "-c", "exec sleep 1000 & echo $! >sleeper.new; mv sleeper.new sleeper"});
    place.orphans().wait_for(sleeper);
    const auto plain = static_cast<pid_t>(std::atol(test::contents(place / "sleeper").c_str()));
    // Set by the forked shell; without it the test proves nothing.
    CHECK(eventually([&] { return ignores(plain, SIGINT) && ignores(plain, SIGQUIT); }));
    test::kill(plain, SIGKILL);
    place.orphans().wait_for(plain);

    const pid_t pid = job_of(place, "\"$0\" run");
    test::kill(pid, SIGTERM);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(test::contents(place / "seen") == "host unknown sockets 0\nstopped\n");
    CHECK(place.orphans().is_empty());
}

TEST_CASE("background job: SIGTERM stops what nohup started, SIGHUP is a reload") {
    NEEDS(own_run());
    const test::Place place;
    const pid_t pid = job_of(place, "nohup \"$0\" run </dev/null");
    test::kill(pid, SIGHUP);
    CHECK(eventually([&] { return test::has(test::contents(place / "seen"), "reload"); }));
    test::kill(pid, SIGTERM);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(test::contents(place / "seen") == "host unknown sockets 0\nreload\nstopped\n");
    CHECK(place.orphans().is_empty());
}

TEST_CASE("background job: one under nohup outlives its terminal") {
    NEEDS(own_run());
    NEEDS(terminals());
    const test::Place place;
    test::Terminal terminal;
    const pid_t shell = place.start({"sh", "-c", "nohup \"$0\" run >out 2>&1 & cat", test::probe}, [&] {
        terminal.take();
        ::setenv("PROBE_LOG", (place / "seen").c_str(), 1);
    });
    REQUIRE(eventually([&] { return test::contents(place / "seen") == "host unknown sockets 0\n"; }));
    REQUIRE(eventually([&] { return place.pid_of("probe") > 0; }));
    const pid_t pid = place.pid_of("probe");
    terminal.hang_up();
    CHECK(WTERMSIG(place.orphans().wait_for(shell)) == SIGHUP);
    test::kill(pid, SIGTERM);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(test::has(test::contents(place / "seen"), "stopped\n"));
    place.orphans().wait_until_empty();
}

TEST_CASE("background job: a start from one is a start like any other") {
    NEEDS(own_run());
    const test::Place place;
    place.orphans().wait_for(
        place.start({"sh", "-c", "nohup \"$0\" start --log log </dev/null >out 2>&1 & wait", test::service}));
    const pid_t pid = place.pid_of("timestampd");
    REQUIRE(pid > 0);
    CHECK_FALSE(ignores(pid, SIGHUP));
    CHECK_FALSE(ignores(pid, SIGINT));
    CHECK(place.run({test::service, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
}
