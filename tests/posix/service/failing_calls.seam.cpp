// A service with system calls that fail, by its verbs and in the foreground: the failure names the stage, and nothing is
// left. And a service on a clock that the test sets.
#include "support/seam.hpp"

#include "support/abilities.hpp"
#include "support/manager.hpp"
#include "support/service_program.hpp"

using daemonize::Context;
using daemonize::HostKind;
using daemonize::Service;
using test::Said;

namespace {

int program(const std::string& pid_file, HostKind host, int argc, char** argv) {
    return Service("tested")
        .host(host)
        .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(pid_file); })
        .run(argc, argv, [](Context& context) {
            context.ready();
            context.wait_for_stop();
        });
}

// One run of the program, in which the hook answers.
Said run_with(const std::string& pid_file, const std::vector<std::string>& arguments, const seam::Hook& hook,
              HostKind host = HostKind::unknown) {
    const seam::Injection injection(hook);
    return test::run([&](int argc, char** argv) { return program(pid_file, host, argc, argv); }, arguments);
}

Said run(const std::string& pid_file, const std::vector<std::string>& arguments) {
    return run_with(pid_file, arguments, nullptr);
}

seam::Hook failing(const char* call, int process, int error) {
    return [=](const seam::Call& made, seam::Answer& answer) {
        return made.is(call) && made.process == process && seam::fail(made, error, answer);
    };
}

constexpr long pidfd_open = 434;
constexpr long pidfd_send_signal = 424;

// The hook's answer to one of the calls that go by number.
seam::Hook refusing(long number, int error) {
    return [=](const seam::Call& made, seam::Answer& answer) {
        return made.is("syscall") && made.arguments[0] == number && seam::fail(made, error, answer);
    };
}

} // namespace

TEST_CASE("a service that cannot take its signals fails, in the foreground and by its launcher") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string pid_file = directory / "pid";
    const std::string line = "tested: cannot take signals as events: Too many open files\n";
    Said said = run_with(pid_file, {"run"}, failing("epoll_create1", seam::launcher, EMFILE));
    CHECK(said.code == 77);
    CHECK(said.error == line);
    CHECK(!test::exists(pid_file));
    said = run_with(pid_file, {"start"}, failing("epoll_create1", seam::daemon, EMFILE));
    CHECK(said.code == 1);
    CHECK(said.error == line);
    CHECK(!test::exists(pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a stop that comes before signals are taken is kept, and ends the service well") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string pid_file = directory / "pid";
    const auto stop_early = [](int process) {
        return [process](const seam::Call& made, seam::Answer&) {
            if (made.is("epoll_create1") && made.process == process) ::kill(::getpid(), SIGTERM);
            return false;
        };
    };
    Said said = run_with(pid_file, {"run"}, stop_early(seam::launcher));
    CHECK(said.code == 0);
    CHECK(said.error.empty());
    CHECK(!test::exists(pid_file));
    said = run_with(pid_file, {"start"}, stop_early(seam::daemon));
    CHECK(said.code == 1);
    CHECK(said.error == "tested: the service was asked to stop before it was ready\n");
    CHECK(!test::exists(pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("process 1 that cannot fork says so") {
    const test::Directory directory;
    const Said said =
        run_with(directory / "pid", {}, failing("fork", seam::launcher, EAGAIN), HostKind::container_init);
    CHECK(said.code == 71);
    CHECK(said.error == "tested: cannot fork: Resource temporarily unavailable\n");
    CHECK(!test::exists(directory / "pid"));
}

TEST_CASE("a status that cannot be asked is unknown") {
    const test::Directory directory;
    test::write_file(directory / "pid", "1\n");
    const Said said = run_with(directory / "pid", {"status"}, failing("fcntl", seam::launcher, ENOLCK));
    CHECK(said.code == 4);
    CHECK(said.error == "tested: cannot open the pid file " + (directory / "pid") + ": No locks available\n");
}

TEST_CASE("a stop works without a pidfd, whatever refuses it") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    for (const int error : {ENOSYS, EPERM, EMFILE}) {
        REQUIRE(run(directory / "pid", {"start"}).code == 0);
        const Said said = run_with(directory / "pid", {"stop"}, refusing(pidfd_open, error));
        CHECK(said.code == 0);
        CHECK(said.output == "tested: stopped\n");
        orphanage.wait_until_empty();
    }
}

TEST_CASE("a daemon that ends just before it is to be stopped is gone") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const daemonize::Instance instance = daemonize::Instance::at(directory / "pid");
    const daemonize::Duration patience = daemonize::Duration::milliseconds(test::patience);
    REQUIRE(run(directory / "pid", {"start"}).code == 0);
    for (const long call : {pidfd_open, pidfd_send_signal}) {
        daemonize::Failure failure;
        const seam::Injection injection(refusing(call, ESRCH));
        CHECK(instance.stop(patience, daemonize::OnTimeout::fail, failure));
        CHECK(failure.message().empty());
    }
    CHECK(run(directory / "pid", {"status"}).code == 0); // its number may be another's: it is not signalled by that
    CHECK(run(directory / "pid", {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a lock that cannot be asked about is told, whichever it is") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    REQUIRE(run(directory / "pid", {"start"}).code == 0);
    int asked = 0;
    const auto reported = [&](int which) {
        asked = 0;
        const seam::Injection injection([&](const seam::Call& made, seam::Answer& answer) {
            const bool asks = made.is("fcntl") && made.arguments[1] == F_GETLK;
            return asks && ++asked == which && seam::fail(made, ENOLCK, answer);
        });
        daemonize::Failure failure;
        static_cast<void>(daemonize::Instance::at(directory / "pid").status(failure));
        return failure.code().value();
    };
    REQUIRE(reported(0) == 0);
    REQUIRE(asked > 1);
    for (int which = asked - 1; which > 0; --which) CHECK(reported(which) == ENOLCK); // the last: whether it is ready
    CHECK(run(directory / "pid", {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a stop that kills hits no daemon that has taken the place of the one that was asked") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string mine = directory / "pid", later = directory / "later";
    const auto start = [](const std::string& pid_file, bool is_deaf) {
        return test::run(
            [&](int argc, char** argv) {
                return Service("tested")
                    .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(pid_file); })
                    .run(argc, argv, [&](Context& context) {
                        context.ready();
                        do {
                            context.wait_for_stop();
                        } while (is_deaf && ::poll(nullptr, 0, -1) != 0);
                    });
            },
            {"start"});
    };
    REQUIRE(start(mine, true).code == 0);
    REQUIRE(start(later, false).code == 0);
    const pid_t deaf = daemonize::PidFile::holder(mine).pid, other = daemonize::PidFile::holder(later).pid;
    const seam::Injection injection([&](const seam::Call& made, seam::Answer&) {
        if (made.is("write") && made.process == seam::launcher) ::rename(later.c_str(), mine.c_str());
        return false;
    });
    const Said said = test::run(
        [&](int argc, char** argv) {
            return Service("tested")
                .stop_timeout(daemonize::Duration::milliseconds(200))
                .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(mine); })
                .run(argc, argv, [](Context&) {});
        },
        {"stop"});
    CHECK(said.code == 0);
    CHECK(said.error == "tested: process " + std::to_string(deaf) + " did not stop in time, and is killed\n");
    CHECK(daemonize::PidFile::holder(mine).pid == other);
    CHECK(run(mine, {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a stop that is not allowed says so, and leaves the service as it is") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    REQUIRE(run(directory / "pid", {"start"}).code == 0);
    const Said said = run_with(directory / "pid", {"stop"}, refusing(pidfd_send_signal, EPERM));
    CHECK(said.code == 4);
    CHECK(said.error == "tested: cannot reach the daemon of " + (directory / "pid") + ": another user runs it\n");
    CHECK(run(directory / "pid", {"status"}).code == 0);
    CHECK(run(directory / "pid", {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a service whose system tells nothing of processes has a status all the same") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    REQUIRE(run(directory / "pid", {"start"}).code == 0);
    const Said said = run_with(directory / "pid", {"status"}, [](const seam::Call& made, seam::Answer& answer) {
        return made.is("open") && made.path().find("/proc/") == 0 && seam::fail(made, ENOENT, answer);
    });
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: running\n  pid       ") == 0);
    CHECK(said.output.find("uptime") == std::string::npos);
    CHECK(said.output.find("memory") == std::string::npos);
    CHECK(run(directory / "pid", {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a start that cannot lock its pid file says so, and does not try again") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string pid_file = directory / "pid";
    for (const int process : {seam::launcher, seam::daemon}) {
        test::Pipe tries;
        const seam::Injection injection([&](const seam::Call& made, seam::Answer& answer) {
            if (!made.is("fcntl") || made.arguments[1] != F_OFD_SETLK || made.process != process) return false;
            tries.send_text(".");
            return seam::fail(made, ENOLCK, answer);
        });
        const Said said =
            test::run(test::plain_service(pid_file,
                                          [&](daemonize::Daemonizer& daemonizer) {
                                              daemonizer.keep_fd(tries.write_end())
                                                  .wait_until_ready(daemonize::Duration::milliseconds(test::patience));
                                          }),
                      {"start"});
        CHECK(said.code == 1);
        CHECK(said.error == "tested: cannot lock the pid file " + pid_file + ": No locks available\n");
        CHECK(tries.rest() == ".");
        CHECK_FALSE(test::exists(pid_file));
        CHECK(orphanage.is_empty());
    }
}

TEST_CASE("a service whose kernel refuses to wait for a descriptor sleeps the whole time, and does not spin") {
    NEEDS(pid_files());
    int refused = 0;
    const seam::Injection injection([&](const seam::Call& made, seam::Answer& answer) {
        if (!made.is("poll") || made.arguments[1] != 1) return false;
        ++refused;
        return seam::fail(made, EINVAL, answer);
    });
    const auto body = [&](Context& context) {
        context.ready();
        refused = 0;
        const auto begin = daemonize::detail::monotonic_now();
        const bool slept = context.sleep_for(daemonize::Duration::milliseconds(12));
        const auto end = daemonize::detail::monotonic_now();
        if (!slept || end - begin < daemonize::Duration::milliseconds(12)) return 3;
        return refused <= 2 ? 0 : 4;
    };
    CHECK(test::run(
              [&](int argc, char** argv) { return Service("tested").host(HostKind::unknown).run(argc, argv, body); },
              {"run"})
              .code == 0);
}

TEST_CASE("a body that worked for a while before it sleeps is not late with its sign of life") {
    NEEDS(pid_files());
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    test::Pipe wait;
    bool has_worked = false;
    const seam::Injection injection([&](const seam::Call& made, seam::Answer&) {
        if (!has_worked || !made.is("poll") || made.arguments[1] != 1) return false;
        wait.send_text(std::to_string(made.arguments[2]));
        ::raise(SIGTERM);
        has_worked = false;
        return false;
    });
    const auto body = test::program(HostKind::systemd, [&](Context& context) {
        context.poll();
        seam::state().clock_ahead = 3000;
        has_worked = true;
        context.wait_for_stop();
        return 0;
    });
    CHECK(test::run(body, {"run"}, [] {
              ::setenv("WATCHDOG_USEC", "7200000000", 1);
              ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
          }).code == 0);
    CHECK(std::stol(wait.rest()) <= 600001); // milliseconds that are left of the hour between two signs of life
    CHECK(manager.text() == "WATCHDOG=1");
}
