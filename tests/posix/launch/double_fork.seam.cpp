// A start with two forks that waits for the end of set-up, with a failure of each call and a kill of each process: the
// daemon is up, or nothing is left.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

#include <string>

using daemonize::Daemonizer;

namespace {

// How a start ended, what was there then, and the properties of a daemon that stayed.
struct DoubleFork {
    test::Ended launcher;
    bool has_pid_file = false;
    bool is_over = false; // no process is left
    std::string daemon;
};

// The requested properties of the daemon, and the local variable of the launcher.
std::string properties(const test::Directory& directory, int local) {
    std::string text = ::getsid(0) != ::getpid() && ::getsid(0) == ::getpgrp() ? "own session, " : "no session, ";
    text += test::process_status("Umask") + " " + test::process_status("SigBlk") + " ";
    text += test::link_target("/proc/self/cwd") + " " + test::link_target("/proc/self/fd/2") + " ";
    text += test::contents(directory / "pid") == std::to_string(::getpid()) + "\n" ? "named, " : "not named, ";
    return text + std::to_string(local);
}

DoubleFork start(const test::Directory& directory, const seam::Hook& hook) {
    const test::Orphanage orphans;
    test::Pipe report, hold;
    const int local = ::getpid();
    test::Launcher launcher([&]() -> int {
        report.close_read();
        hold.close_write();
        {
            const seam::Injection injection(hook);
            Daemonizer daemonizer("twice");
            daemonizer.keep_fd(report.write_end()).keep_fd(hold.read_end()).pid_file(directory / "pid").daemonize();
        }
        hold.wait_until_closed();
        report.send_text(properties(directory, local));
        std::exit(0);
    });
    DoubleFork attempt;
    attempt.launcher = launcher.ended();
    attempt.has_pid_file = test::exists(directory / "pid");
    attempt.is_over = orphans.is_empty();
    hold.close_write();
    attempt.daemon = report.rest();
    orphans.wait_until_empty();
    return attempt;
}

// Runs a start for each call of a process, behind the fork, in which `hit` answers that call. True: it was made.
template <class Hit>
void hit_each_call(int process, Hit hit) {
    const test::Directory directory;
    const DoubleFork unharmed = start(directory, nullptr);
    REQUIRE(unharmed.launcher.with(0));
    int number = 1;
    for (bool was_made = true; was_made; ++number) {
        test::Pipe reported;
        bool forked = process != seam::launcher;
        int calls = 0;
        const DoubleFork attempt = start(directory, [&](const seam::Call& call, seam::Answer& answer) {
            if (call.process != process) return false;
            if (!forked || ++calls != number) {
                forked = forked || call.is("fork");
                return false;
            }
            reported.send_text(call.name);
            return hit(call, answer);
        });
        const std::string name = reported.rest();
        was_made = !name.empty();
        INFO("process " << process << ", call " << number << ": " << name << "; daemon: " << attempt.daemon
                        << "; launcher: " << attempt.launcher.error);
        CHECK((attempt.daemon.empty() || attempt.daemon == unharmed.daemon));
        CHECK_FALSE(test::exists(directory / "pid"));
        // Of a launcher that was killed all that its user sees is that.
        if (attempt.launcher.signal() != 0) continue;
        CHECK(attempt.has_pid_file == attempt.launcher.with(0));
        CHECK(attempt.is_over != attempt.launcher.with(0));
        CHECK(attempt.daemon.empty() != attempt.launcher.with(0));
        CHECK(attempt.launcher.error.empty() == attempt.launcher.with(0));
    }
    CHECK(number > (process == seam::intermediate ? 3 : 8));
}

bool kill_here(const seam::Call&, seam::Answer&) {
    ::kill(::getpid(), SIGKILL);
    return false;
}

} // namespace

TEST_CASE("a start by two forks succeeds, or says why and nothing is left, whichever call fails") {
    const auto fail = [](const seam::Call& call, seam::Answer& answer) {
        const bool is_left_out = call.is("close") || call.is("kill") || call.is("waitpid") || call.is("waitid");
        return !is_left_out && seam::fail(call, EIO, answer);
    };
    hit_each_call(GENERATE(seam::launcher, seam::intermediate, seam::daemon), fail);
}

TEST_CASE("after two forks the daemon is up or nothing is left, whichever process is killed wherever") {
    hit_each_call(GENERATE(seam::launcher, seam::intermediate, seam::daemon), kill_here);
}

TEST_CASE("a failed daemon whose launcher was killed takes its pid file away") {
    const test::Directory directory;
    const DoubleFork attempt = start(directory, [](const seam::Call& call, seam::Answer& answer) {
        if (call.process == seam::launcher && call.is("poll")) ::kill(::getpid(), SIGKILL);
        return call.process == seam::daemon && call.is("open") && seam::fail(call, EIO, answer);
    });
    CHECK(attempt.launcher.signal() == SIGKILL);
    CHECK(attempt.daemon.empty());
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a process that is killed once it has forked the daemon is not missed") {
    const test::Directory directory;
    const DoubleFork attempt = start(directory, [](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("fork") || call.process != seam::intermediate) return false;
        answer = {0, 0};
        if (::fork() != 0) ::kill(::getpid(), SIGKILL);
        return true;
    });
    CHECK(attempt.launcher.with(0));
    CHECK_FALSE(attempt.daemon.empty());
    CHECK(attempt.has_pid_file);
}

TEST_CASE("a daemon that fails before its parent knows its number is over when the launcher says so") {
    const test::Directory directory;
    const DoubleFork attempt = start(directory, [](const seam::Call& call, seam::Answer& answer) {
        if (call.process == seam::intermediate && call.is("fork")) {
            const pid_t child = ::fork();
            answer = {child, 0};
            if (child == 0) {
                ++seam::process;
                seam::state().counts.clear();
            } else {
                siginfo_t info;
                while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
                }
            }
            return true;
        }
        return call.process == seam::daemon && call.is("dup2") && seam::fail(call, EIO, answer);
    });
    CHECK(attempt.launcher.error == "twice: cannot open standard input from /dev/null: Input/output error\n");
    CHECK(attempt.is_over);
    CHECK_FALSE(attempt.has_pid_file);
}

TEST_CASE("Ctrl-C ends a daemon that has left its group") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe arrived;
    test::Launcher launcher([&]() -> int {
        const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
            if (call.process == seam::launcher && call.is("poll") && call.count == 1) {
                arrived.line();
                ::raise(SIGINT);
            }
            return false;
        });
        Daemonizer("twice").keep_fd(arrived.write_end()).pid_file(directory / "pid").daemonize();
        ::setsid();
        arrived.send_text("it has left\n");
        for (;;) ::pause();
    });
    const test::Ended ended = launcher.ended();
    CHECK(ended.with(128 + SIGINT));
    CHECK(ended.error == "twice: cannot become ready: signal 2 came, and the daemon was ended\n");
    CHECK(orphans.is_empty());
    CHECK_FALSE(test::exists(directory / "pid"));
}
