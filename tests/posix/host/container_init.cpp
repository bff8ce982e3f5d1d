// A service as process 1 of a container.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

#include <thread>

using daemonize::Context;
using daemonize::HostKind;
using test::program;
using test::ready_and_wait;
using test::Said;

TEST_CASE("as process 1 it hands on what names it, and its body leads a group of its own") {
    NEEDS(pid_files());
    test::Run run(program(HostKind::container_init,
                          [](Context& context) {
                              const bool is_mine = std::atoi(std::getenv("WATCHDOG_PID")) == ::getpid();
                              const bool leads = ::getpgrp() == ::getpid();
                              context.ready();
                              std::fprintf(stderr, "%d %d\n", is_mine, leads);
                              return 0;
                          }),
                  {}, [] { ::setenv("WATCHDOG_PID", "1", 1); });
    CHECK(run.error_line() == "1 1");
    CHECK(run.end() == 0);
}

TEST_CASE("as process 1 it hears of its child's end where SIGCHLD was ignored") {
    NEEDS(pid_files());
    const auto ignore = [] { ::signal(SIGCHLD, SIG_IGN); };
    CHECK(
        test::run(program(HostKind::container_init, [](Context& context) { return context.fail("no", 9); }), {}, ignore)
            .code == 9);
}

TEST_CASE("as process 1 with threads it says that fork would lose them") {
    const auto body = program(HostKind::container_init, [](Context&) { return 0; });
    const Said said = test::run(
        [&](int argc, char** argv) {
            std::thread([] { ::pause(); }).detach();
            return body(argc, argv);
        },
        {});
    CHECK(said.code == daemonize::exit_code(daemonize::Stage::threads));
    CHECK(said.error == "tested: cannot fork: other threads run, and fork would lose them: run the service before the "
                        "program starts threads\n");
}

TEST_CASE("as process 1 it reaps orphans, passes signals on, and ends as the body does") {
    NEEDS(pid_files());
    // It need not be process 1 of anything to behave as one.
    const auto body = [](int code) {
        return program(HostKind::container_init, [code](Context& context) {
            context.on_reload([] { std::fputs("reload\n", stderr); });
            ready_and_wait(context);
            return code;
        });
    };
    test::Run run(body(0), {});
    REQUIRE(run.error_line() == "ready");
    test::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "reload");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(
        test::run(program(HostKind::container_init, [](Context& context) { return context.fail("no", 9); }), {}).code ==
        9);
    CHECK(test::run(program(HostKind::container_init, [](Context&) -> int { std::abort(); }), {}).code ==
          128 + SIGABRT);
}

TEST_CASE("as process 1 it reaps a stranger's orphan, and goes on") {
    NEEDS(pid_files());
    const auto body = program(HostKind::container_init, [](Context& context) {
        const test::Pipe reported, hold;
        const pid_t child = test::fork_clean();
        if (child == 0) {
            const pid_t orphan = ::fork();
            if (orphan == 0) {
                ::close(hold.write_end());
                hold.wait_until_closed();
                ::_exit(0);
            }
            reported.send_text(std::string(reinterpret_cast<const char*>(&orphan), sizeof orphan));
            ::_exit(0);
        }
        pid_t orphan = -1;
        if (::read(reported.read_end(), &orphan, sizeof orphan) != sizeof orphan) return 1;
        ::waitpid(child, nullptr, 0);
        ::close(hold.write_end());
        while (test::kill(orphan, 0) == 0) { // until it is reaped
        }
        return context.fail("enough", 7);
    });
    test::Run run(body, {}, [] { ::prctl(PR_SET_CHILD_SUBREAPER, 1); });
    CHECK(run.end() == 7);
}
