// launch(): the launcher goes on and gets the result, the daemon runs its body and exits with the returned code.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <stdexcept>
#include <string>

#include <daemonize.hpp>

#include <sched.h>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// The exit status of a daemon that waits for readiness, and then leaves by `end`.
template <class End>
int exit_status_of(const test::Orphanage& orphans, End end) {
    test::Pipe hold;
    const Launch launch = Daemonizer("launch").keep_fd(hold.read_end()).launch([&] {
        hold.wait_until_closed();
        return end();
    });
    REQUIRE(launch.ok());
    hold.close_write();
    const int status = orphans.wait_for(launch.pid());
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

// A launch that fails because its body throws before it is ready.
template <class Thrown>
Launch launch_that_throws(const Thrown& thrown) {
    return Daemonizer("launch").wait_until_ready().launch([&](Daemon&) -> int { throw thrown; });
}

} // namespace

TEST_CASE("launch returns in the launcher, with the daemon's number, once the daemon is ready") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report, hold;
        const pid_t launcher = ::getpid();
        const Launch launch = Daemonizer("launch")
                                  .fork(fork)
                                  .keep_fd(report.write_end())
                                  .keep_fd(hold.read_end())
                                  .wait_until_ready()
                                  .launch([&](Daemon& daemon) {
                                      report.send_text(std::to_string(::getpid()) + "\n");
                                      daemon.ready();
                                      hold.wait_until_closed();
                                      return 0;
                                  });
        REQUIRE(::getpid() == launcher);
        REQUIRE(launch.ok());
        CHECK(static_cast<bool>(launch));
        CHECK(std::to_string(launch.pid()) == report.line());
        CHECK(launch.exit_code() == 0);
        CHECK_FALSE(launch.failure());
        CHECK(launch.problems().empty());
        CHECK(launch.exit_status() == -1);
        CHECK(launch.term_signal() == 0);
        CHECK(launch.interrupted_by() == 0);
        hold.close_write();
        orphans.wait_for(launch.pid());
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a daemon ends with what its body returns") {
    const test::Orphanage orphans;
    CHECK(exit_status_of(orphans, [] { return 0; }) == 0);
    CHECK(exit_status_of(orphans, [] { return 7; }) == 7);
    CHECK(exit_status_of(orphans, [] { return 255; }) == 255);
    CHECK(exit_status_of(orphans, [] {}) == 0);
}

TEST_CASE("a body's value that the kernel would cut to 0 does not turn into success") {
    const test::Orphanage orphans;
    CHECK(exit_status_of(orphans, [] { return 256; }) == 1);
    CHECK(exit_status_of(orphans, [] { return -256; }) == 1);
    CHECK(exit_status_of(orphans, [] { return 257; }) == 1);
    CHECK(exit_status_of(orphans, [] { return -1; }) == 255);
}

TEST_CASE("a body that returns, or leaves by exit, has its atexit handlers run once") {
    const test::Orphanage orphans;
    static test::Pipe* report = nullptr;
    for (const bool returns : {true, false}) {
        test::Pipe pipe;
        report = &pipe;
        const Launch launch = Daemonizer("launch").keep_fd(pipe.write_end()).wait_until_ready().launch([&](Daemon&) {
            std::atexit([] { report->send_text("handled\n"); });
            if (!returns) std::exit(3);
            return 3;
        });
        CHECK(launch.exit_status() == 3);
        CHECK(pipe.rest() == "handled\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a body that throws before it is ready fails the launch with the exception's text") {
    const test::Orphanage orphans;
    const Launch launch = launch_that_throws(std::runtime_error("no route to the database"));
    CHECK_FALSE(launch.ok());
    CHECK(launch.failure().stage() == Stage::body);
    CHECK(launch.failure().message() == "no route to the database");
    CHECK(launch.exit_code() == 1);
    CHECK(orphans.is_empty());
}

TEST_CASE("a body that throws what is no exception, or one without a text, fails with words all the same") {
    const test::Orphanage orphans;
    CHECK(launch_that_throws(42).failure().message() == "an exception that is not a std::exception was thrown");
    CHECK(launch_that_throws(std::runtime_error("")).failure().message() == "an exception without a text was thrown");
    CHECK(orphans.is_empty());
}

TEST_CASE("a body that throws once ready says so on its standard error, and ends with 1") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    const Launch launch = Daemonizer("launch")
                              .keep_fd(hold.read_end())
                              .stderr_to(directory / "log")
                              .wait_until_ready()
                              .launch([&](Daemon& daemon) {
                                  daemon.ready();
                                  hold.wait_until_closed();
                                  throw std::runtime_error("the disk\nis gone");
                              });
    REQUIRE(launch.ok());
    hold.close_write();
    const int status = orphans.wait_for(launch.pid());
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(test::contents(directory / "log") == "launch: the disk is gone\n");
}

TEST_CASE("a launch that is not waited for succeeds with the end of set-up, whatever its body does then") {
    const test::Orphanage orphans;
    const Launch launch = Daemonizer("launch").launch([] { return 9; });
    CHECK(launch.ok());
    CHECK(launch.exit_status() == -1);
    orphans.wait_until_empty();
}

TEST_CASE("a failed launch says nothing by itself, and prints its line when asked") {
    const test::Ended ended = test::run_launcher([] {
        const Launch launch = Daemonizer("launch").chdir("/nowhere/at/all").launch([] {});
        if (launch.ok()) return 99;
        launch.print();
        return launch.exit_code();
    });
    CHECK(ended.with(daemonize::exit_code(Stage::chdir)));
    CHECK(ended.error == "launch: cannot change the directory to /nowhere/at/all: No such file or directory\n");
}

TEST_CASE("a daemon may launch daemons itself") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (const bool outer_is_ready : {true, false}) {
        test::Pipe report, hold;
        const auto inner = [&](Daemon& daemon) {
            daemon.ready();
            if (::write(STDERR_FILENO, "inner\n", 6) != 6) std::abort();
            hold.wait_until_closed();
        };
        const Launch outer = Daemonizer("outer")
                                 .keep_fd(report.write_end())
                                 .keep_fd(hold.read_end())
                                 .stderr_to(directory / "log")
                                 .wait_until_ready()
                                 .launch([&](Daemon& daemon) {
                                     if (outer_is_ready) daemon.ready();
                                     const Launch launch =
                                         Daemonizer("inner")
                                             .keep_fd(hold.read_end())
                                             .stderr_to(directory / "log")
                                             .wait_until_ready(daemonize::Duration::milliseconds(test::patience))
                                             .launch(inner);
                                     report.send_text(launch.ok() ? "ok\n" : launch.failure().message() + "\n");
                                     daemon.ready();
                                     hold.wait_until_closed();
                                 });
        CHECK(outer.ok());
        CHECK(report.line() == "ok");
        hold.close_write();
        orphans.wait_until_empty();
        CHECK(test::contents(directory / "log") == "inner\n");
        CHECK(::unlink((directory / "log").c_str()) == 0);
    }
}

TEST_CASE("one Daemonizer can launch more than once") {
    const test::Orphanage orphans;
    test::Pipe hold;
    Daemonizer daemonizer("launch");
    daemonizer.keep_fd(hold.read_end());
    const Launch first = daemonizer.launch([&] { hold.wait_until_closed(); });
    const Launch second = daemonizer.launch([&] { hold.wait_until_closed(); });
    CHECK(first.ok());
    CHECK(second.ok());
    CHECK(first.pid() != second.pid());
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a moved-from Daemonizer takes values again, and launches") {
    const test::Orphanage orphans;
    Daemonizer first("launch-test");
    first.umask(077);
    Daemonizer second(std::move(first));
    first.fork(Fork::once).user("no such user of this machine");
    CHECK(first.check().size() >= 1);
    CHECK(second.check().empty());
    first = std::move(second);
    second.pid_file("").environment({"PATH"}).foreground(false);
    CHECK(second.explain().find("environment: only PATH") != std::string::npos);
    CHECK(first.explain().find("umask: 077") != std::string::npos);
    const Launch launch = first.launch([] {});
    CHECK(launch.ok());
    orphans.wait_until_empty();
}

TEST_CASE("process 1, with which its daemon would end, is refused as a launcher") {
    NEEDS(pid_namespace());
    const test::Ended ended = test::run_launcher([] {
        if (::unshare(CLONE_NEWPID) != 0) return 99;
        const pid_t first = ::fork();
        if (first == 0) {
            Daemonizer("launch-test").daemonize();
            return 0;
        }
        int status = 0;
        return first > 0 && ::waitpid(first, &status, 0) == first && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
    });
    CHECK(ended.error == "launch-test: cannot fork: this is process 1, and the daemon would end with it: "
                         "run in the foreground\n");
    CHECK(ended.with(exit_code(Stage::fork)));
}

TEST_CASE("process 1 that goes on launches daemons") {
    NEEDS(pid_namespace());
    const std::string seen = test::in_child([] {
        if (::unshare(CLONE_NEWPID) != 0) return std::string("no namespace");
        return test::in_child([] {
            const daemonize::Launch launch = Daemonizer("launch-test").launch([] { ::pause(); });
            return launch.ok() ? std::string("up") : launch.failure().message();
        });
    });
    CHECK(seen == "up");
}

TEST_CASE("a process between that would be process 1, with which the daemon would end, is refused") {
    NEEDS(pid_namespace());
    const bool waits = GENERATE(false, true);
    const test::Ended ended = test::run_launcher([waits]() -> int {
        if (::unshare(CLONE_NEWPID) != 0) return 99; // for the next that is forked
        Daemonizer daemonizer("launch-test");
        if (waits) daemonizer.wait_until_ready();
        daemonizer.daemonize().ready();
        for (;;) ::pause();
    });
    CHECK(ended.error ==
          "launch-test: cannot fork: the intermediate process would be process 1, and the daemon would end with it\n");
    CHECK(ended.with(exit_code(Stage::fork)));
}
