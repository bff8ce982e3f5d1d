// A system without /dev/null, with a regular file at /dev/null, or without /proc.
#include "support/abilities.hpp"
#include "support/seccomp_filter.hpp"
#include "support/service_program.hpp"

#include <sys/syscall.h>

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Events;
using daemonize::Instance;

namespace {

// Calls `body` in a child of the test with private mounts, made by `mount`, and returns the result.
template <class Mount, class Body>
std::string where(Mount mount, Body body) {
    return test::in_child([&] {
        test::default_signals();
        const test::Orphanage orphanage;
        if (!test::own_mounts()) throw std::runtime_error("no mounts of its own");
        mount();
        const std::string text = body();
        orphanage.wait_until_empty();
        return text;
    });
}

std::string codes_of(const test::Run::Main& service, const std::vector<std::string>& verbs) {
    std::string codes;
    for (const std::string& verb : verbs) {
        const test::Said said = test::run(service, {verb});
        codes += std::to_string(said.code) + " " + said.error;
    }
    return codes;
}

} // namespace

TEST_CASE("a null device that is a file, or missing, fails the start before anything is written to it") {
    NEEDS(private_mounts());
    const test::Directory directory;
    const std::string file = directory / "null", path = directory / "pid";
    REQUIRE(::mkdir((directory / "empty").c_str(), 0755) == 0);
    test::write_file(file, "");
    const auto as_file = [&] { test::bind_over(file, "/dev/null"); };
    const auto missing = [&] { test::bind_over(directory / "empty", "/dev"); };
    const std::string is_file = "cannot use the null device /dev/null: it is not the null device";
    const std::string is_missing = "cannot use the null device /dev/null: No such file or directory";
    const auto launch = [&] { return Daemonizer("nulled").pid_file(path).launch([] {}).failure().message(); };
    CHECK(where(as_file, launch) == is_file);
    CHECK(where(missing, launch) == is_missing);
    const auto check = [&] { return Daemonizer("nulled").pid_file(path).check().at(0).message(); };
    CHECK(where(as_file, check) == is_file);
    const auto verbs = [&] {
        return codes_of(test::plain_service(path), {"start", "restart", "run", "status", "reload", "stop"});
    };
    // In the foreground the streams stay as they are, and yet must be sane.
    for (const bool there : {true, false}) {
        const std::string line = " tested: " + (there ? is_file : is_missing) + "\n";
        const std::string run = std::to_string(exit_code(daemonize::Stage::null_device));
        const std::string reported = there ? where(as_file, verbs) : where(missing, verbs);
        CHECK(reported == "1" + line + "1" + line + run + line + "3 7 tested: cannot reach the daemon of " + path +
                              ": it does not run\n0 ");
    }
    CHECK(test::contents(file).empty());
    CHECK(!test::exists(path));
}

TEST_CASE("without /proc a launch is complete, by close_range and without") {
    NEEDS(private_mounts());
    const test::Directory directory;
    const std::string path = directory / "pid";
    REQUIRE(::mkdir((directory / "empty").c_str(), 0755) == 0);
    const auto no_proc = [&] { test::bind_over(directory / "empty", "/proc"); };
    for (const bool refused : {false, true}) {
        INFO("close_range is refused: " << refused);
        CHECK(where(no_proc, [&]() -> std::string {
                  if (refused) test::refuse_calls({SYS_close_range}, ENOSYS);
                  ::signal(SIGUSR2, SIG_IGN); // one to be reset, of which /proc would have told
                  const int inherited = ::fcntl(STDERR_FILENO, F_DUPFD, 700);
                  test::Pipe report;
                  const daemonize::Launch launch =
                      Daemonizer("procless")
                          .pid_file(path)
                          .keep_fd(report.write_end())
                          .wait_until_ready()
                          .launch([&](daemonize::Daemon& daemon) {
                              Events events;
                              daemon.ready();
                              struct sigaction action = {};
                              ::sigaction(SIGUSR2, nullptr, &action);
                              report.send_text(::fcntl(inherited, F_GETFD) == -1 ? "clean, " : "inherited, ");
                              report.send_text(action.sa_handler == SIG_DFL ? "default\n" : "ignored\n");
                              events.wait_for_stop();
                              report.send_text("stopped");
                          });
                  if (!launch.ok()) return launch.failure().message();
                  std::string text = report.line();
                  if (Instance::at(path).status().pid == launch.pid()) text += ", running";
                  Instance::at(path).stop(Duration::milliseconds(test::patience));
                  return text + ", " + report.rest();
              }) == "clean, default, running, stopped");
        CHECK(!test::exists(path));
    }
}

TEST_CASE("without /proc a service obeys its verbs, and events tell of children") {
    NEEDS(private_mounts());
    const test::Directory directory;
    REQUIRE(::mkdir((directory / "empty").c_str(), 0755) == 0);
    const auto no_proc = [&] { test::bind_over(directory / "empty", "/proc"); };
    const test::Run::Main service = test::plain_service(directory / "pid");
    CHECK(where(no_proc, [&] {
              return codes_of(service, {"start", "start", "status", "reload", "restart", "stop", "stop", "status"});
          }) == "0 0 0 0 0 0 0 3 ");
    CHECK(!test::exists(directory / "pid"));
    CHECK(where(no_proc, [] {
              Events events;
              int code = -1;
              const pid_t child = test::fork_clean();
              if (child == 0) std::_Exit(7);
              events.on_child(child, [&](int status) {
                  code = WEXITSTATUS(status);
                  events.stop();
              });
              events.wait_for_stop();
              return std::to_string(code);
          }) == "7");
}
