#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <stdexcept>

#include <daemonize.hpp>

namespace {

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Stage;

bool rotate(const std::string& path) { return std::rename(path.c_str(), (path + ".1").c_str()) == 0; }

} // namespace

TEST_CASE("after a rotation reopened logs are the new files, and what was written stays in the old ones") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string out = directory / "out", err = directory / "err";
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(out).stderr_to(err), [&](Daemon& self) {
        test::say(1, "old output\n");
        test::say(2, "old error\n");
        if (!rotate(out) || !rotate(err)) return std::string("cannot rotate");
        test::say(1, "late output\n");
        self.reopen_logs();
        test::say(1, "new output\n");
        test::say(2, "new error\n");
        return std::string();
    });
    CHECK(daemon.reported().empty());
    CHECK(test::contents(out + ".1") == "old output\nlate output\n");
    CHECK(test::contents(err + ".1") == "old error\n");
    CHECK(test::contents(out) == "new output\n");
    CHECK(test::contents(err) == "new error\n");
    CHECK(test::mode_of(out) == 0640);
    CHECK(test::open_descriptors(daemon.pid()).size() == 4);
}

TEST_CASE("logs that nobody rotated go on after they were reopened") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(directory / "log"), [](Daemon& self) {
        test::say(1, "one ");
        self.reopen_logs();
        test::say(1, "two");
        return std::string();
    });
    CHECK(test::contents(directory / "log") == "one two");
}

TEST_CASE("one path for both streams is one open file after a rotation, too") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path).stderr_to(path), [&](Daemon& self) {
        if (!rotate(path)) return std::string("cannot rotate");
        self.reopen_logs();
        test::say(1, "one ");
        test::say(2, "two");
        // The flags that fcntl(2) sets belong to the open file.
        ::fcntl(1, F_SETFL, ::fcntl(1, F_GETFL) | O_NONBLOCK);
        return std::string((::fcntl(2, F_GETFL) & O_NONBLOCK) != 0 ? "one" : "two");
    });
    CHECK(daemon.reported() == "one");
    CHECK(test::contents(path) == "one two");
}

TEST_CASE("what stdio held before a rotation is in the old file") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path), [&](Daemon& self) {
        std::fputs("old", stdout);
        if (!rotate(path)) return std::string("cannot rotate");
        self.reopen_logs();
        std::fputs("new", stdout);
        std::fflush(stdout);
        return std::string();
    });
    CHECK(test::contents(path + ".1") == "old");
    CHECK(test::contents(path) == "new");
}

TEST_CASE("a log that can't be reopened stays as it was, and is told; the other one is reopened") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const int blocked = GENERATE(1, 2);
    const std::string out = directory / "out", err = directory / "err";
    const std::string bad = blocked == 1 ? out : err, good = blocked == 1 ? err : out;
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(out).stderr_to(err), [&](Daemon& self) {
        if (!rotate(bad) || !rotate(good)) return std::string("cannot rotate");
        if (::mkdir(bad.c_str(), 0755) != 0) return std::string("cannot stand in the way");
        daemonize::Failure failure;
        const bool reopened = self.reopen_logs(failure);
        test::say(1, "output");
        test::say(2, "error");
        const Stage stage = blocked == 1 ? Stage::standard_output : Stage::standard_error;
        return (reopened ? "reopened: " : failure.stage() == stage ? "" : "another stage: ") + failure.message();
    });
    const std::string name = blocked == 1 ? "output" : "error";
    CHECK(daemon.reported() == "cannot open standard " + name + " to " + bad + ": Is a directory");
    CHECK(test::contents(bad + ".1") == name);
    CHECK(test::contents(good) == (blocked == 1 ? "error" : "output"));
}

TEST_CASE("what stdio holds for a full disk is told when the log is to be reopened") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to("/dev/full"), [](Daemon& self) {
        std::fputs("what cannot be kept", stdout);
        daemonize::Failure failure;
        return self.reopen_logs(failure) ? "it was kept" : failure.message();
    });
    CHECK(daemon.reported() == "cannot write out /dev/full: No space left on device");
}

TEST_CASE("a FIFO in a log's place does not hang the one who reopens it") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path).stderr_to(path), [&](Daemon& self) {
        if (!rotate(path) || ::mkfifo(path.c_str(), 0600) != 0) return std::string("cannot rotate");
        daemonize::Failure failure;
        const bool reopened = self.reopen_logs(failure);
        test::say(1, "output ");
        test::say(2, "error");
        return (reopened ? "reopened: " : "") + failure.message();
    });
    CHECK(daemon.reported() == "cannot open standard output to " + path + ": it is a FIFO without a reader");
    CHECK(test::contents(path + ".1") == "output error");
}

#if DAEMONIZE_HAS_EXCEPTIONS()
TEST_CASE("reopening throws what failed where nobody takes it otherwise") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(path), [&](Daemon& self) {
        if (!rotate(path) || ::mkdir(path.c_str(), 0755) != 0) return std::string("cannot rotate");
        try {
            self.reopen_logs();
        } catch (const daemonize::Error& error) {
            return std::string(error.what());
        }
        return std::string("nothing thrown");
    });
    CHECK(daemon.reported() == "cannot open standard output to " + path + ": Is a directory");
}
#endif

TEST_CASE("reopening leaves streams alone that are no logs") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const int file = ::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    Daemonizer daemonizer("rotation-test");
    const test::HeldDaemon daemon(daemonizer.stdout_to(file), [&](Daemon& self) {
        if (!rotate(directory / "file")) return std::string("cannot rotate");
        self.reopen_logs();
        test::say(1, "text");
        return std::string();
    });
    ::close(file);
    CHECK(test::contents(directory / "file.1") == "text");
    CHECK_FALSE(test::exists(directory / "file"));
    CHECK(test::link_target(daemon.proc("fd/2")) == "/dev/null");
}

TEST_CASE("logs that are rotated before the daemon is ready are reopened, and the launcher goes on hearing it") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const bool one = GENERATE(false, true);
    const std::string out = directory / "out", err = one ? out : directory / "err";
    const test::Ended ended = test::run_launcher([&] {
        Daemon daemon = Daemonizer("rotation-test").wait_until_ready().stdout_to(out).stderr_to(err).daemonize();
        if (!rotate(out) || (!one && !rotate(err))) return 1;
        daemon.reopen_logs();
        test::say(2, "early\n");
        daemon.ready();
        test::say(1, "output\n");
        test::say(2, "error\n");
        return 0;
    });
    while (::waitpid(-1, nullptr, 0) > 0) { // the daemon's last words are written before it ends
    }
    CHECK(ended.with(0));
    CHECK(ended.error == "early\n");
    CHECK(test::contents(out) == (one ? "output\nerror\n" : "output\n"));
    CHECK(test::contents(err) == (one ? "output\nerror\n" : "error\n"));
}

TEST_CASE("a launch by a daemon has no logs of that daemon's to reopen") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("rotation-test");
    test::HeldDaemon daemon(daemonizer.stdout_to(directory / "log"), [&](Daemon& self) {
        if (!rotate(directory / "log")) return std::string("cannot rotate");
        Daemonizer inner("inner");
        inner.before_drop([&] {
            daemonize::Failure failure;
            if (!self.reopen_logs(failure)) throw std::runtime_error("it fails: " + failure.message());
        });
        return inner.launch([] {}).failure().message();
    });
    CHECK(daemon.reported().empty());
    CHECK_FALSE(test::exists(directory / "log"));
    daemon.release();
    orphans.wait_until_empty(); // the inner daemon, too
}
