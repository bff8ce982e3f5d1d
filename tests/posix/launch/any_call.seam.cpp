// A launch with a failure of any system call, and with a signal at any call: the daemon is up with every property, or
// nothing is left.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

#include <set>
#include <string>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;

namespace {

// Those whose failure can't be, or says nothing about the launch: a process that exists can be killed and waited for by
// its parent; a descriptor that is open can be closed.
bool can_fail(const seam::Call& call) {
    // Never destroyed: calls are made while a process exits.
    static const auto& cannot =
        *new std::set<std::string>{"close", "kill", "waitpid", "waitid", "shutdown", "unlink", "isatty"};
    return cannot.count(call.name) == 0;
}

// Gives the test its signals back: the call that failed may have been the one that should have done so.
class OwnSignals {
  public:
    OwnSignals() {
        ::sigprocmask(SIG_SETMASK, nullptr, &mask_);
        for (int number = 1; number < 32; ++number) ::sigaction(number, nullptr, &actions_[number]);
    }
    OwnSignals(const OwnSignals&) = delete;
    OwnSignals& operator=(const OwnSignals&) = delete;
    ~OwnSignals() {
        for (int number = 1; number < 32; ++number) ::sigaction(number, &actions_[number], nullptr);
        ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
    }

  private:
    sigset_t mask_;
    struct sigaction actions_[32];
};

// The properties that the promise covers, as the daemon sees them.
std::string properties(pid_t launcher_session) {
    std::string text = ::getsid(0) != launcher_session && ::getsid(0) != ::getpid() ? "own session, " : "no session, ";
    text += test::link_target("/proc/self/cwd") + " ";
    text += test::link_target("/proc/self/fd/0") + " " + test::link_target("/proc/self/fd/1") + " ";
    text += test::link_target("/proc/self/fd/2") + " ";
    text += test::process_status("Umask") + " " + test::process_status("SigBlk") + " ";
    text += test::process_status("SigIgn") + " ";
    text += std::to_string(test::open_descriptors().size());
    return text;
}

// A launch with an injected failure, and whether it kept the promise. The output of the launch is for the report.
struct Attempt {
    bool up = false;
    std::string said;
    std::string seen;
};

Attempt launch_with(const test::Directory& directory, test::Pipe& injected, const seam::Hook& hook) {
    Attempt attempt;
    test::Pipe report, hold;
    const pid_t session = ::getsid(0);
    Daemonizer daemonizer("any");
    daemonizer.pid_file(directory / "pid").stdout_to(directory / "log").rlimit(RLIMIT_CORE, 0);
    daemonizer.keep_fd(report.write_end()).keep_fd(hold.read_end()).keep_fd(injected.write_end());
    daemonizer.wait_until_ready();
    {
        const OwnSignals signals;
        const seam::Injection injection(hook);
        const Launch launch = daemonizer.launch([&](Daemon& daemon) {
            daemon.ready();
            seam::state() = seam::State(); // what the daemon does later is not the launch
            report.send_text(properties(session) + " " + test::contents(directory / "pid"));
            hold.wait_until_closed();
        });
        attempt.up = launch.ok();
        attempt.said = launch.failure().message();
    }
    if (attempt.up) attempt.seen = report.line();
    hold.close_write();
    return attempt;
}

std::string without_number(const std::string& seen) { return seen.substr(0, seen.rfind(' ')); }

} // namespace

TEST_CASE("whichever call fails, the daemon is up and right or the launch has failed and nothing is left") {
    const test::Orphanage orphans;
    const test::Directory directory;
    ::signal(SIGUSR2, SIG_IGN); // one to be reset
    test::Pipe unused;
    const Attempt unharmed = launch_with(directory, unused, nullptr);
    REQUIRE(unharmed.up);
    orphans.wait_until_empty();
    int failed = 0;
    for (int process = seam::launcher; process <= seam::daemon; ++process) {
        int number = 1;
        for (bool injected = true; injected; ++number) {
            const auto descriptors = test::open_descriptors();
            test::Pipe reported;
            const Attempt attempt = launch_with(directory, reported, [&](const seam::Call& call, seam::Answer& answer) {
                if (call.process != process || call.number != number) return false;
                if (::write(reported.write_end(), (call.name + " ").c_str(), call.name.size() + 1) < 0) std::abort();
                return can_fail(call) && seam::fail(call, EIO, answer);
            });
            if (!attempt.up) {
                CHECK(orphans.is_empty());
                CHECK(attempt.said.size() > 10);
                ++failed;
            }
            orphans.wait_until_empty();
            const std::string name = reported.rest();
            INFO("process " << process << ", call " << number << ": " << name << "; it said: " << attempt.said);
            if (attempt.up) CHECK(without_number(attempt.seen) == without_number(unharmed.seen));
            CHECK(!test::exists(directory / "pid"));
            injected = !name.empty();
            reported.close_read();
            CHECK(test::open_descriptors() == descriptors);
        }
        CHECK(number > 5);
    }
    CHECK(failed > 30);
    ::signal(SIGUSR2, SIG_DFL);
}

TEST_CASE("wherever a signal comes while the launcher waits, the daemon is up or nothing is left") {
    const test::Orphanage orphans;
    const test::Directory directory;
    struct Way {
        Fork fork;
        bool waits;
    };
    for (const Way& way : {Way{Fork::twice, true}, Way{Fork::once, true}, Way{Fork::twice, false}}) {
        int number = 1;
        for (bool raised = true; raised; ++number) {
            test::Pipe hold, reported, report;
            test::Launcher launcher([&]() -> int {
                bool forked = false;
                int calls = 0;
                const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
                    if (call.process != seam::launcher) return false;
                    if (forked && ++calls == number) {
                        reported.send_text(call.name);
                        ::raise(SIGINT);
                    }
                    forked = forked || call.is("fork");
                    return false;
                });
                Daemonizer daemonizer("any");
                daemonizer.fork(way.fork).pid_file(directory / "pid");
                if (way.waits) daemonizer.wait_until_ready();
                Daemon daemon = daemonizer.keep_fd(hold.read_end()).keep_fd(report.write_end()).daemonize();
                daemon.ready();
                hold.wait_until_closed();
                report.send_text("alive");
                std::exit(0);
            });
            const test::Ended ended = launcher.ended();
            const bool has_pid_file = test::exists(directory / "pid");
            const std::string name = reported.rest();
            hold.close_write();
            INFO("call " << number << " after the fork: " << name << ", exit code " << ended.code() << ", signal "
                         << ended.signal());
            CHECK((ended.with(0) || ended.with(128 + SIGINT) || ended.signal() == SIGINT));
            CHECK((report.rest() == "alive") == ended.with(0));
            CHECK(has_pid_file == ended.with(0));
            orphans.wait_until_empty();
            ::unlink((directory / "pid").c_str());
            raised = !name.empty();
        }
        CHECK(number > 10);
    }
}
