// A service in the foreground: its end and its exit status, its directories, and a second start.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

using daemonize::Context;
using daemonize::HostKind;
using daemonize::Service;
using daemonize::StopReason;
using test::program;
using test::ready_and_wait;
using test::Said;

TEST_CASE("in the foreground a stop that was asked for ends with success, whatever the body returns") {
    NEEDS(pid_files());
    test::Run run(program([](Context& context) {
                      ready_and_wait(context);
                      return 7;
                  }),
                  {"run"});
    REQUIRE(run.error_line() == "ready");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(run.error.empty());
}

TEST_CASE("a body's own end is told by its value") {
    NEEDS(pid_files());
    CHECK(test::run(program([](Context& context) {
                        context.ready();
                        return 7;
                    }),
                    {})
              .code == 7);
    CHECK(test::run(program([](Context& context) {
                        context.ready();
                        return 256; // which exit would make success of
                    }),
                    {})
              .code == 1);
}

TEST_CASE("what fails is told in one line and is no success") {
    NEEDS(pid_files());
    Said said = test::run(program([](Context&) { return 0; }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: the service ended before it was ready\n");

    said = test::run(program([](Context&) -> int { throw std::runtime_error("no\ncache"); }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: no cache\n");

    said = test::run(program([](Context& context) { return context.fail("port 80 is taken", 0); }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: port 80 is taken\n");

    said = test::run(program([](Context& context) {
                         context.ready();
                         return context.fail("the disk is full", 9);
                     }),
                     {});
    CHECK(said.code == 9);
    CHECK(said.error == "tested: the disk is full\n");

    // A returned 0 after fail() is still a failure.
    said = test::run(program([](Context& context) { return context.fail("no cache", 256) == 1 ? 0 : 8; }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: no cache\n");
}

TEST_CASE("a service in the foreground that ends before it is ready leaves no runtime directory") {
    NEEDS(private_mounts());
    const auto service = [](int (*body)(Context&)) {
        return [body](int argc, char** argv) {
            return Service("tested")
                .posix([](daemonize::Daemonizer& daemonizer) {
                    daemonizer.runtime_directory("tested/inner").pid_file("/run/tested/inner/pid");
                })
                .run(argc, argv, body);
        };
    };
    const auto left = [&](int (*body)(Context&)) {
        return test::in_child([&] {
            if (!test::own_mounts()) return std::string("no mounts");
            test::mount_memory("/run", "mode=755");
            const Said said = test::run(service(body), {"run"});
            std::string seen = std::to_string(said.code);
            for (const char* path : {"/run/tested", "/run/tested/inner", "/run/tested/inner/pid"}) {
                if (test::exists(path)) seen += std::string(" ") + path;
            }
            return seen;
        });
    };
    CHECK(left([](Context& context) { return context.fail("no cache", 3); }) == "3");
    CHECK(left([](Context&) -> int { throw std::runtime_error("no cache"); }) == "1");
    CHECK(left([](Context&) -> int { std::exit(4); }) == "4");
    // Another process uses the directory.
    CHECK(left([](Context&) {
              test::write_file("/run/tested/socket", "");
              return 0;
          }) == "1 /run/tested");
    // The exit of a child of the service is not the end of the service.
    CHECK(left([](Context&) {
              const pid_t child = ::fork();
              if (child == 0) std::exit(0);
              ::waitpid(child, nullptr, 0);
              return test::exists("/run/tested/inner/pid") && ::access("/run/tested/inner", F_OK) == 0 ? 5 : 6;
          }) == "5");
    CHECK(left([](Context& context) {
              context.ready();
              return 0;
          }) == "0 /run/tested /run/tested/inner");
}

TEST_CASE("an unknown value of DAEMONIZE_HOST is refused, by the run and by the verbs that start") {
    const test::Directory directory;
    const auto body = test::plain_service(directory / "pid");
    const std::string line =
        "tested: cannot use the configuration DAEMONIZE_HOST=systmd: the value is unknown; the known "
        "values are unknown, terminal, systemd, inetd, launchd, container_init, windows_scm, "
        "supervisor\n";
    const auto with_variable = [&](const std::vector<std::string>& arguments) {
        return test::run(body, arguments, [] { ::setenv("DAEMONIZE_HOST", "systmd", 1); });
    };
    for (const auto& arguments : {std::vector<std::string>(), {"run"}}) {
        const Said said = with_variable(arguments);
        CHECK(said.code == 78);
        CHECK(said.error == line);
    }
    for (const char* verb : {"start", "restart"}) {
        const Said said = with_variable({verb});
        CHECK(said.code == 6); // "program is not configured"
        CHECK(said.error == line);
        CHECK(said.output.empty());
    }
    CHECK(with_variable({"stop"}).code == 0);
    CHECK(::access((directory / "pid").c_str(), F_OK) != 0);
}

TEST_CASE("a setting that names nothing is refused in one line") {
    const auto refused = [](const char* text, void (*set)(daemonize::Service&)) {
        const Said said = test::run(
            [&](int argc, char** argv) {
                auto service = daemonize::Service("tested").description("Setters work on a temporary");
                set(service);
                return service.run(argc, argv, [] { return 0; });
            },
            {});
        CHECK(said.code == 64);
        CHECK(said.error == std::string("tested: cannot accept ") + text + "\n");
    };
    refused("stop_timeout(): the time is negative",
            [](daemonize::Service& service) { service.stop_timeout(daemonize::Duration::nanoseconds(-1)); });
    refused("notify_fd(): the descriptor is negative", [](daemonize::Service& service) { service.notify_fd(-1); });
    refused("host(): no enumerator has this value",
            [](daemonize::Service& service) { service.host(static_cast<daemonize::HostKind>(99)); });
}

TEST_CASE("what is thrown during a stop is a failure all the same") {
    NEEDS(pid_files());
    test::Run run(program([](Context& context) -> int {
                      ready_and_wait(context);
                      throw std::runtime_error("cannot save");
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    CHECK(run.end(SIGTERM) == 1);
    CHECK(run.error == "tested: cannot save\n");
}

TEST_CASE("a stop before the body is ready is no failure") {
    NEEDS(pid_files());
    test::Run run(program([](Context& context) {
                      std::fputs("starting\n", stderr);
                      context.wait_for_stop();
                      return 3;
                  }),
                  {});
    REQUIRE(run.error_line() == "starting");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(run.error.empty());
}

TEST_CASE("a body stops itself, and reaches what it runs on") {
    NEEDS(pid_files());
    const Said said =
        test::run(program([](Context& context) {
                      context.ready();
                      std::printf("%s %d", context.name().c_str(), context.notifier().try_status("up"));
                      context.stop();
                      const bool is_requested = context.stop_requested();
                      context.stop();
                      std::printf(" %d %d %d", is_requested, context.sleep_for(daemonize::Duration::longest()),
                                  context.stop_deadline() == daemonize::Duration::longest());
                      return 7;
                  }),
                  {});
    CHECK(said.output == "tested 1 1 0 1");
    CHECK(said.code == 0);
}

TEST_CASE("who asked for the stop is told") {
    NEEDS(pid_files());
    const auto reason = [](HostKind host, int signal) {
        test::Run run(program(host,
                              [](Context& context) {
                                  if (context.stop_reason() != StopReason::none) return 100;
                                  ready_and_wait(context);
                                  std::fprintf(stderr, "%d\n", static_cast<int>(context.stop_reason()));
                                  return 0;
                              }),
                      {});
        REQUIRE(run.error_line() == "ready");
        CHECK(run.end(signal) == 0);
        return static_cast<StopReason>(std::atoi(run.error.c_str()));
    };
    CHECK(reason(HostKind::terminal, SIGTERM) == StopReason::operator_request);
    CHECK(reason(HostKind::terminal, SIGINT) == StopReason::interrupt);
    CHECK(reason(HostKind::terminal, SIGQUIT) == StopReason::interrupt);
    CHECK(reason(HostKind::systemd, SIGTERM) == StopReason::supervisor);
    CHECK(reason(HostKind::supervisor, SIGTERM) == StopReason::supervisor);
}

TEST_CASE("on a terminal it runs in the foreground, and in the background where that is asked for") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    for (const HostKind host : {HostKind::terminal, HostKind::unknown}) {
        const Said said = test::run(
            [&](int argc, char** argv) {
                return Service("tested")
                    .background()
                    .host(host)
                    .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
                    .run(argc, argv, [](Context& context) {
                        context.ready();
                        context.wait_for_stop();
                    });
            },
            {});
        CHECK(said.code == 0);
        CHECK(said.output.find("tested: running, pid ") == 0);
        CHECK_NOTHROW(daemonize::Instance::at(directory / "pid").stop());
        orphanage.wait_until_empty();
    }
    test::Run supervised(
        [&](int argc, char** argv) {
            return Service("tested").background().host(HostKind::supervisor).run(argc, argv, ready_and_wait);
        },
        {});
    CHECK(supervised.error_line() == "ready");
    CHECK(supervised.end(SIGTERM) == 0);
}

TEST_CASE("directories are those that the service manager made, or those of the service's name") {
    NEEDS(pid_files());
    const auto body = program([](Context& context) {
        std::printf("%s %s %s\n", context.runtime_directory().c_str(), context.state_directory().c_str(),
                    context.log_directory().c_str());
        context.ready();
        return 0;
    });
    CHECK(test::run(body, {}, [] {
              ::setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
              ::setenv("STATE_DIRECTORY", "/var/lib/private/c", 1);
              ::setenv("LOGS_DIRECTORY", "/var/log/d", 1);
          }).output == "/run/a /var/lib/private/c /var/log/d\n");
    CHECK(test::run(body, {},
                    [] {
                        ::setenv("RUNTIME_DIRECTORY", "relative", 1); // no manager's
                        ::setenv("XDG_RUNTIME_DIR", "/r", 1);
                        ::setenv("XDG_STATE_HOME", "/s", 1);
                    })
              .output ==
          (::geteuid() == 0 ? "/run/tested /var/lib/tested /var/log/tested\n" : "/r/tested /s/tested /s/log/tested\n"));
}

TEST_CASE("a second run of the same service in the foreground is refused") {
    NEEDS(pid_files());
    const test::Directory directory;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
            .run(argc, argv, ready_and_wait);
    };
    test::Run first(body, {"run"});
    REQUIRE(first.error_line() == "ready");
    const Said second = test::run(body, {"run"});
    CHECK(second.code == 75);
    CHECK(second.error == "tested: cannot lock the pid file " + (directory / "pid") + ": process " +
                              std::to_string(first.pid()) + " holds it\n");
    CHECK(first.end(SIGTERM) == 0);
    CHECK(!test::exists(directory / "pid"));
}
