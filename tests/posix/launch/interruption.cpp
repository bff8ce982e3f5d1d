// A signal to a waiting launcher ends the daemon first, and then the launcher.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

volatile std::sig_atomic_t handled = 0;

void count_signal(int) { handled = handled + 1; }

} // namespace

TEST_CASE("a signal at a waiting launcher ends the daemon, and is told") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
            INFO("signal " << number);
            test::Pipe report;
            test::Launcher launcher([&]() -> int {
                Daemonizer("interrupted")
                    .fork(fork)
                    .keep_fd(report.write_end())
                    .pid_file(directory / "pid")
                    .wait_until_ready()
                    .daemonize();
                report.send_text("up\n");
                test::pause_forever();
            });
            REQUIRE(report.line() == "up");
            test::kill(launcher.pid(), number);
            const test::Ended ended = launcher.ended();
            CHECK(ended.code() == 128 + number);
            CHECK(ended.error == "interrupted: cannot become ready: signal " + std::to_string(number) +
                                     " came, and the daemon was ended\n");
            CHECK(report.rest().empty());
            CHECK_FALSE(test::exists(directory / "pid"));
            CHECK(orphans.is_empty());
        }
    }
}

TEST_CASE("an ignored signal stays ignored while the launcher waits") {
    const test::Orphanage orphans;
    test::Pipe report, go, hold;
    test::Launcher launcher([&] {
        go.close_write();
        ::signal(SIGINT, SIG_IGN);
        ::signal(SIGHUP, SIG_IGN); // nohup(1)
        Daemon daemon = Daemonizer("nohup")
                            .keep_fd(report.write_end())
                            .keep_fd(go.read_end())
                            .keep_fd(hold.read_end())
                            .wait_until_ready()
                            .daemonize();
        report.send_text("up\n");
        go.wait_until_closed();
        daemon.ready();
        hold.wait_until_closed();
        return 0;
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGINT);
    test::kill(launcher.pid(), SIGHUP);
    go.close_write();
    CHECK(launcher.ended().with(0));
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a signal that was blocked when the launch began does not end it") {
    const test::Orphanage orphans;
    test::Pipe report, go, hold;
    test::Launcher launcher([&] {
        go.close_write();
        sigset_t only;
        ::sigemptyset(&only);
        ::sigaddset(&only, SIGTERM);
        ::sigprocmask(SIG_BLOCK, &only, nullptr);
        Daemon daemon = Daemonizer("blocked")
                            .keep_fd(report.write_end())
                            .keep_fd(go.read_end())
                            .keep_fd(hold.read_end())
                            .wait_until_ready()
                            .daemonize();
        report.send_text("up\n");
        go.wait_until_closed();
        daemon.ready();
        hold.wait_until_closed();
        return 0;
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGTERM);
    go.close_write();
    CHECK(launcher.ended().with(0));
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("in a process that lives on, its own handler runs after the launch, and is in place again") {
    const test::Orphanage orphans;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        handled = 0;
        ::signal(SIGINT, count_signal);
        const Launch launch = Daemonizer("interrupted").keep_fd(report.write_end()).wait_until_ready().launch([&] {
            report.send_text("up\n");
            test::pause_forever();
        });
        struct sigaction now;
        ::sigaction(SIGINT, nullptr, &now);
        if (launch.ok()) return 1;
        if (launch.failure().stage() != Stage::interrupted || launch.exit_code() != 128 + SIGINT) return 2;
        if (launch.interrupted_by() != SIGINT) return 3;
        if (handled != 1) return 4;
        if (now.sa_handler != count_signal) return 5;
        return 0;
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGINT);
    CHECK(launcher.ended().code() == 0);
    CHECK(orphans.is_empty());
}

TEST_CASE("in a process without a handler, the signal does what it would have done, once the daemon is gone") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        const Launch launch = Daemonizer("interrupted")
                                  .keep_fd(report.write_end())
                                  .pid_file(directory / "pid")
                                  .wait_until_ready()
                                  .launch([&] {
                                      report.send_text("up\n");
                                      test::pause_forever();
                                  });
        return launch.ok() ? 0 : 1;
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGTERM);
    CHECK(launcher.ended().signal() == SIGTERM);
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(orphans.is_empty());
}

TEST_CASE("a signal at the moment of readiness leaves a daemon that is up, or none") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (int round = 0; round < 60; ++round) {
        test::Pipe report, hold;
        test::Launcher launcher([&] {
            Daemon daemon = Daemonizer("race")
                                .keep_fd(report.write_end())
                                .keep_fd(hold.read_end())
                                .pid_file(directory / "pid")
                                .wait_until_ready()
                                .daemonize();
            report.send_text("almost\n");
            for (volatile int wait = 0; wait < round * 500; wait = wait + 1) {
            }
            daemon.ready();
            hold.wait_until_closed();
            return 0;
        });
        REQUIRE(report.line() == "almost");
        test::kill(launcher.pid(), SIGINT);
        const test::Ended ended = launcher.ended();
        INFO("round " << round << ", exit code " << ended.code() << ", signal " << ended.signal());
        const bool up = !orphans.is_empty();
        CHECK((ended.with(0) || ended.with(128 + SIGINT)));
        CHECK(up == ended.with(0));
        CHECK(test::exists(directory / "pid") == ended.with(0));
        hold.close_write();
        orphans.wait_until_empty();
        ::unlink((directory / "pid").c_str()); // the harness ends a daemon by _Exit, which leaves it
    }
}
