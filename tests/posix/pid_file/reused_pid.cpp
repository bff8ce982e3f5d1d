// A process that has the number of a dead daemon gets no signal from an operation on the pid file. The tests run in a
// new pid namespace, where numbers are reused soon.
#include "support/abilities.hpp"
#include "support/catch.hpp"
#include "support/held.hpp"

#include <daemonize.hpp>

#include <sys/mount.h>

using daemonize::Duration;
using daemonize::Failure;
using daemonize::Instance;
using daemonize::OnTimeout;
using daemonize::PidFile;

namespace {

bool write_setting(const char* path, const std::string& value) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool written = file >= 0 && ::write(file, value.data(), value.size()) == static_cast<ssize_t>(value.size());
    ::close(file);
    return written;
}

// A process that waits to be killed; a signal that it survives it tells.
template <class Body>
pid_t fork_number(pid_t number, Body body) {
    for (;;) {
        if (number > 0) write_setting("/proc/sys/kernel/ns_last_pid", std::to_string(number - 1));
        const pid_t child = ::fork();
        if (child == 0) {
            if (number <= 0 || ::getpid() == number) body();
            ::_exit(0);
        }
        if (child < 0 || number <= 0 || child == number) return child;
        ::waitpid(child, nullptr, 0); // somebody else was given the number
    }
}

// One daemon that dies, and whose number a bystander gets, while a stop is under way. Whether the bystander was spared.
std::string round(const std::string& path, int delay) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) return "no pipe";
    const pid_t daemon = fork_number(0, [&] {
        const PidFile file = PidFile::acquire(path);
        if (::write(ready[1], "", 1) == 1) ::pause();
    });
    char byte;
    if (::read(ready[0], &byte, 1) != 1) return "the daemon did not start";
    const pid_t stopper = fork_number(0, [&] {
        Failure failure;
        static_cast<void>(Instance::at(path).stop(Duration::milliseconds(test::patience), OnTimeout::kill, failure));
    });
    for (int i = 0; i < delay; ++i) ::sched_yield(); // so that the death comes at another moment in each round
    test::kill(daemon, SIGKILL);
    ::waitpid(daemon, nullptr, 0);
    const pid_t bystander = fork_number(daemon, [] { ::pause(); });
    ::waitpid(stopper, nullptr, 0);
    const bool spared = ::waitpid(bystander, nullptr, WNOHANG) == 0;
    test::kill(bystander, SIGKILL);
    if (spared) ::waitpid(bystander, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    return spared && bystander == daemon ? "" : "process " + std::to_string(bystander) + " was hit";
}

// Reports each round, up to the first that fails.
std::string rounds_in_namespace(const std::string& path, int count, const test::Pipe& report) {
    test::default_signals();
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
        return "no /proc";
    }
    if (test::has_own_pid_max() && !write_setting("/proc/sys/kernel/pid_max", "310")) return "no pid_max";
    for (int i = 0; i < count; ++i) {
        const std::string hit = round(path, i % 16);
        if (!hit.empty()) return hit;
        report.send_text("nobody was hit\n");
    }
    return "";
}

} // namespace

// In 1,000 stops, and in 10,000 with --soak.
TEST_CASE("no process is hit that got a dead daemon's number while it was stopped") {
    NEEDS(pid_namespace());
    const test::Directory directory;
    const int count = std::getenv("DAEMONIZE_SOAK") == nullptr ? 1000 : 10000;
    test::Child rounds([&](const test::Pipe& report) {
        if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return report.send_text("no namespace");
        const pid_t first = test::fork_clean(); // process 1 of the namespace
        if (first == 0) {
            report.send_text(rounds_in_namespace(directory / "daemon.pid", count, report));
            ::_exit(0);
        }
        ::waitpid(first, nullptr, 0);
    });
    for (int i = 0; i < count; ++i) REQUIRE(rounds.line() == "nobody was hit");
}
