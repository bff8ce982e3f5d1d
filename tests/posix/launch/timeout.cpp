// A start that takes too long: every process of the launch is ended, and the start has failed.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <climits>
#include <cstring>
#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// A start that must run into its time-out, once its body has come to where it reports. On a machine so busy that the
// body did not come that far in time, the same again, with more time. The body must not return. Returns what the body
// reported after "up\n".
template <class Body>
std::string time_out(Fork fork, Body body) {
    for (std::int64_t milliseconds = 200; milliseconds < test::patience; milliseconds *= 5) {
        test::Pipe report;
        const Launch launch = Daemonizer("timeout")
                                  .fork(fork)
                                  .keep_fd(report.write_end())
                                  .wait_until_ready(Duration::milliseconds(milliseconds))
                                  .launch([&] {
                                      test::default_signals();
                                      body(report);
                                  });
        CHECK(launch.failure().stage() == Stage::timeout);
        CHECK(launch.exit_code() == 124);
        const std::string reported = report.rest();
        if (reported.compare(0, 3, "up\n") == 0) return reported.substr(3);
    }
    return "the daemon never came as far as to report";
}

// Until a signal ends the process.
// In the daemon: from here on SIGTERM ends the process, which reports `text` then.
void say_at_sigterm(const test::Pipe& report, const char* text) {
    static int report_end = -1;
    static const char* last_text = nullptr;
    report_end = report.write_end();
    last_text = text;
    ::signal(SIGTERM, [](int) {
        static_cast<void>(!::write(report_end, last_text, std::strlen(last_text)));
        std::_Exit(0);
    });
}

} // namespace

TEST_CASE("a daemon that is not ready in time is ended") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        CHECK(time_out(fork, [](const test::Pipe& report) {
                  report.send_text("up\n");
                  test::pause_forever();
              }) == "");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("the launcher says how long it waited, and exits 124") {
    const test::Orphanage orphans;
    const auto timed_out = [](Duration timeout) {
        return test::run_launcher([&]() -> int {
            Daemonizer("timeout").wait_until_ready(timeout).daemonize();
            test::pause_forever();
        });
    };
    const test::Ended fraction = timed_out(Duration::milliseconds(50));
    CHECK(fraction.with(124));
    CHECK(fraction.error == "timeout: cannot become ready: the time-out of 50 ms is over, and the daemon was ended\n");
    const test::Ended whole = timed_out(Duration::seconds(1));
    CHECK(whole.error == "timeout: cannot become ready: the time-out of 1 s is over, and the daemon was ended\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("the pid file of a daemon that was not ready in time goes") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const Launch launch =
        Daemonizer("timeout").pid_file(directory / "pid").wait_until_ready(Duration::milliseconds(200)).launch([] {
            test::pause_forever();
        });
    CHECK(launch.failure().stage() == Stage::timeout);
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(orphans.is_empty());
}

TEST_CASE("the daemon may clean up when its time is over") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        CHECK(time_out(fork, [](const test::Pipe& report) {
                  say_at_sigterm(report, "cleaned\n");
                  report.send_text("up\n");
                  test::pause_forever();
              }) == "cleaned\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a stopped daemon goes on so that it can end") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        CHECK(time_out(fork, [](const test::Pipe& report) {
                  say_at_sigterm(report, "ended\n");
                  report.send_text("up\n");
                  ::raise(SIGSTOP);
                  test::pause_forever();
              }) == "ended\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("what the daemon had started ends with it") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        CHECK(time_out(fork, [](const test::Pipe& report) {
                  if (::fork() == 0) {
                      ::signal(SIGTERM, SIG_IGN);
                      report.send_text("up\n");
                      test::pause_forever();
                  }
                  test::pause_forever();
              }) == "");
        orphans.wait_until_empty(); // the kill is done; init's part, the reaping, is ours here
    }
}

TEST_CASE("a daemon that ignores SIGTERM is killed after the grace") {
    const test::Orphanage orphans;
    CHECK(time_out(Fork::twice, [](const test::Pipe& report) {
              ::signal(SIGTERM, SIG_IGN);
              report.send_text("up\n");
              test::pause_forever();
          }) == "");
    CHECK(orphans.is_empty());
}

TEST_CASE("a very long time-out is no short one") {
    const test::Orphanage orphans;
    test::Pipe hold;
    const Launch launch = Daemonizer("timeout")
                              .keep_fd(hold.read_end())
                              .wait_until_ready(Duration::longest())
                              .launch([&](Daemon& daemon) {
                                  daemon.ready();
                                  hold.wait_until_closed();
                              });
    CHECK(launch.ok());
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a time that is over is not waited for, and one without end is as long as poll can wait") {
    const Duration now = daemonize::detail::monotonic_now();
    CHECK(daemonize::detail::poll_time(now + Duration::seconds(-5)) == 0);
    CHECK(daemonize::detail::poll_time(Duration::nanoseconds(INT64_MIN)) == 0);
    CHECK(daemonize::detail::poll_time(Duration::longest()) == INT_MAX);
    const int soon = daemonize::detail::poll_time(now + Duration::seconds(1000));
    CHECK(soon > 0);
    CHECK(soon <= 1000001);
}

TEST_CASE("a daemon that writes to standard error without end is late all the same") {
    const test::Orphanage orphans;
    const daemonize::Launch launch =
        daemonize::Daemonizer("endless").wait_until_ready(daemonize::Duration::milliseconds(200)).launch([] {
            for (;;) {
                if (::write(STDERR_FILENO, "word ", 5) < 0) return 0;
            }
        });
    CHECK(launch.failure().stage() == daemonize::Stage::timeout);
    orphans.wait_until_empty();
}
