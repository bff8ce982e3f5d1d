// The launcher relays the standard error of a daemon before readiness, ahead of the launcher's own line.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <cstdio>
#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;

namespace {

void write_error(const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t size = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
        if (size <= 0) std::abort();
        done += static_cast<std::size_t>(size);
    }
}

} // namespace

TEST_CASE("the daemon's own words come before the launcher's line") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        const test::Ended ended = test::run_launcher([&] {
            Daemon daemon = Daemonizer("words").fork(fork).wait_until_ready().daemonize();
            write_error("cannot parse line 7\nsee the manual\n");
            daemon.fail_and_exit("the configuration is wrong", 3);
            return 0;
        });
        CHECK(ended.with(3));
        CHECK(ended.error == "cannot parse line 7\nsee the manual\nwords: the configuration is wrong\n");
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("the daemon's words reach a launcher that has no standard streams") {
    const std::string output = test::in_child([] {
        for (int stream = 0; stream < 3; ++stream) ::close(stream);
        return Daemonizer("words").wait_until_ready().launch([] { write_error("no streams here"); }).error_output();
    });
    CHECK(output == "no streams here");
}

TEST_CASE("a daemon that talks on and on has no more time for it") {
    const test::Orphanage orphans;
    const Launch launch = Daemonizer("words").wait_until_ready(daemonize::Duration::milliseconds(200)).launch([] {
        test::default_signals();
        for (;;) write_error("on and on\n");
    });
    CHECK(launch.failure().stage() == daemonize::Stage::timeout);
    CHECK(orphans.is_empty());
}

TEST_CASE("a program that talks on and on does not hold up a daemon that is ready") {
    const test::Orphanage orphans;
    const Launch launch = Daemonizer("words").wait_until_ready().launch([](Daemon& daemon) {
        if (test::fork_clean() == 0) {
            test::default_signals();
            while (::write(STDERR_FILENO, "on and on\n", 10) > 0) { // until its reader is gone
            }
            std::_Exit(0);
        }
        daemon.ready();
    });
    CHECK(launch.ok());
    orphans.wait_until_empty();
}

TEST_CASE("a single byte is a word too") {
    CHECK(Daemonizer("words").wait_until_ready().launch([] { write_error("!"); }).error_output() == "!");
}

TEST_CASE("the launcher's line is a line of its own, whatever the daemon wrote before") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        Daemonizer("words").wait_until_ready().daemonize();
        write_error("no end of line");
        return 3;
    });
    CHECK(ended.error == "no end of line\nwords: cannot become ready: the daemon ended with exit status 3\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("the words of a daemon that becomes ready are shown too, and later ones are not") {
    const test::Orphanage orphans;
    test::Pipe hold;
    const test::Ended ended = test::run_launcher([&] {
        Daemon daemon = Daemonizer("words").keep_fd(hold.read_end()).wait_until_ready().daemonize();
        write_error("a warning\n");
        daemon.ready();
        write_error("to nobody\n");
        hold.wait_until_closed();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(ended.error == "a warning\n");
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("words that fill the pipe many times over all arrive, in order") {
    const test::Orphanage orphans;
    std::string output;
    for (int i = 0; output.size() < 300000; ++i) output += std::to_string(i) + "\n";
    const test::Ended ended = test::run_launcher([&] {
        // Nobody reads the test's pipe before the launcher has ended.
        if (::fcntl(STDERR_FILENO, F_SETPIPE_SZ, 1 << 20) < 0) return 99;
        Daemon daemon = Daemonizer("words").wait_until_ready().daemonize();
        write_error(output);
        daemon.fail_and_exit("that was all");
        return 0;
    });
    CHECK((ended.error == output + "words: that was all\n"));
    CHECK(orphans.is_empty());
}

TEST_CASE("launch() keeps the words for its caller") {
    const test::Orphanage orphans;
    const Launch launch = Daemonizer("words").wait_until_ready().launch([] {
        write_error("one\ntwo");
        return 3;
    });
    CHECK(launch.error_output() == "one\ntwo");
    CHECK(launch.exit_status() == 3);
    CHECK(orphans.is_empty());
}

TEST_CASE("launch() keeps the last 64 KiB of the words") {
    const test::Orphanage orphans;
    const std::string end = std::string(65535, 'z') + "\n";
    const Launch launch = Daemonizer("words").wait_until_ready().launch([&] {
        write_error(std::string(200000, 'a') + end);
        return 3;
    });
    CHECK((launch.error_output() == end));
    CHECK(orphans.is_empty());
}

TEST_CASE("words that are told with daemonize() where nobody waits go to the target") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("words").keep_fd(hold.read_end()).stderr_to(directory / "log").daemonize();
        write_error("a word\n");
        hold.wait_until_closed();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(ended.error.empty());
    hold.close_write();
    orphans.wait_until_empty();
    CHECK(test::contents(directory / "log") == "a word\n");
}
