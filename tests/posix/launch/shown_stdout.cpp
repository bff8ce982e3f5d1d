// show_stdout(): until readiness the launcher shows the daemon's standard output; afterwards the target of stdout_to()
// gets the output.
#include "support/catch.hpp"
#include "support/service_program.hpp"

#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

void write_text(const char* text) {
    if (::write(STDOUT_FILENO, text, std::strlen(text)) < 0) std::abort();
}

} // namespace

TEST_CASE("standard output is the launcher's until readiness, and the log's from then on") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        for (const bool one_file : {true, false}) {
            const test::Directory directory;
            test::Pipe done;
            const test::Said said = test::run(
                [&](int, char**) {
                    Daemonizer daemonizer("shown");
                    daemonizer.fork(fork).show_stdout().wait_until_ready().keep_fd(done.write_end());
                    daemonizer.stdout_to(directory / "log").stderr_to(directory / (one_file ? "log" : "error"));
                    Daemon daemon = daemonizer.daemonize();
                    write_text("written\n");
                    std::printf("printed before, without an end of line");
                    std::fprintf(stderr, "a word\n");
                    daemon.ready();
                    std::printf("printed after\n");
                    std::fflush(stdout);
                    std::fprintf(stderr, "another\n");
                    done.send_text("done\n");
                    return 0;
                },
                {});
            CHECK(said.code == 0);
            CHECK(said.output == "written\nprinted before, without an end of line");
            CHECK(said.error == "a word\n");
            CHECK(done.line() == "done");
            CHECK(test::contents(directory / "log") == (one_file ? "printed after\nanother\n" : "printed after\n"));
            orphans.wait_until_empty();
        }
    }
}

TEST_CASE("launch keeps standard output apart from standard error") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (const bool ready : {true, false}) {
        test::Pipe hold;
        Daemonizer daemonizer("shown");
        daemonizer.show_stdout().wait_until_ready().stdout_to(directory / "log").keep_fd(hold.read_end());
        const Launch launch = daemonizer.launch([&](Daemon& daemon) {
            std::printf("on output\n");
            std::fprintf(stderr, "on error\n");
            if (!ready) daemon.fail_and_exit("no");
            daemon.ready();
            hold.wait_until_closed();
            std::printf("later\n");
        });
        CHECK(launch.ok() == ready);
        CHECK(launch.output() == "on output\n");
        CHECK(launch.error_output() == "on error\n");
        hold.close_write();
        orphans.wait_until_empty();
        CHECK(test::exists(directory / "log") == ready); // an empty log of a failed start goes
        if (ready) CHECK(test::contents(directory / "log") == "later\n");
        ::unlink((directory / "log").c_str());
    }
}

TEST_CASE("standard output is not shown unless it was asked for") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const Launch launch =
        Daemonizer("shown").show_stdout().show_stdout(false).wait_until_ready().stdout_to(directory / "log").launch([] {
            std::printf("on output\n");
        });
    CHECK(launch.output().empty());
    CHECK(test::contents(directory / "log") == "on output\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("without a wait for readiness the steps of the set-up are shown") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    Daemonizer daemonizer("shown");
    daemonizer.show_stdout().stdout_to(directory / "log").keep_fd(hold.read_end());
    daemonizer.before_drop([] { std::printf("as root\n"); });
    const Launch launch = daemonizer.launch([&] {
        hold.wait_until_closed();
        std::printf("later\n");
    });
    CHECK(launch.ok());
    CHECK(launch.output() == "as root\n");
    hold.close_write();
    orphans.wait_until_empty();
    CHECK(test::contents(directory / "log") == "later\n");
}

TEST_CASE("shown standard output goes to each kind of target") {
    const test::Orphanage orphans;
    for (const int kind : {0, 1, 2}) {
        test::Pipe target, hold;
        const test::Said said = test::run(
            [&](int, char**) {
                Daemonizer daemonizer("shown");
                daemonizer.show_stdout().wait_until_ready().keep_fd(hold.read_end());
                if (kind == 1) daemonizer.stdout_to(target.write_end());
                if (kind == 2) daemonizer.stdout_to(daemonize::keep);
                Daemon daemon = daemonizer.daemonize();
                write_text("before\n");
                daemon.ready();
                write_text("after\n");
                if (kind == 0 && test::link_target("/proc/self/fd/1") != "/dev/null") write_text("no null\n");
                if (::fcntl(target.write_end(), F_GETFD) != -1) write_text("descriptor left\n");
                return 0;
            },
            {});
        CHECK(said.output == (kind == 2 ? "before\nafter\n" : "before\n"));
        CHECK(target.rest() == (kind == 1 ? "after\n" : ""));
        orphans.wait_until_empty();
    }
}

TEST_CASE("logs are opened again before readiness, and standard output is shown on") {
    const test::Orphanage orphans;
    const test::Directory directory;
    for (const bool one_file : {true, false}) {
        Daemonizer daemonizer("shown");
        daemonizer.show_stdout().wait_until_ready();
        daemonizer.stdout_to(directory / "log").stderr_to(directory / (one_file ? "log" : "error"));
        test::Pipe hold;
        const Launch launch = daemonizer.keep_fd(hold.read_end()).launch([&](Daemon& daemon) {
            if (::rename((directory / "log").c_str(), (directory / "old").c_str()) != 0) std::abort();
            daemon.reopen_logs();
            write_text("before\n");
            daemon.ready();
            write_text("after\n");
            hold.wait_until_closed();
        });
        CHECK(launch.output() == "before\n");
        hold.close_write();
        orphans.wait_until_empty();
        CHECK(test::contents(directory / "log") == "after\n");
        CHECK(test::contents(directory / "old").empty());
        ::unlink((directory / "log").c_str());
    }
}

TEST_CASE("a launcher whose standard output nobody reads starts its daemon all the same") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        test::Pipe unread;
        if (::dup2(unread.write_end(), STDOUT_FILENO) < 0) return 99;
        unread.close_read();
        unread.close_write();
        Daemon daemon = Daemonizer("shown").show_stdout().wait_until_ready().daemonize();
        write_text("nobody reads this\n");
        daemon.ready();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(ended.error.empty());
    orphans.wait_until_empty();
}

TEST_CASE("a daemon that prints and whose launcher is dead removes its pid file, and logs the text") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe report, hold;
    test::Launcher launcher([&]() -> int {
        Daemonizer daemonizer("shown");
        daemonizer.fork(Fork::once).show_stdout().wait_until_ready().pid_file(directory / "pid");
        daemonizer.stdout_to(directory / "log").keep_fd(report.write_end()).keep_fd(hold.read_end());
        hold.close_write();
        Daemon daemon = daemonizer.daemonize();
        std::printf("on output\n");
        report.send_text(std::to_string(::getpid()) + "\n");
        hold.wait_until_closed();
        daemon.ready();
        std::abort();
    });
    const pid_t daemon = std::stoi(report.line());
    test::kill(launcher.pid(), SIGKILL);
    CHECK(launcher.ended().signal() == SIGKILL);
    hold.close_write();
    const int status = orphans.wait_for(daemon);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == daemonize::exit_code(Stage::readiness));
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(test::contents(directory / "log") == "on output\n");
}

TEST_CASE("in the foreground standard output goes to its target at once") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        Daemon daemon = Daemonizer("shown")
                            .foreground()
                            .show_stdout()
                            .wait_until_ready()
                            .keep_fd(100)
                            .stdout_to(directory / "log")
                            .daemonize();
        write_text("before\n");
        daemon.ready();
        return test::contents(directory / "log");
    });
    CHECK(seen == "before\n");
}
