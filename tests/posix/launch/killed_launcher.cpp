// A start whose launcher or intermediate process is killed: the daemon is complete, or the start has failed and nothing
// is left.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <ctime>
#include <sched.h>
#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;

TEST_CASE("a launcher that is killed takes the start with it") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        Daemonizer("lost").keep_fd(report.write_end()).pid_file(directory / "pid").wait_until_ready().daemonize();
        report.send_text("up\n");
        for (;;) ::pause();
    });
    REQUIRE(report.line() == "up");
    REQUIRE(test::exists(directory / "pid"));
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    CHECK(report.rest().empty());
    orphans.wait_until_empty();
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a daemon whose launcher was killed learns it when it says that it is ready") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report, go;
    test::Launcher launcher([&]() -> int {
        go.close_write();
        Daemon daemon = Daemonizer("lost")
                            .fork(Fork::once) // with nobody between who would end it
                            .keep_fd(report.write_end())
                            .keep_fd(go.read_end())
                            .pid_file(directory / "pid")
                            .wait_until_ready()
                            .daemonize();
        report.send_text(std::to_string(::getpid()) + "\n");
        go.wait_until_closed();
        daemon.ready();
        report.send_text("it went on\n");
        return 0;
    });
    const pid_t daemon = std::stoi(report.line());
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    go.close_write();
    const int status = orphans.wait_for(daemon);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(report.rest().empty());
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("without the process between, a daemon that becomes ready is up") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report, go, hold;
    test::Launcher launcher([&] {
        go.close_write();
        Daemon daemon = Daemonizer("lost")
                            .keep_fd(report.write_end())
                            .keep_fd(go.read_end())
                            .keep_fd(hold.read_end())
                            .pid_file(directory / "pid")
                            .wait_until_ready()
                            .daemonize();
        report.send_text(std::to_string(::getppid()) + "\n");
        go.wait_until_closed();
        daemon.ready();
        hold.wait_until_closed();
        return 0;
    });
    test::kill(std::stoi(report.line()), SIGKILL);
    go.close_write();
    const test::Ended ended = launcher.ended();
    CHECK(ended.with(0));
    CHECK(ended.error.empty());
    CHECK(test::exists(directory / "pid"));
    CHECK_FALSE(orphans.is_empty());
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("without the process between, a daemon that dies is a failed start all the same") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report, go;
    test::Launcher launcher([&] {
        go.close_write();
        Daemonizer("lost")
            .keep_fd(report.write_end())
            .keep_fd(go.read_end())
            .pid_file(directory / "pid")
            .wait_until_ready()
            .daemonize();
        report.send_text(std::to_string(::getppid()) + "\n");
        go.wait_until_closed();
        return 7;
    });
    test::kill(std::stoi(report.line()), SIGKILL);
    go.close_write();
    const test::Ended ended = launcher.ended();
    CHECK(ended.with(1));
    CHECK(ended.error == "lost: cannot become ready: the daemon ended, and its exit status is not known\n");
    CHECK_FALSE(test::exists(directory / "pid"));
    orphans.wait_until_empty();
}

TEST_CASE("without the process between, a daemon that is not ready in time is ended") {
    const test::Orphanage orphans;
    std::string between;
    // A busy machine gets more time, until the daemon has come as far as to report.
    for (std::int64_t milliseconds = 500; between.empty() && milliseconds < test::patience; milliseconds *= 4) {
        test::Pipe report;
        test::Launcher launcher([&]() -> int {
            Daemonizer("lost")
                .keep_fd(report.write_end())
                .wait_until_ready(daemonize::Duration::milliseconds(milliseconds))
                .daemonize();
            report.send_text(std::to_string(::getppid()) + "\n");
            for (;;) ::pause();
        });
        report.close_write();
        between = report.line();
        if (!between.empty()) test::kill(std::stoi(between), SIGKILL);
        CHECK(launcher.ended().with(124));
        CHECK(report.rest().empty());
    }
    CHECK_FALSE(between.empty());
    orphans.wait_until_empty();
}

TEST_CASE("a daemon that ignores SIGTERM does not outlive a launcher that is killed") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        Daemonizer("lost").keep_fd(report.write_end()).pid_file(directory / "pid").wait_until_ready().daemonize();
        ::signal(SIGTERM, SIG_IGN);
        report.send_text("up\n");
        for (;;) ::pause();
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    CHECK(report.rest().empty());
    orphans.wait_until_empty();
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("what the daemon had started does not outlive a launcher that is killed") {
    const test::Orphanage orphans;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        Daemonizer("lost").keep_fd(report.write_end()).wait_until_ready().daemonize();
        if (::fork() == 0) {
            ::signal(SIGTERM, SIG_IGN);
            report.send_text("up\n");
        }
        for (;;) ::pause();
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    CHECK(report.rest().empty());
    orphans.wait_until_empty();
}

TEST_CASE("a launcher that is killed before it hears of the daemon's death leaves no pid file") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report, go;
    test::Launcher launcher([&] {
        go.close_write();
        Daemonizer("lost")
            .keep_fd(report.write_end())
            .keep_fd(go.read_end())
            .pid_file(directory / "pid")
            .wait_until_ready()
            .daemonize();
        report.send_text(std::to_string(::getpid()) + "\n" + std::to_string(::getppid()) + "\n");
        go.wait_until_closed();
        return 7;
    });
    const pid_t daemon = std::stoi(report.line());
    const pid_t between = std::stoi(report.line());
    test::kill(launcher.pid(), SIGSTOP);
    CHECK(::waitpid(launcher.pid(), nullptr, WUNTRACED) == launcher.pid());
    go.close_write();
    // The process between has reaped the daemon and told of it, and sleeps until the launcher is gone.
    const std::time_t deadline = std::time(nullptr) + test::patience / 1000;
    while (test::kill(daemon, 0) == 0 || test::process_status("State", between)[0] != 'S') {
        if (std::time(nullptr) > deadline) FAIL("the process between does not come to rest");
        ::sched_yield();
    }
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    orphans.wait_until_empty();
    CHECK_FALSE(test::exists(directory / "pid"));
}
