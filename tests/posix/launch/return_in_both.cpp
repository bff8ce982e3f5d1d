// launch() without a body returns in the launcher and in the daemon, as fork(2) does.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <string>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

TEST_CASE("launch without a body returns in both processes, and each one knows which it is") {
    const test::Orphanage orphans;
    const pid_t launcher = ::getpid();
    for (const Fork fork : {Fork::twice, Fork::once}) {
        for (const bool waits : {true, false}) {
            test::Pipe report, hold;
            Daemonizer daemonizer("both");
            if (waits) daemonizer.wait_until_ready();
            const Launch launch = daemonizer.fork(fork).keep_fd(report.write_end()).keep_fd(hold.read_end()).launch();
            if (launch.in_daemon()) {
                if (!launch.ok() || launch.exit_code() != 0 || ::getpid() == launcher) std::abort();
                launch.daemon().ready();
                report.send_text(std::to_string(launch.pid()) + " " + std::to_string(::getpid()) + "\n");
                hold.wait_until_closed();
                std::_Exit(7);
            }
            REQUIRE(::getpid() == launcher);
            REQUIRE(launch.ok());
            const std::string pid = std::to_string(launch.pid());
            CHECK(report.line() == pid + " " + pid);
            hold.close_write();
            const int status = orphans.wait_for(launch.pid());
            CHECK(WEXITSTATUS(status) == 7);
            CHECK(orphans.is_empty());
        }
    }
}

TEST_CASE("a daemon of launch without a body that leaves before it is ready is a failed start") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (const int code : {0, 3}) {
        const Launch launch = Daemonizer("both").pid_file(directory / "pid").wait_until_ready().launch();
        if (launch.in_daemon()) {
            std::fputs("no route to the database\n", stderr);
            std::_Exit(code);
        }
        CHECK_FALSE(launch.ok());
        CHECK(launch.failure().stage() == Stage::readiness);
        CHECK(launch.failure().message() ==
              "cannot become ready: the daemon ended with exit status " + std::to_string(code));
        CHECK(launch.exit_status() == code);
        CHECK(launch.exit_code() == (code == 0 ? 1 : code));
        CHECK(launch.error_output() == "no route to the database\n");
        CHECK_FALSE(test::exists(directory / "pid"));
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a daemon of launch without a body that returns from main before it is ready is a failed start") {
    const test::Ended ended = test::run_launcher([] {
        const Launch launch = Daemonizer("both").wait_until_ready().launch();
        if (launch.in_daemon()) return 0;
        launch.print();
        return 40 + launch.exit_code();
    });
    CHECK(ended.with(41));
    CHECK(ended.error == "both: cannot become ready: the daemon ended with exit status 0\n");
}

TEST_CASE("a daemon of launch without a body says why it failed") {
    const test::Orphanage orphans;
    const Launch launch = Daemonizer("both").wait_until_ready().launch();
    if (launch.in_daemon()) launch.daemon().fail_and_exit("port 80 is taken", 5);
    CHECK(launch.failure().message() == "port 80 is taken");
    CHECK(launch.exit_code() == 5);
    CHECK(orphans.is_empty());
}

TEST_CASE("launch without a body returns in the launcher alone when its options are wrong") {
    const test::Orphanage orphans;
    const pid_t launcher = ::getpid();
    const Launch launch = Daemonizer("both").chdir("/nowhere/at/all").launch();
    REQUIRE(::getpid() == launcher);
    CHECK_FALSE(launch.in_daemon());
    CHECK(launch.failure().stage() == Stage::chdir);
    CHECK(orphans.is_empty());
}

TEST_CASE("a signal at a launcher that waits in launch without a body ends the daemon, and then the launcher") {
    const test::Orphanage orphans;
    for (const bool handles : {true, false}) {
        test::Pipe report;
        test::Launcher launcher([&] {
            if (handles) ::signal(SIGINT, [](int) {});
            const Launch launch = Daemonizer("both").keep_fd(report.write_end()).wait_until_ready().launch();
            if (launch.in_daemon()) {
                report.send_text("up\n");
                for (;;) ::pause();
            }
            launch.print();
            return launch.interrupted_by();
        });
        REQUIRE(report.line() == "up");
        test::kill(launcher.pid(), SIGINT);
        const test::Ended ended = launcher.ended();
        CHECK((handles ? ended.code() : ended.signal()) == SIGINT);
        CHECK(report.rest().empty());
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("launch without a body in the foreground makes this process the daemon, or says why not") {
    const std::string seen = test::in_child([] {
        const pid_t pid = ::getpid();
        const Launch failed = Daemonizer("both").foreground().keep_fd(100).chdir("/nowhere/at/all").launch();
        if (failed.in_daemon() || failed.failure().stage() != Stage::chdir) return std::string("no failure");
        const Launch launch = Daemonizer("both").foreground().keep_fd(100).wait_until_ready().launch();
        if (!launch.in_daemon() || !launch.ok() || launch.pid() != pid) return std::string("no daemon");
        launch.daemon().ready();
        return std::string("this one");
    });
    CHECK(seen == "this one");
}
