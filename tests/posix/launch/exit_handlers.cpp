// The exit handlers of the program run once, in the daemon. The intermediate process and the launcher run none.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Fork;

namespace {

int report_end = -1;

void report_exit() { static_cast<void>(!::write(report_end, "exit\n", 5)); }

// In a process that calls daemonize(): from here on its exits are reported.
void register_for_exit(const test::Pipe& report) {
    report_end = report.write_end();
    if (std::atexit(report_exit) != 0) std::abort();
}

} // namespace

TEST_CASE("a launcher that leaves does not run the program's exit handlers") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report, hold;
        const test::Ended ended = test::run_launcher([&] {
            register_for_exit(report);
            Daemonizer("exits").fork(fork).keep_fd(report.write_end()).keep_fd(hold.read_end()).daemonize();
            hold.wait_until_closed();
            report.send_text("body\n");
            std::exit(0);
            return 0;
        });
        CHECK(ended.with(0));
        hold.close_write();
        CHECK(report.rest() == "body\nexit\n");
        orphans.wait_until_empty();
    }
}

TEST_CASE("a start that fails runs no exit handlers, in whichever process it fails") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report;
        const test::Ended ended = test::run_launcher([&] {
            register_for_exit(report);
            Daemonizer("exits")
                .fork(fork)
                .keep_fd(report.write_end())
                .before_drop([] { throw std::runtime_error("no"); })
                .daemonize();
            return 0;
        });
        CHECK(ended.with(daemonize::exit_code(daemonize::Stage::before_drop)));
        CHECK(report.rest() == "");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a daemon that failed is left alone while it leaves") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        const test::Ended ended = test::run_launcher([=] {
            auto daemon = Daemonizer("exits").fork(fork).wait_until_ready().daemonize();
            sigset_t end;
            ::sigemptyset(&end);
            ::sigaddset(&end, SIGTERM);
            ::pthread_sigmask(SIG_BLOCK, &end, nullptr);
            std::atexit([] {
                sigset_t asked;
                ::sigemptyset(&asked);
                ::sigaddset(&asked, SIGTERM);
                // The first of them may be read with the failure, the last are read while the launcher waits for the
                // end.
                for (int i = 0; i < 20; ++i) {
                    int unread = static_cast<int>(::write(STDERR_FILENO, ".", 1));
                    while (::ioctl(STDERR_FILENO, FIONREAD, &unread) == 0 && unread != 0) {
                    }
                }
                const struct timespec time = {0, 200000000};
                const bool alone = ::sigtimedwait(&asked, nullptr, &time) == -1;
                static_cast<void>(!::write(STDERR_FILENO, alone ? "left alone\n" : "asked to end\n", alone ? 11 : 13));
            });
            daemon.fail_and_exit("it is over");
            return 0;
        });
        CHECK(ended.error == std::string(20, '.') + "left alone\nexits: it is over\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("the process between runs no exit handlers where the launcher is gone") {
    const test::Orphanage orphans;
    test::Pipe report;
    test::Launcher launcher([&]() -> int {
        register_for_exit(report);
        // Without a session of their own it leaves the others of the group alone, and exits by itself.
        Daemonizer("exits").setsid(false).keep_fd(report.write_end()).wait_until_ready().daemonize();
        report.send_text("up\n");
        for (;;) ::pause();
    });
    REQUIRE(report.line() == "up");
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    CHECK(report.rest() == "");
    orphans.wait_until_empty();
}

TEST_CASE("asking as the user runs no exit handlers") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report;
    const test::Ended ended = test::run_launcher([&] {
        register_for_exit(report);
        const auto problems = Daemonizer("exits").user("nobody").stdout_to(directory / "log").check();
        return static_cast<int>(problems.size());
    });
    CHECK(ended.with(1));
    CHECK(report.rest() == "");
    CHECK(orphans.is_empty());
}

TEST_CASE("what a service is asked for while it leaves lets its exit handlers run, and is no failure") {
    NEEDS(pid_files());
    const int number = GENERATE(SIGTERM, SIGHUP, SIGUSR1);
    test::Pipe report;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        const int code = daemonize::Service("exits")
                             .host(daemonize::HostKind::unknown)
                             .posix([&](Daemonizer& daemonizer) {
                                 daemonizer.pid_file(directory / "pid").keep_fd(report.write_end());
                             })
                             .run([&](daemonize::Context& context) {
                                 register_for_exit(report);
                                 context.ready();
                                 ::raise(SIGTERM);
                                 context.wait_for_stop();
                             });
        ::raise(number);
        std::exit(code);
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(report.rest() == "exit\n");
    CHECK(!test::exists(directory / "pid"));
}
