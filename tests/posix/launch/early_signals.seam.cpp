// A signal that comes just before a process of the launch sleeps wakes the process.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Fork;
using daemonize::Launch;

TEST_CASE("a signal just before the launcher begins to wait ends the start") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report;
        test::Launcher launcher([&]() -> int {
            const seam::Injection injection([](const seam::Call& call, seam::Answer&) {
                if (call.process == seam::launcher && call.is("poll") && call.count == 1) ::raise(SIGINT);
                return false;
            });
            Daemonizer("early")
                .fork(fork)
                .keep_fd(report.write_end())
                .wait_until_ready(Duration::seconds(3600))
                .daemonize();
            for (;;) ::pause();
        });
        CHECK(report.rest().empty());
        CHECK(launcher.ended().with(128 + SIGINT));
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a signal at any call before the fork leaves nothing behind") {
    const test::Orphanage orphans;
    const test::Directory directory;
    bool came = true;
    int number = 1;
    for (; came; ++number) {
        test::Pipe report;
        test::Launcher launcher([&]() -> int {
            test::default_signals();
            const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
                if (call.process != seam::launcher || call.number != number) return false;
                report.send_text(call.name);
                ::raise(SIGTERM);
                return false;
            });
            Daemonizer("early").pid_file(directory / "pid").daemonize();
            std::exit(0);
        });
        const std::string call = report.rest();
        const test::Ended ended = launcher.ended();
        came = !call.empty() && call != "fork";
        INFO(number << ": " << call);
        CHECK(!ended.with(0));
        orphans.wait_until_empty();
        CHECK(!test::exists(directory / "pid"));
    }
    CHECK(number > 10);
}

TEST_CASE("a daemon that dies just before the process between begins to wait is reported") {
    const test::Orphanage orphans;
    const seam::Injection injection([](const seam::Call& call, seam::Answer&) {
        if (call.process != seam::intermediate || !call.is("poll") || call.count != 1) return false;
        siginfo_t info = {};
        ::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT); // interrupted or not: SIGCHLD has come
        return false;
    });
    const Launch launch =
        Daemonizer("early").wait_until_ready(Duration::milliseconds(test::patience)).launch([] { return 7; });
    CHECK(launch.exit_code() == 7); // and not the time-out's, which would come to the same end
    CHECK(orphans.is_empty());
}
