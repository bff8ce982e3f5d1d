// Instance: status, signals, stop, reload and wait. No other process gets a signal.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <ctime>
#include <sched.h>

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Failure;
using daemonize::Instance;
using daemonize::OnTimeout;
using daemonize::PidFile;
using daemonize::Stage;

namespace {

const Duration patience = Duration::milliseconds(test::patience);

Instance::Info status_of(const std::string& path) {
    Failure failure;
    const Instance::Info status = Instance::at(path).status(failure);
    CHECK(failure.message().empty());
    return status;
}

// A process that nobody may touch: whether it still runs, untouched, is what the test asks in the end.
class Bystander {
  public:
    Bystander() : child_([](test::Pipe&) { test::default_signals(); }) {}
    pid_t pid() const { return child_.pid(); }
    bool is_unharmed() const { return ::waitpid(child_.pid(), nullptr, WNOHANG) == 0; }

  private:
    test::Child child_;
};

} // namespace

TEST_CASE("a running daemon is told by its number, its beginning and its memory") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const std::time_t before = std::time(nullptr);
    test::Held daemon(Daemonizer("daemon").pid_file(path).wait_until_ready(),
                      [](test::Pipe&) { daemonize::Daemon().ready(); });
    REQUIRE(daemon.ok());
    const Instance::Info status = status_of(path);
    CHECK(status.state == Instance::State::running);
    CHECK(status.pid == daemon.pid());
    // The kernel counts in ticks from its own boot.
    CHECK(status.since >= before - 2);
    CHECK(status.since <= std::time(nullptr) + 2);
    CHECK(status.memory == std::strtoull(test::process_status("VmRSS", daemon.pid()).c_str(), nullptr, 10) * 1024);
}

TEST_CASE("a file without a daemon is dead where it names one, and nothing where it is empty or missing") {
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    CHECK(status_of(path).state == Instance::State::not_running);
    test::write_file(path, "");
    CHECK(status_of(path).state == Instance::State::not_running);
    for (const char* text : {"1\n", "0\n", "-1\n", "1099511627776\n", "what?\n"}) {
        test::write_file(path, text);
        const Instance::Info status = status_of(path);
        CHECK(status.state == Instance::State::dead);
        CHECK(status.pid == 0);
    }
}

TEST_CASE("a stop leaves a dead daemon's file that is neither root's nor the directory's owner's") {
    NEEDS(other_users());
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const auto is_left = [&](uid_t of_directory, uid_t of_file) {
        test::write_file(path, "4711\n");
        REQUIRE(::chmod(path.c_str(), 0644) == 0);
        REQUIRE(::chown(path.c_str(), of_file, of_file) == 0);
        REQUIRE(::chown(directory.path().c_str(), of_directory, of_directory) == 0);
        Failure failure;
        CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
        return test::exists(path);
    };
    CHECK_FALSE(is_left(test::nobody, 0));
    CHECK_FALSE(is_left(test::nobody, test::nobody));
    CHECK(is_left(0, test::nobody));
    CHECK(is_left(test::nobody, 1));
}

TEST_CASE("another program's number in the file hits nobody") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const Bystander bystander;
    test::write_file(path, std::to_string(bystander.pid()) + "\n");
    const Instance instance = Instance::at(path);
    Failure failure;
    CHECK(!instance.signal(SIGTERM, failure));
    CHECK(failure.stage() == Stage::instance);
    CHECK(failure.code().value() == ESRCH);
    CHECK(failure.message() == "cannot reach the daemon of " + path + ": it does not run");
    CHECK(!instance.reload(failure));
    CHECK(instance.stop(patience, OnTimeout::kill, failure));
    CHECK(!test::exists(path));
    CHECK(bystander.is_unharmed());
}

TEST_CASE("a number written over the daemon's own does not mislead a stop") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const Bystander bystander;
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(daemon.ok());
    test::write_file(path, std::to_string(bystander.pid()) + "\n");
    CHECK(status_of(path).pid == daemon.pid());
    Failure failure;
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    CHECK(failure.message().empty());
    CHECK(WTERMSIG(daemon.end()) == SIGTERM);
    CHECK(bystander.is_unharmed());
}

TEST_CASE("a daemon that lost the lock that names it is told by the lock that it still holds") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const Bystander bystander;
    test::Held daemon(Daemonizer("daemon").pid_file(path), [&](test::Pipe& report) {
        test::contents(path); // a close of the file takes all POSIX locks with it
        report.send_text("read\n");
    });
    REQUIRE(daemon.line() == "read");
    CHECK(status_of(path).pid == daemon.pid());
    test::write_file(path, std::to_string(bystander.pid()) + "\n");
    Failure failure;
    CHECK(!Instance::at(path).stop(patience, OnTimeout::kill, failure));
    CHECK(failure.message() == "cannot reach the daemon of " + path + ": the system does not tell whether process " +
                                   std::to_string(bystander.pid()) + " is the daemon");
    CHECK(bystander.is_unharmed());
    test::write_file(path, std::to_string(daemon.pid()) + "\n");
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    CHECK(WTERMSIG(daemon.end()) == SIGTERM);
}

TEST_CASE("a daemon that lost the lock that names it is told to another user as well") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path), [&](test::Pipe& report) {
        test::contents(path); // a close of the file takes all POSIX locks with it
        report.send_text("read\n");
    });
    REQUIRE(daemon.line() == "read");
    CHECK(test::in_child([&] {
              test::become_nobody(); // to whom the system does not show the locks of root's processes
              Failure failure;
              const Instance::Info status = Instance::at(path).status(failure);
              return failure.message() + std::to_string(status.pid);
          }) == std::to_string(daemon.pid()));
}

TEST_CASE("a stop waits for the end, and leaves no file") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(daemon.ok());
    Failure failure;
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    CHECK(failure.message().empty());
    CHECK(!test::exists(path));
    CHECK(test::kill(daemon.pid(), 0) == 0); // a zombie, which only this process can reap
    CHECK(test::process_status("State", daemon.pid()).front() == 'Z');
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
}

TEST_CASE("a stop reaches a daemon that was stopped by SIGSTOP") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(test::kill(daemon.pid(), SIGSTOP) == 0);
    Failure failure;
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    CHECK(WTERMSIG(daemon.end()) == SIGTERM);
}

TEST_CASE("a daemon that ignores SIGTERM is told after the time-out, and killed where that is asked for") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path), [](test::Pipe& report) {
        ::signal(SIGTERM, SIG_IGN);
        report.send_text("deaf\n");
    });
    REQUIRE(daemon.line() == "deaf");
    Failure failure;
    CHECK(!Instance::at(path).stop(Duration::milliseconds(20), OnTimeout::fail, failure));
    CHECK(failure.code().value() == ETIMEDOUT);
    CHECK(failure.message() ==
          "cannot reach the daemon of " + path + ": process " + std::to_string(daemon.pid()) + " did not stop in time");
    CHECK(status_of(path).state == Instance::State::running);
    CHECK(Instance::at(path).stop(Duration::milliseconds(20), OnTimeout::kill, failure));
    CHECK(failure.message().empty());
    CHECK(WTERMSIG(daemon.end()) == SIGKILL);
    CHECK(!test::exists(path));
}

TEST_CASE("a reload is a SIGHUP, and refused where it would end the daemon") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    static int reported = -1;
    test::Held daemon(Daemonizer("daemon").pid_file(path), [](test::Pipe& report) {
        reported = report.write_end();
        ::signal(SIGHUP, [](int) {
            if (::write(reported, "hup\n", 4) != 4) std::abort();
        });
        report.send_text("ready\n");
    });
    REQUIRE(daemon.line() == "ready");
    Failure failure;
    CHECK(Instance::at(path).reload(failure));
    CHECK(daemon.line() == "hup");

    const std::string other = directory / "other.pid";
    test::Held deaf(Daemonizer("deaf").pid_file(other));
    CHECK(!Instance::at(other).reload(failure));
    CHECK(failure.message() ==
          "cannot reach the daemon of " + other + ": it does not handle SIGHUP, which would end it");
    CHECK(status_of(other).state == Instance::State::running);
}

TEST_CASE("a daemon is starting until it is ready, and can be stopped then") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe hold, report;
    test::Launcher launcher([&] {
        Daemonizer daemonizer("slow");
        daemonizer.pid_file(path).keep_fd(hold.read_end()).keep_fd(report.write_end()).wait_until_ready().daemonize();
        report.send_text("set up\n");
        hold.wait_until_closed();
        return 0;
    });
    REQUIRE(report.line() == "set up");
    const Instance::Info status = status_of(path);
    CHECK(status.state == Instance::State::starting);
    CHECK(status.pid > 0);
    CHECK(status.pid != launcher.pid());
    Failure failure;
    CHECK(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    CHECK(failure.message().empty());
    CHECK(launcher.ended().code() == 128 + SIGTERM);
    hold.close_write();
    orphanage.wait_until_empty();
    CHECK(!test::exists(path));
}

TEST_CASE("waiting ends with the daemon, or with the time") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    Failure failure;
    CHECK(!Instance::at(path).wait(Duration::milliseconds(5), failure));
    CHECK(failure.message().empty());
    test::Child waiter([&](test::Pipe& report) {
        Failure problem;
        report.send_text(Instance::at(path).wait(Duration::longest(), problem) ? "ended\n" : "did not end\n");
    });
    daemon.kill(SIGTERM);
    CHECK(waiter.line() == "ended");
}

TEST_CASE("another user's daemon is told, and cannot be stopped") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(daemon.ok());
    const std::string seen = test::in_child([&] {
        test::become_nobody();
        Failure failure;
        std::string text = std::to_string(Instance::at(path).status(failure).pid);
        static_cast<void>(Instance::at(path).stop(patience, OnTimeout::kill, failure));
        return text + " " + failure.message();
    });
    CHECK(seen == std::to_string(daemon.pid()) + " cannot reach the daemon of " + path + ": another user runs it");
}

TEST_CASE("what is no pid file is refused by its path") {
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const auto message = [&] {
        Failure failure;
        return Instance::at(path).stop(patience, OnTimeout::kill, failure) ? "it stopped" : failure.message();
    };
    const std::string cannot = "cannot open the pid file " + path + ": ";
    REQUIRE(::mkdir(path.c_str(), 0755) == 0);
    CHECK(message() == cannot + "Is a directory");
    REQUIRE(::rmdir(path.c_str()) == 0);
    REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
    CHECK(message() == cannot + "it is not a regular file");
    REQUIRE(::unlink(path.c_str()) == 0);
    REQUIRE(::symlink("/dev/null", path.c_str()) == 0);
    CHECK(message() == cannot + "it is a symbolic link");
    REQUIRE(::unlink(path.c_str()) == 0);
    test::write_file(path, "");
    REQUIRE(::chmod(path.c_str(), 0666) == 0);
    CHECK(message() == cannot + "other users can write it");
}

TEST_CASE("a start beside a stop of a dead daemon is not refused") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe hold;
    test::Child sweeper([&](test::Pipe& report) {
        hold.close_write();
        report.send_text("sweeping\n");
        Failure failure;
        struct pollfd until = {hold.read_end(), POLLIN, 0};
        while (::poll(&until, 1, 0) == 0)
            static_cast<void>(Instance::at(path).stop(patience, OnTimeout::fail, failure));
    });
    REQUIRE(sweeper.line() == "sweeping");
    hold.close_read();
    for (int i = 0; i < 500; ++i) {
        Failure failure;
        test::write_file(path, "4711\n");
        const std::string started = test::in_child([&] {
            test::default_signals();
            const PidFile file = PidFile::acquire(path, failure);
            return file ? "started" : failure.message();
        });
        // A stop is right to end a process that holds the file.
        if (started.find("wait status " + std::to_string(SIGTERM)) == std::string::npos) CHECK(started == "started");
    }
    hold.close_write();
}

TEST_CASE("the throwing forms throw what the others tell") {
    const test::Directory directory;
    const Instance instance = Instance::at(directory / "daemon.pid");
    CHECK(instance.pid_file() == directory / "daemon.pid");
    CHECK(instance.status().state == Instance::State::not_running);
    CHECK_NOTHROW(instance.stop());
    CHECK(instance.wait());
    CHECK_THROWS_AS(instance.signal(SIGTERM), daemonize::Error);
    CHECK_THROWS_AS(instance.reload(), daemonize::Error);
}

TEST_CASE("who holds a pid file itself is told of itself") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const PidFile held = PidFile::acquire(path);
    const Instance::Info status = status_of(path);
    CHECK(status.state == Instance::State::running);
    CHECK(status.pid == ::getpid());
}
