// Single failing calls that tests/proof/faults found: no requested property is lost, and no process waits for ever.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <string>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Launch;
using daemonize::Stage;

namespace {

seam::Hook failing(const char* name, int process, int count, int error) {
    return [=](const seam::Call& call, seam::Answer& answer) {
        return call.is(name) && call.process == process && call.count == count && seam::fail(call, error, answer);
    };
}

// The failure of a launch with such a call in it; none where the daemon came up.
Failure failure_with(Daemonizer& daemonizer, const seam::Hook& hook) {
    const test::Orphanage orphans;
    Launch launch;
    {
        const seam::Injection injection(hook);
        launch = daemonizer.launch([](Daemon& daemon) { daemon.ready(); });
    }
    if (!launch.ok()) CHECK(orphans.is_empty());
    orphans.wait_until_empty();
    return launch.failure();
}

} // namespace

TEST_CASE("a process between that cannot be killed leaves by itself, and its daemon stays") {
    const test::Orphanage orphans;
    test::Pipe hold, report;
    Daemonizer daemonizer("alone");
    daemonizer.wait_until_ready().keep_fd(hold.read_end()).keep_fd(report.write_end());
    Launch launch;
    {
        const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
            return call.is("kill") && call.process == seam::launcher && seam::fail(call, EPERM, answer);
        });
        launch = daemonizer.launch([&](Daemon& daemon) {
            hold.close_write();
            daemon.ready();
            hold.wait_until_closed();
            report.send_text("still here\n");
        });
    }
    CHECK(launch.ok());
    CHECK(test::process_status("PPid", launch.pid()) == std::to_string(::getpid()));
    hold.close_write();
    CHECK(report.line() == "still here");
    orphans.wait_until_empty();
}

TEST_CASE("a failed start whose process between cannot be killed comes to its end") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("alone");
    daemonizer.wait_until_ready().pid_file(directory / "pid");
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        return call.is("kill") && call.process == seam::launcher && seam::fail(call, EPERM, answer);
    });
    const Launch launch = daemonizer.launch([] { return 3; });
    CHECK(launch.exit_code() == 3);
    CHECK(orphans.is_empty());
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a process between that can be neither killed nor told does not keep the launcher waiting") {
    const test::Orphanage orphans;
    {
        const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
            return (call.is("kill") || call.is("send")) && call.process == seam::launcher &&
                   seam::fail(call, EPERM, answer);
        });
        CHECK(Daemonizer("alone").launch([] { ::pause(); }).ok());
    }
    orphans.wait_until_empty(); // it takes the launcher for gone, and ends the daemon
}

TEST_CASE("words that a terminal takes only after a while are not lost") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        int looks = 0;
        const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
            if (!call.is("poll") || call.process != seam::launcher) return false;
            const auto& watched = *reinterpret_cast<const struct pollfd*>(call.arguments[0]);
            answer = {0, 0};
            return watched.fd == STDERR_FILENO && ++looks < 4;
        });
        Daemon daemon = Daemonizer("slow").wait_until_ready().daemonize();
        daemon.progress("half of it is done");
        daemon.ready();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(ended.error == "slow: half of it is done\n");
    orphans.wait_until_empty();
}

TEST_CASE("a daemon that failed and does not leave is asked to end, and then killed") {
    const test::Orphanage orphans;
    std::string sent;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
        if (call.process != seam::launcher) return false;
        if (call.is("waitid")) seam::state().clock_ahead += 3600; // it looks whether the daemon is gone, and time flies
        if (call.is("kill")) sent += std::to_string(call.arguments[1]) + " ";
        return false;
    });
    const Launch launch = Daemonizer("stays").fork(daemonize::Fork::once).wait_until_ready().launch([](Daemon& daemon) {
        ::signal(SIGTERM, SIG_IGN);
        std::atexit([] { ::pause(); });
        daemon.fail_and_exit("it is over");
    });
    CHECK(launch.failure().message() == "it is over");
    const std::string end = std::to_string(SIGTERM), go_on = std::to_string(SIGCONT), kill = std::to_string(SIGKILL);
    CHECK(sent == end + " " + go_on + " " + kill + " " + kill + " ");
    CHECK(orphans.is_empty());
}

TEST_CASE("a lock that is taken for a moment is asked for again") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    Launch launch;
    {
        const seam::Injection injection([first = true](const seam::Call& call, seam::Answer& answer) mutable {
            if (!call.is("fcntl") || call.process != seam::daemon || call.arguments[1] != F_SETLK) return false;
            return std::exchange(first, false) && seam::fail(call, EAGAIN, answer);
        });
        launch = Daemonizer("locked").pid_file(directory / "pid").keep_fd(hold.read_end()).launch([&] {
            hold.close_write();
            hold.wait_until_closed();
        });
    }
    REQUIRE(launch.ok());
    const int file = ::open((directory / "pid").c_str(), O_RDONLY | O_CLOEXEC);
    struct flock who = {};
    who.l_type = F_WRLCK;
    who.l_start = 1;
    who.l_len = 1;
    CHECK(::fcntl(file, F_GETLK, &who) == 0);
    CHECK(who.l_pid == launch.pid());
    ::close(file);
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a byte that cannot be given up for the lock is told") {
    const test::Directory directory;
    Daemonizer daemonizer("locked");
    const Failure failure =
        failure_with(daemonizer.pid_file(directory / "pid"), [](const seam::Call& call, seam::Answer& answer) {
            if (!call.is("fcntl") || call.process != seam::daemon || call.arguments[1] != F_OFD_SETLK) return false;
            return seam::fail(call, EAGAIN, answer);
        });
    CHECK(failure.stage() == Stage::pid_file_lock);
}

TEST_CASE("a signal that stays ignored is told, whatever the error") {
    ::signal(SIGUSR1, SIG_IGN);
    Daemonizer daemonizer("deaf");
    const Failure failure = failure_with(daemonizer, [](const seam::Call& call, seam::Answer& answer) {
        const bool is_meant = call.is("sigaction") && call.process == seam::daemon && call.arguments[0] == SIGUSR1;
        return is_meant && seam::fail(call, EINVAL, answer);
    });
    ::signal(SIGUSR1, SIG_DFL);
    CHECK(failure.message() == "cannot reset the signals: Invalid argument");
}

TEST_CASE("a group data base that cannot be read is told, and never taken for an empty one") {
    NEEDS(other_users());
    Daemonizer daemonizer("grouped");
    daemonizer.user("nobody");
    CHECK(failure_with(daemonizer, failing("getgrgid_r", seam::launcher, 1, EMFILE)).message() ==
          "cannot take the group of nobody: Too many open files");
    // It gives all of them at the first time of asking, and one less at the second.
    const Failure failure = failure_with(daemonizer, [](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("getgrouplist")) return false;
        reinterpret_cast<gid_t*>(call.arguments[2])[0] = test::nobody;
        reinterpret_cast<gid_t*>(call.arguments[2])[1] = 1;
        *reinterpret_cast<int*>(call.arguments[3]) = call.count == 1 ? 2 : 1;
        answer = {call.count == 1 ? 2 : 1, 0};
        return true;
    });
    CHECK(failure.message() == "cannot take the group of nobody: the group database gave two different answers");
}

TEST_CASE("an identity that cannot be read back is told by the error") {
    NEEDS(other_users());
    Daemonizer daemonizer("grouped");
    daemonizer.user("nobody");
    for (const char* call : {"getresgid", "getgroups"}) {
        CHECK(failure_with(daemonizer, failing(call, seam::daemon, 1, EFAULT)).message() ==
              "cannot take the group of nobody: Bad address");
    }
    CHECK(failure_with(daemonizer, failing("getresuid", seam::daemon, 1, EFAULT)).message() ==
          "cannot become the user nobody: Bad address");
}

TEST_CASE("a directory that cannot be looked at is told once, as the one that is to be made") {
    NEEDS(system_directories());
    const std::string name = "daemonize-test-" + std::to_string(::getpid());
    Daemonizer daemonizer("blind");
    daemonizer.log_directory(name).stdout_to("/var/log/" + name + "/out");
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        return call.is("lstat") && call.path() == "/var/log/" + name && seam::fail(call, EIO, answer);
    });
    const Launch launch = daemonizer.launch([] {});
    CHECK(launch.problems().size() == 1);
    CHECK(launch.failure().message() == "cannot make the log directory /var/log/" + name + ": Input/output error");
}

TEST_CASE("a directory above the pid file that cannot be looked at is no other user's") {
    const test::Directory directory;
    Daemonizer daemonizer("blind");
    daemonizer.pid_file(directory / "pid");
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        return call.is("stat") && call.path() == "/" && seam::fail(call, EIO, answer);
    });
    CHECK(daemonizer.launch([] {}).failure().message() ==
          "cannot open the pid file " + (directory / "pid") + ": Input/output error");
}

TEST_CASE("a record that cannot be sent is told by the error, and only a launcher that is gone as such") {
    Daemonizer daemonizer("mute");
    daemonizer.wait_until_ready();
    CHECK(failure_with(daemonizer, failing("send", seam::daemon, 1, ENOBUFS)).message() ==
          "cannot become ready: No buffer space available");
    CHECK(failure_with(daemonizer, failing("send", seam::daemon, 1, EPIPE)).message() ==
          "cannot become ready: the launcher is dead, and does not know of this daemon");
}

TEST_CASE("a start in the foreground that can keep nobody to undo it is told while it can still be undone") {
    NEEDS(other_users());
    NEEDS(pid_files());
    const test::Directory directory;
    const auto message_with = [&](const char* name, int error) {
        const seam::Injection injection(failing(name, seam::launcher, 1, error));
        return test::in_child([&] {
            Daemonizer daemonizer("single");
            daemonizer.foreground().keep_fd(100).user("65534").group("65534").pid_file(directory / "pid");
            return daemonizer.launch([] {}).failure().message();
        });
    };
    CHECK(message_with("fork", EAGAIN) == "cannot fork: Resource temporarily unavailable");
    CHECK(message_with("socketpair", EMFILE) ==
          "cannot make the channel between launcher and daemon: Too many open files");
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("who is kept to undo a start in the foreground does not outlive it") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const seam::Injection injection(
        [](const seam::Call& call, seam::Answer&) { return call.is("setresuid") && ::kill(::getpid(), SIGKILL) == 0; });
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("single").foreground().user("65534").group("65534").pid_file(directory / "pid").daemonize();
        return 0;
    });
    CHECK(ended.signal() == SIGKILL);
    orphans.wait_until_empty();
}

TEST_CASE("who is kept to undo a start in the foreground leaves when it is up, whatever fails") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const seam::Injection injection(failing("shutdown", seam::launcher, 1, ENOBUFS));
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("single").foreground().user("65534").group("65534").pid_file(directory / "pid").daemonize();
        return orphans.is_empty() ? 7 : 8;
    });
    CHECK(ended.error.empty());
    CHECK(ended.with(7));
}
