// The verb start: its wait, its output, and its failures.
#include "support/abilities.hpp"
#include "support/tested_service.hpp"

using daemonize::Context;
using daemonize::Duration;
using daemonize::Service;
using test::Said;
using test::TestedService;

TEST_CASE("a start that fails tells the body's own words, and leaves nothing") {
    const test::Orphanage orphanage;
    TestedService program;
    SECTION("it says why") {
        program.body = [](Context& context) { return context.fail("port 80 is taken", 3); };
        const Said said = program({"start"});
        CHECK(said.code == 1);
        CHECK(said.error == "tested: port 80 is taken\n");
    }
    SECTION("it throws") {
        program.body = [](Context&) -> int { throw std::runtime_error("no cache"); };
        CHECK(program({"start"}).error == "tested: no cache\n");
    }
    SECTION("it leaves before it is ready") {
        program.body = [](Context&) { return 0; };
        CHECK(program({"start"}).error == "tested: the service ended before it was ready\n");
    }
    CHECK(!test::exists(program.pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a service that is stopped while it starts has not been started, whatever it says") {
    const test::Orphanage orphanage;
    TestedService program;
    program.body = [&](Context& context) {
        program.report.send_text("begun\n");
        context.wait_for_stop();
        context.ready();
        return 0;
    };
    test::Run start([&](int argc, char** argv) { return program.main(argc, argv); }, {"start"});
    REQUIRE(program.report.line() == "begun");
    CHECK(program({"stop"}).code == 0);
    CHECK(start.end() == 1);
    CHECK(start.output.empty());
    CHECK(start.error == "tested: the service was asked to stop before it was ready\n");
    CHECK(!test::exists(program.pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a service that is being started has the status of one that runs") {
    const test::Orphanage orphanage;
    TestedService program;
    program.body = [&](Context& context) {
        program.report.send_text("begun\n");
        context.wait_for_stop();
        return 0;
    };
    test::Run start([&](int argc, char** argv) { return program.main(argc, argv); }, {"start"});
    REQUIRE(program.report.line() == "begun");
    const Said said = program({"status"});
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: starting\n") == 0);
    CHECK(program({"stop"}).code == 0);
    CHECK(start.end() == 1);
}

TEST_CASE("progress is shown while a start takes its time") {
    const test::Orphanage orphanage;
    TestedService program;
    program.body = [](Context& context) {
        context.progress("reading the cache", Duration::seconds(5));
        context.ready();
        context.progress("nobody is told of this");
        context.wait_for_stop();
        return 0;
    };
    const Said said = program({"start"});
    CHECK(said.code == 0);
    CHECK(said.error == "tested: reading the cache\n");
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("of many starts at once one wins, and all succeed") {
    const test::Orphanage orphanage;
    TestedService program;
    std::vector<std::unique_ptr<test::Run>> runs;
    for (int i = 0; i < 16; ++i) {
        runs.push_back(std::make_unique<test::Run>([&](int argc, char** argv) { return program.main(argc, argv); },
                                                   std::vector<std::string>{"start"}));
    }
    int started = 0;
    for (const auto& run : runs) {
        CHECK(run->end() == 0);
        CHECK(run->error.empty());
        if (run->output.find("tested: running, pid ") == 0) ++started;
    }
    CHECK(started == 1);
    REQUIRE(program.report.line() == "arguments");
    CHECK(program({"stop"}).code == 0);
    CHECK(program.report.rest().empty());
    orphanage.wait_until_empty();
}

TEST_CASE("a start without rights to its pid file's directory is no start without a pid file") {
    NEEDS(ordinary_user());
    const test::Directory root; // another user's
    ::chmod(root.path().c_str(), 0555);
    const Said said = test::run(
        [](int argc, char** argv) { return Service("placeless").run(argc, argv, [](Context&) {}); }, {"start"},
        [&] {
            ::setenv("XDG_RUNTIME_DIR", root.path().c_str(), 1);
            test::become_nobody();
        });
    CHECK(said.code == 4);
    CHECK(said.error == "placeless: cannot open the pid file " + (root / "placeless.pid") + ": Permission denied\n");
}

TEST_CASE("a user without a place for a pid file is told so") {
    NEEDS(ordinary_user());
    using Arguments = std::vector<std::string>; // without a word it would daemonize itself
    for (const Arguments& arguments : {Arguments{"start"}, Arguments{"stop"}, Arguments{"restart"}, Arguments{"reload"},
                                       Arguments{"status"}, Arguments()}) {
        const Said said = test::run(
            [](int argc, char** argv) {
                return Service("placeless")
                    .background()
                    .host(daemonize::HostKind::unknown)
                    .run(argc, argv, [](Context&) {});
            },
            arguments,
            [] {
                ::unsetenv("XDG_RUNTIME_DIR");
                test::become_nobody();
            });
        CHECK(said.code == (arguments == Arguments{"status"} ? 4 : 1)); // which for status is neither running nor dead
        CHECK(said.error ==
              "placeless: cannot open the pid file: this user has no runtime directory: XDG_RUNTIME_DIR is "
              "not set\n");
    }
}

TEST_CASE("a configuration is checked once, with the arguments that it is for") {
    const test::Directory directory;
    std::string checked;
    const auto program = [&](int argc, char** argv) {
        const int code = Service("tested")
                             .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
                             .on_check_configuration([&](const std::vector<std::string>& arguments, std::string&) {
                                 checked += arguments.empty() ? "none " : arguments[0] + " ";
                                 return true;
                             })
                             .run(argc, argv, [](Context&) { return 0; });
        std::fputs(checked.c_str(), stderr);
        return code;
    };
    CHECK(test::run(program, {"reload", "new"}).error ==
          "tested: cannot reach the daemon of " + (directory / "pid") + ": it does not run\nnew ");
}
