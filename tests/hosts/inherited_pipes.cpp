// A caller that reads the output of a start to its end, like ssh and scripts with $(...).
#include "host.hpp"

TEST_CASE("pipes: the caller's pipes end when the launcher returns, though the service runs on") {
    NEEDS(own_run());
    const test::Place place;
    test::Pipe input, extra;
    // Place::run() reads both pipes to their end: a service that holds a pipe would make run() time out.
    const test::Ran ran = place.run({test::service, "start", "--log", "log"}, [&] {
        ::dup2(input.read_end(), STDIN_FILENO);
        ::dup2(extra.write_end(), 9); // a descriptor of the caller without close-on-exec
    });
    CHECK(ran.code() == 0);
    const pid_t pid = place.pid_of("timestampd");
    REQUIRE(pid > 0);
    CHECK(ran.output == "timestampd: running, pid " + std::to_string(pid) + "\n");
    CHECK(ran.error == "");
    CHECK(extra.rest() == "");
    input.close_read();
    struct pollfd its_input = {input.write_end(), POLLOUT, 0};
    CHECK(::poll(&its_input, 1, 0) == 1);
    CHECK((its_input.revents & POLLERR) != 0); // the pipe has no reader any more

    CHECK(place.run({test::service, "status"}).code() == 0);
    CHECK(place.run({test::service, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
    CHECK(place.orphans().is_empty());
}

TEST_CASE("pipes: a shell's command substitution returns as soon as the service is ready") {
    NEEDS(own_run());
    const test::Place place;
    const test::Ran ran =
        place.run({"sh", "-c", "said=$(\"$0\" start --log log 2>&1); echo \"it said: $said\"", test::service});
    CHECK(ran.output == "it said: timestampd: running, pid " + std::to_string(place.pid_of("timestampd")) + "\n");
    CHECK_FALSE(test::contents(place / "log").empty()); // ready: the log has its first line
    CHECK(place.run({test::service, "stop"}).code() == 0);
    place.orphans().wait_until_empty();
}

TEST_CASE("pipes: a failed start is read by the same pipes, and leaves nobody at them") {
    NEEDS(own_run());
    const test::Place place;
    const test::Ran ran = place.run({test::service, "start", "--log", "/nowhere/log"});
    CHECK(ran.code() == 1);
    CHECK(ran.output == "");
    CHECK(ran.error == "timestampd: cannot write /nowhere/log\n");
    CHECK(place.orphans().is_empty());
    CHECK(place.run({test::service, "status"}).code() == 3);
}

TEST_CASE("pipes: a caller that has gone away does not take the service with it") {
    NEEDS(own_run());
    const test::Place place;
    test::Pipe output;
    const pid_t launcher = place.start({test::service, "start", "--log", "log"}, [&] {
        ::dup2(output.write_end(), STDOUT_FILENO);
        ::dup2(output.write_end(), STDERR_FILENO);
        output.close_read();
    });
    output.close_read();
    output.close_write();
    CHECK(place.orphans().wait_for(launcher) == 0); // although it could not report that the service runs
    CHECK(place.run({test::service, "status"}).code() == 0);
    CHECK(place.run({test::service, "stop"}).code() == 0);
    place.orphans().wait_until_empty();
}
