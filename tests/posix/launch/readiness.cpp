// wait_until_ready(): the launcher exits 0 only after ready(); a daemon that ends before ready() is a failed start.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <cstdio>
#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// How the launcher of a daemon ends that does `body` in place of becoming ready.
template <class Body>
test::Ended failed_start(Fork fork, Body body) {
    return test::run_launcher([&] {
        Daemon daemon = Daemonizer("readiness").fork(fork).rlimit(RLIMIT_CORE, 0).wait_until_ready().daemonize();
        body(daemon);
        return 0;
    });
}

} // namespace

TEST_CASE("the launcher stays until ready() is called, and then exits 0") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe go, hold;
        test::Launcher launcher([&] {
            go.close_write();
            Daemon daemon = Daemonizer("readiness")
                                .fork(fork)
                                .keep_fd(go.read_end())
                                .keep_fd(hold.read_end())
                                .wait_until_ready()
                                .daemonize();
            daemon.progress("set up");
            go.wait_until_closed();
            daemon.ready();
            hold.wait_until_closed();
            return 0;
        });
        // A launcher that did not wait would have left before it could show this.
        CHECK(launcher.error_line() == "readiness: set up");
        CHECK(::waitpid(launcher.pid(), nullptr, WNOHANG) == 0);
        go.close_write();
        const test::Ended ended = launcher.ended();
        CHECK(ended.with(0));
        CHECK(ended.error.empty());
        CHECK_FALSE(orphans.is_empty());
        hold.close_write();
        orphans.wait_until_empty();
    }
}

TEST_CASE("a daemon that ends without ready() is a failed start, also with exit status 0") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        for (const int code : {0, 1, 7, 255}) {
            const test::Ended ended = failed_start(fork, [&](Daemon&) { std::exit(code); });
            CHECK(ended.code() == (code == 0 ? 1 : code));
            CHECK(ended.error ==
                  "readiness: cannot become ready: the daemon ended with exit status " + std::to_string(code) + "\n");
            CHECK(orphans.is_empty());
        }
    }
}

TEST_CASE("a daemon that is killed before ready() is reported with its signal") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        for (const int number : {SIGKILL, SIGTERM, SIGABRT}) {
            const test::Ended ended = failed_start(fork, [&](Daemon&) { ::kill(::getpid(), number); });
            CHECK(ended.code() == 128 + number);
            CHECK(ended.error ==
                  "readiness: cannot become ready: the daemon was killed by signal " + std::to_string(number) + "\n");
            CHECK(orphans.is_empty());
        }
    }
}

TEST_CASE("launch() tells how the daemon died before it was ready") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        Daemonizer daemonizer("readiness");
        daemonizer.fork(fork).wait_until_ready();
        const Launch exited = daemonizer.launch([](Daemon&) { return 7; });
        CHECK_FALSE(exited.ok());
        CHECK(exited.failure().stage() == Stage::readiness);
        CHECK(exited.exit_status() == 7);
        CHECK(exited.term_signal() == 0);
        CHECK(exited.exit_code() == 7);
        const Launch killed = daemonizer.launch([](Daemon&) { ::kill(::getpid(), SIGKILL); });
        CHECK(killed.failure().stage() == Stage::readiness);
        CHECK(killed.exit_status() == -1);
        CHECK(killed.term_signal() == SIGKILL);
        CHECK(killed.exit_code() == 128 + SIGKILL);
        const Launch returned = daemonizer.launch([] { return 0; });
        CHECK(returned.exit_status() == 0);
        CHECK(returned.exit_code() == 1);
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("fail() ends the start with its text as the one line, and with its exit code") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        const test::Ended ended =
            failed_start(fork, [](Daemon& daemon) { daemon.fail_and_exit("no route to the host", 42); });
        CHECK(ended.with(42));
        CHECK(ended.error == "readiness: no route to the host\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("fail() without a text says at least that") {
    const test::Orphanage orphans;
    for (const bool in_foreground : {true, false}) {
        const test::Ended ended = test::run_launcher([=] {
            Daemonizer("readiness").wait_until_ready().foreground(in_foreground).daemonize().fail_and_exit("");
            return 0;
        });
        CHECK(ended.with(1));
        CHECK(ended.error == "readiness: no reason was given\n");
    }
    CHECK(orphans.is_empty());
}

TEST_CASE("fail() with an exit code that would read as success ends with 1") {
    const test::Orphanage orphans;
    for (const int code : {0, 256, -512}) {
        CHECK(failed_start(Fork::twice, [&](Daemon& daemon) { daemon.fail_and_exit("no", code); }).with(1));
    }
    CHECK(failed_start(Fork::twice, [](Daemon& daemon) { daemon.fail_and_exit("no"); }).with(1));
    CHECK(orphans.is_empty());
}

TEST_CASE("fail() leaves by exit, so that what main registered still runs") {
    const test::Orphanage orphans;
    static test::Pipe* report = nullptr;
    test::Pipe pipe;
    report = &pipe;
    const Launch launch =
        Daemonizer("readiness").keep_fd(pipe.write_end()).wait_until_ready().launch([](Daemon& daemon) {
            std::atexit([] { report->send_text("handled\n"); });
            daemon.fail_and_exit("no", 5);
        });
    CHECK(launch.failure().message() == "no");
    CHECK(launch.exit_code() == 5);
    CHECK(pipe.rest() == "handled\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a text of several lines becomes one line, and a long one is cut") {
    const test::Orphanage orphans;
    const auto error_of = [](const std::string& text) {
        return failed_start(Fork::twice, [&](Daemon& daemon) { daemon.fail_and_exit(text); }).error;
    };
    CHECK(error_of("one\ntwo\r\n\tthree\n") == "readiness: one two   three\n");
    const std::string line = error_of(std::string(100000, 'x'));
    CHECK(line == "readiness: " + std::string(2000, 'x') + "\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("ready() a second time does nothing, and fail() after it is the daemon's own affair") {
    const test::Orphanage orphans;
    for (const int code : {9, 0}) {
        const test::Directory directory;
        test::Pipe hold;
        const Launch launch = Daemonizer("readiness")
                                  .keep_fd(hold.read_end())
                                  .stdout_to("/dev/full")
                                  .stderr_to(directory / "log")
                                  .wait_until_ready()
                                  .launch([&](Daemon& daemon) {
                                      daemon.ready();
                                      std::puts("what cannot be written, but is not ready()'s any more");
                                      Daemon().ready();
                                      daemon.progress("still going");
                                      hold.wait_until_closed();
                                      daemon.fail_and_exit("too late", code);
                                  });
        CHECK(launch.ok());
        hold.close_write();
        const int status = orphans.wait_for(launch.pid());
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == (code == 0 ? 1 : code));
        CHECK(test::contents(directory / "log") == "readiness: too late\n");
    }
}

TEST_CASE("standard output that cannot be written out fails the start with one line") {
    const test::Orphanage orphans;
    for (const bool in_foreground : {false, true}) {
        const test::Ended ended = test::run_launcher([=] {
            Daemonizer daemonizer("readiness");
            daemonizer.stdout_to("/dev/full").wait_until_ready().foreground(in_foreground);
            Daemon daemon = daemonizer.daemonize();
            std::puts("what cannot be kept");
            daemon.ready();
            return 0;
        });
        CHECK(ended.with(daemonize::exit_code(Stage::flush)));
        CHECK(ended.error == "readiness: cannot write out /dev/full: No space left on device\n");
    }
    CHECK(orphans.is_empty());
}

TEST_CASE("a worker of the daemon's that outlives a failed start does not keep the launcher waiting") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report, hold;
        const Launch launch = Daemonizer("readiness")
                                  .fork(fork)
                                  .keep_fd(report.write_end())
                                  .keep_fd(hold.read_end())
                                  .wait_until_ready()
                                  .launch([&](Daemon&) {
                                      test::Pipe out;
                                      if (::fork() == 0) {
                                          ::setsid(); // of the group that ends with the start
                                          out.send_text("out\n");
                                          hold.wait_until_closed();
                                          std::_Exit(0);
                                      }
                                      static_cast<void>(out.line());
                                      std::_Exit(6);
                                  });
        CHECK(launch.exit_status() == 6);
        hold.close_write();
        orphans.wait_until_empty();
    }
}

TEST_CASE("a daemon that is stopped for a while before it is ready goes on, and is up") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        test::Pipe report;
        test::Launcher launcher([&] {
            Daemon daemon =
                Daemonizer("readiness").fork(fork).keep_fd(report.write_end()).wait_until_ready().daemonize();
            report.send_text(std::to_string(::getpid()) + "\n");
            ::raise(SIGSTOP);
            daemon.ready();
            return 0;
        });
        const pid_t daemon = static_cast<pid_t>(std::stol(report.line()));
        while (test::process_status("State", daemon)[0] != 'T' && test::process_status("State", daemon)[0] != '?') {
        }
        ::poll(nullptr, 0, 200); // a time in which nobody may take it for dead
        test::kill(daemon, SIGCONT);
        CHECK(launcher.ended().with(0));
        orphans.wait_until_empty();
    }
}
