// EINTR once at every call that can return EINTR, and a transfer of one byte at every call that can transfer fewer
// bytes: the launch succeeds.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

#include <set>
#include <string>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

bool can_be_interrupted(const seam::Call& call) {
    // Never destroyed: calls are made while a process exits.
    static const auto& names = *new std::set<std::string>{"open",   "dup2", "read", "write",  "poll",      "waitpid",
                                                          "waitid", "recv", "send", "pwrite", "ftruncate", "pread"};
    if (call.is("fcntl")) {
        const std::set<long> commands = {F_SETLK, F_GETLK, F_OFD_SETLK, F_DUPFD_CLOEXEC};
        return commands.count(call.arguments[1]) != 0;
    }
    return names.count(call.name) != 0;
}

// Each call is interrupted once, and goes through when it is made again.
seam::Hook interrupt_each_once() {
    return [turn = std::map<std::string, bool>()](const seam::Call& call, seam::Answer& answer) mutable {
        if (!can_be_interrupted(call)) return false;
        const std::string key = call.name + (call.is("fcntl") ? std::to_string(call.arguments[1]) : "");
        turn[key] = !turn[key];
        return turn[key] && seam::fail(call, EINTR, answer);
    };
}

// One byte at every other call of a name.
bool move_one_byte(const seam::Call& call, seam::Answer& answer) {
    if (call.count % 2 == 0) return false;
    const int file = static_cast<int>(call.arguments[0]);
    auto* const bytes = reinterpret_cast<char*>(call.arguments[1]);
    if (call.is("pwrite")) {
        answer.result = ::pwrite(file, bytes, 1, static_cast<off_t>(call.arguments[3]));
    } else if (call.is("send")) {
        answer.result = ::send(file, bytes, 1, static_cast<int>(call.arguments[3]));
    } else if (call.is("recv")) {
        answer.result = ::recv(file, bytes, 1, static_cast<int>(call.arguments[3]));
    } else if (call.is("write")) {
        answer.result = ::write(file, bytes, 1);
    } else if (call.is("read")) {
        answer.result = ::read(file, bytes, 1);
    } else {
        return false;
    }
    answer.error = answer.result < 0 ? errno : 0;
    return true;
}

} // namespace

TEST_CASE("a start whose texts are moved in pieces loses no byte of them") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    Daemonizer daemonizer("slow");
    daemonizer.keep_fd(hold.read_end()).pid_file(directory / "pid").wait_until_ready();
    const seam::Injection injection(move_one_byte);
    const Launch launch = daemonizer.launch([&](Daemon& daemon) {
        if (::write(STDERR_FILENO, "words\n", 6) != 6) std::abort();
        daemon.progress("on the way");
        daemon.ready();
        hold.wait_until_closed();
    });
    CHECK(launch.failure().message() == "");
    CHECK(launch.error_output() == "words\n");
    CHECK(test::contents(directory / "pid") == std::to_string(launch.pid()) + "\n");
    hold.close_write();
    orphans.wait_until_empty();
    const Launch failed = daemonizer.launch([](Daemon& daemon) { daemon.fail_and_exit("no route", 9); });
    CHECK(failed.failure().message() == "no route");
    CHECK(failed.exit_code() == 9);
    CHECK(orphans.is_empty());
}

TEST_CASE("a start that is refused is refused at once") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    Daemonizer daemonizer("refused");
    daemonizer.keep_fd(hold.read_end()).pid_file(directory / "pid");
    const Launch first = daemonizer.launch([&] { hold.wait_until_closed(); });
    REQUIRE(first.ok());
    int naps = 0;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
        if (call.is("poll")) ++naps;
        return false;
    });
    CHECK(daemonizer.launch([] {}).failure().stage() == Stage::pid_file_lock);
    CHECK(naps == 0);
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a start whose every call is interrupted once succeeds") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        const test::Directory directory;
        test::Pipe report, hold;
        test::write_file(directory / "pid", "99999\n"); // a stale one, to be emptied
        const seam::Injection injection(interrupt_each_once());
        const Launch launch = Daemonizer("interrupted")
                                  .fork(fork)
                                  .keep_fd(report.write_end())
                                  .keep_fd(hold.read_end())
                                  .pid_file(directory / "pid")
                                  .stdout_to(directory / "log")
                                  .stderr_to(directory / "log")
                                  .wait_until_ready()
                                  .launch([&](Daemon& daemon) {
                                      daemon.progress("on the way");
                                      if (::write(STDERR_FILENO, "words\n", 6) != 6) std::abort();
                                      daemon.ready();
                                      daemonize::Failure failure;
                                      report.send_text(daemon.reopen_logs(failure) ? "reopened\n" : "not reopened\n");
                                      hold.wait_until_closed();
                                  });
        CHECK(launch.failure().message() == "");
        CHECK(launch.error_output() == "words\n");
        CHECK(report.line() == "reopened");
        CHECK(test::contents(directory / "pid") == std::to_string(launch.pid()) + "\n");
        hold.close_write();
        orphans.wait_until_empty();
        CHECK_FALSE(test::exists(directory / "pid"));
    }
}

TEST_CASE("a failed start whose every call is interrupted once is told exactly, and leaves nothing") {
    const test::Orphanage orphans;
    for (const Fork fork : {Fork::twice, Fork::once}) {
        const test::Directory directory;
        const seam::Injection injection(interrupt_each_once());
        Daemonizer daemonizer("interrupted");
        daemonizer.fork(fork).pid_file(directory / "pid").wait_until_ready();
        const Launch exited = daemonizer.launch([](Daemon&) { return 7; });
        CHECK(exited.exit_status() == 7);
        CHECK(exited.exit_code() == 7);
        const Launch failed = daemonizer.launch([](Daemon& daemon) { daemon.fail_and_exit("no route", 9); });
        CHECK(failed.failure().message() == "no route");
        CHECK(failed.exit_code() == 9);
        daemonizer.wait_until_ready(daemonize::Duration::milliseconds(100));
        const Launch late = daemonizer.launch([] {
            test::default_signals();
            for (;;) ::pause();
        });
        CHECK(late.failure().stage() == Stage::timeout);
        CHECK_FALSE(test::exists(directory / "pid"));
        CHECK(orphans.is_empty());
    }
}
