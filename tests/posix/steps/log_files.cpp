#include "support/abilities.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

namespace {

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Stage;

// Whether 1 and 2 are one open file: the flags that fcntl(2) sets belong to that, not to the descriptor.
bool is_one_open_file() {
    const int before = ::fcntl(1, F_GETFL);
    ::fcntl(1, F_SETFL, before ^ O_NONBLOCK);
    const bool same = ::fcntl(2, F_GETFL) == ::fcntl(1, F_GETFL);
    ::fcntl(1, F_SETFL, before);
    return same && ::fcntl(2, F_GETFL) == before;
}

test::Ended launch_with_output(const std::string& path) {
    return test::run_launcher([&] {
        Daemonizer("log-test").stdout_to(path).daemonize();
        return 0;
    });
}

} // namespace

TEST_CASE("a log is appended to, also when it was cut meanwhile") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    test::write_file(path, "old\n");
    Daemonizer daemonizer("log-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path), [&] {
        test::say(1, "new\n");
        const std::string first = test::contents(path);
        if (::truncate(path.c_str(), 0) != 0) return std::string("cannot cut it");
        test::say(1, "newer\n");
        return first;
    });
    CHECK(daemon.reported() == "old\nnew\n");
    CHECK(test::contents(path) == "newer\n");
}

TEST_CASE("a new log's mode is left to the umask") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const mode_t mask = GENERATE(027u, 0u, 077u);
    Daemonizer daemonizer("log-test");
    daemonizer.umask(mask).stdout_to(directory / "out").stderr_to(directory / "err");
    const test::HeldDaemon daemon(daemonizer);
    CHECK(test::mode_of(directory / "out") == (0666 & ~mask));
    CHECK(test::mode_of(directory / "err") == (0666 & ~mask));
}

TEST_CASE("a log's mode that is there already stays") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::write_file(directory / "log", "");
    REQUIRE(::chmod((directory / "log").c_str(), 0604) == 0);
    Daemonizer daemonizer("log-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(directory / "log"));
    CHECK(test::mode_of(directory / "log") == 0604);
}

TEST_CASE("one path for both streams is one open file") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const bool wait = GENERATE(false, true);
    const std::string path = directory / "log";
    Daemonizer daemonizer("log-test");
    if (wait) daemonizer.wait_until_ready();
    const test::HeldDaemon daemon(daemonizer.stdout_to(path).stderr_to(path), [](Daemon& self) {
        self.ready();
        test::say(1, "one ");
        test::say(2, "two ");
        test::say(1, "three");
        return std::string(is_one_open_file() ? "one" : "two");
    });
    CHECK(daemon.reported() == "one");
    CHECK(test::contents(path) == "one two three");
    CHECK(test::open_descriptors(daemon.pid()).size() == 4);
}

TEST_CASE("two paths are two open files") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("log-test");
    daemonizer.stdout_to(directory / "out").stderr_to(directory / "err");
    const test::HeldDaemon daemon(daemonizer, [] {
        test::say(1, "output");
        test::say(2, "error");
        return std::string(is_one_open_file() ? "one" : "two");
    });
    CHECK(daemon.reported() == "two");
    CHECK(test::contents(directory / "out") == "output");
    CHECK(test::contents(directory / "err") == "error");
}

TEST_CASE("a relative path means the launcher's directory, though the daemon works elsewhere") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        if (::chdir(directory.path().c_str()) != 0) return std::string("no directory");
        test::write_file("in", "");
        Daemonizer daemonizer("log-test");
        daemonizer.stdin_from("in").stdout_to("out").stderr_to("err").chdir("/");
        const test::HeldDaemon daemon(daemonizer);
        std::string result;
        for (const char* number : {"0", "1", "2"}) {
            result += test::link_target(daemon.proc(std::string("fd/") + number)) + "\n";
        }
        return result;
    });
    CHECK(seen == directory / "in" + "\n" + directory / "out" + "\n" + directory / "err" + "\n");
}

TEST_CASE("a symbolic link is no log") {
    const test::Orphanage orphans;
    const test::Directory directory;
    REQUIRE(::symlink((directory / "target").c_str(), (directory / "link").c_str()) == 0);
    const test::Ended ended = launch_with_output(directory / "link");
    CHECK(ended.with(exit_code(Stage::standard_output)));
    CHECK(ended.error ==
          "log-test: cannot open standard output to " + directory / "link" + ": it is a symbolic link\n");
    CHECK_FALSE(test::exists(directory / "target"));
    CHECK(orphans.is_empty());
}

TEST_CASE("a directory is no log") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = launch_with_output(directory.path());
    CHECK(ended.with(exit_code(Stage::standard_output)));
    CHECK(ended.error == "log-test: cannot open standard output to " + directory.path() + ": Is a directory\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a FIFO that nobody reads fails the start, and does not hang it") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const test::Ended ended = launch_with_output(path);
    CHECK(ended.with(exit_code(Stage::standard_output)));
    CHECK(ended.error == "log-test: cannot open standard output to " + path + ": it is a FIFO without a reader\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a FIFO that somebody reads is a log, and blocks as one") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    Daemonizer daemonizer("log-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path).stderr_to(path), [] {
        test::say(1, "out ");
        test::say(2, "err");
        const bool blocks = (::fcntl(1, F_GETFL) & O_NONBLOCK) == 0 && (::fcntl(2, F_GETFL) & O_NONBLOCK) == 0;
        return std::string(blocks ? "blocking" : "non-blocking");
    });
    CHECK(daemon.reported() == "blocking");
    char text[16] = "";
    CHECK(::read(reader, text, sizeof text - 1) == 7);
    CHECK(std::string(text) == "out err");
    ::close(reader);
}

TEST_CASE("a log belongs to the user that the daemon runs as") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    REQUIRE(::chown(directory.path().c_str(), test::nobody, test::nobody) == 0);
    Daemonizer daemonizer("log-test");
    daemonizer.user("nobody").stdout_to(directory / "out").stderr_to(directory / "err");
    const test::HeldDaemon daemon(daemonizer);
    for (const char* name : {"out", "err"}) {
        struct stat file_info = {};
        REQUIRE(::stat((directory / name).c_str(), &file_info) == 0);
        CHECK(file_info.st_uid == test::nobody);
    }
}

TEST_CASE("a log where the daemon's user may not write fails the start, with a hint") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const int stream = GENERATE(1, 2);
    const std::string path = directory / "log";
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer daemonizer("log-test");
        (stream == 1 ? daemonizer.stdout_to(path) : daemonizer.stderr_to(path)).user("nobody").daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(stream == 1 ? Stage::standard_output : Stage::standard_error)));
    CHECK(ended.error == "log-test: cannot open standard " + std::string(stream == 1 ? "output" : "error") + " to " +
                             path + ": the user may not write there; log_directory() makes a directory for the user\n");
    CHECK_FALSE(test::exists(path));
    CHECK(orphans.is_empty());
}

TEST_CASE("a failed start takes the empty logs away that it made, and no other") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const bool is_killed = GENERATE(false, true);
    test::write_file(directory / "old", "");
    Daemonizer daemonizer("log-test");
    daemonizer.stdout_to(directory / "old").stderr_to(directory / "new").wait_until_ready();
    CHECK_FALSE(daemonizer.launch([&] { return is_killed ? ::raise(SIGKILL) : 1; }).ok());
    CHECK(test::exists(directory / "old"));
    CHECK_FALSE(test::exists(directory / "new"));
    CHECK(orphans.is_empty());
}

TEST_CASE("an empty log stays that another daemon has taken for its own meanwhile") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string log = directory / "log";
    test::Pipe hold;
    Daemonizer first("first"), second("second");
    first.stdout_to(log).wait_until_ready().keep_fd(hold.read_end());
    second.stdout_to(log).keep_fd(hold.read_end());
    const auto write_later = [&] {
        hold.wait_until_closed();
        test::say(1, "late\n");
    };
    CHECK(first.launch([&] { return second.launch(write_later).ok() ? 3 : 4; }).exit_code() == 3);
    CHECK(test::exists(log));
    hold.close_write();
    orphans.wait_until_empty();
    CHECK(test::contents(log) == "late\n");
}

TEST_CASE("an empty log that another daemon has taken stays, too, when the launcher is gone") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string log = directory / "log";
    test::Pipe hold,
        gone; // the second has none of the pipe "gone": it ends with the first and all that is left of its start
    test::Launcher launcher([&] {
        const pid_t self = ::getpid();
        Daemonizer first("first"), second("second");
        first.stdout_to(log).wait_until_ready().keep_fd(hold.read_end()).keep_fd(gone.write_end()).daemonize();
        second.stdout_to(log).keep_fd(hold.read_end());
        const bool is_up = second
                               .launch([&] {
                                   hold.wait_until_closed();
                                   test::say(1, "late\n");
                               })
                               .ok();
        if (is_up) test::kill(self, SIGKILL);
        return is_up ? ::pause() : 1;
    });
    CHECK(launcher.ended().signal() == SIGKILL);
    CHECK(gone.rest().empty());
    CHECK(test::exists(log));
    hold.close_write();
    orphans.wait_until_empty();
    CHECK(test::contents(log) == "late\n");
}

TEST_CASE("what a daemon wrote before its start failed stays") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("log-test");
    daemonizer.stdout_to(directory / "out").wait_until_ready();
    CHECK_FALSE(daemonizer.launch([] { test::say(1, "the port is taken\n"); }).ok());
    CHECK(test::contents(directory / "out") == "the port is taken\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a failed start of root's removes no empty file of another user's") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string logs = directory / "logs", others = directory / "others";
    REQUIRE((::mkdir(logs.c_str(), 0755) == 0 && ::mkdir(others.c_str(), 0755) == 0));
    REQUIRE(::chown(logs.c_str(), test::nobody, test::nobody) == 0);
    test::write_file(others + "/log", "");
    Daemonizer daemonizer("log-test");
    daemonizer.user("nobody").stdout_to(logs + "/log").wait_until_ready();
    // The daemon is killed, and its user has put a link in the directory's place.
    test::Pipe made, go;
    daemonizer.keep_fd(made.write_end()).keep_fd(go.read_end());
    test::Launcher launcher([&]() -> int {
        go.close_write();
        daemonizer.daemonize();
        made.send_text("made\n");
        go.wait_until_closed();
        return 1;
    });
    REQUIRE(made.line() == "made");
    REQUIRE(test::exists(logs + "/log"));
    REQUIRE(
        (::rename(logs.c_str(), (directory / "away").c_str()) == 0 && ::symlink(others.c_str(), logs.c_str()) == 0));
    go.close_write();
    CHECK(launcher.ended().with(1));
    CHECK(test::exists(others + "/log"));
    orphans.wait_until_empty();
}
