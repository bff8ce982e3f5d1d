#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <memory>

namespace {

using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Sigchld;

class ChildSignal {
  public:
    explicit ChildSignal(void (*handler)(int), int flags = 0) {
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = flags;
        if (::sigaction(SIGCHLD, &action, &before_) != 0) throw std::runtime_error("cannot change SIGCHLD");
    }
    ChildSignal(const ChildSignal&) = delete;
    ChildSignal& operator=(const ChildSignal&) = delete;
    ~ChildSignal() { ::sigaction(SIGCHLD, &before_, nullptr); }

  private:
    struct sigaction before_;
};

// In the daemon: starts `count` children that end at once, and waits for all of them. How many of them were there to be
// reaped: wait(2) returns where the kernel has taken the last, too.
std::string reaped_of(int count) {
    for (int i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        if (child == -1) return "cannot fork";
        if (child == 0) ::_exit(0);
    }
    int reaped = 0;
    for (;;) {
        const pid_t child = ::wait(nullptr);
        if (child > 0) ++reaped;
        if (child == -1 && errno == ECHILD) return std::to_string(reaped);
    }
}

// The number of children, of 3, that a daemon with this policy reaps, with this action for SIGCHLD in the launcher.
std::string reaped_with(Sigchld policy, Fork fork, void (*handler)(int), int flags = 0) {
    return test::in_child([&] {
        const test::Orphanage orphans;
        Daemonizer daemonizer("sigchld-test");
        daemonizer.fork(fork).sigchld(policy);
        const auto launch = [&] {
            const ChildSignal launcher(handler, flags);
            return std::make_unique<test::HeldDaemon>(daemonizer, [] { return reaped_of(3); });
        };
        return launch()->reported();
    });
}

volatile std::sig_atomic_t handled = 0;
void count_child(int) { handled = 1; }

} // namespace

TEST_CASE("with SIGCHLD ignored a daemon has no zombie of 1,000 children") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("sigchld-test");
    const test::HeldDaemon daemon(daemonizer.sigchld(Sigchld::ignore), [] { return reaped_of(1000); });
    CHECK(daemon.reported() == "0");
}

TEST_CASE("by default a daemon can reap its children, whatever its launcher does with SIGCHLD") {
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    CHECK(reaped_with(Sigchld::default_action, fork, SIG_DFL) == "3");
    CHECK(reaped_with(Sigchld::default_action, fork, SIG_IGN) == "3");
    CHECK(reaped_with(Sigchld::default_action, fork, SIG_DFL, SA_NOCLDWAIT) == "3");
    CHECK(reaped_with(Sigchld::default_action, fork, count_child, SA_NOCLDWAIT) == "3");
}

TEST_CASE("kept SIGCHLD is as the launcher has it") {
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    CHECK(reaped_with(Sigchld::keep, fork, SIG_DFL) == "3");
    CHECK(reaped_with(Sigchld::keep, fork, SIG_IGN) == "0");
    CHECK(reaped_with(Sigchld::keep, fork, SIG_DFL, SA_NOCLDWAIT) == "0");
}

TEST_CASE("the application's handler for SIGCHLD runs in a daemon that keeps it or asks for nothing") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const Sigchld policy = GENERATE(Sigchld::keep, Sigchld::default_action);
    const ChildSignal own(count_child);
    Daemonizer daemonizer("sigchld-test");
    const test::HeldDaemon daemon(daemonizer.fork(fork).sigchld(policy), [] {
        handled = 0; // the launch's own children may have counted
        const std::string reaped = reaped_of(1);
        return reaped + (handled != 0 ? " handled" : " unnoticed");
    });
    CHECK(daemon.reported() == "1 handled");
}

TEST_CASE("an ignored SIGCHLD takes the place of the application's handler") {
    const test::Orphanage orphans;
    const ChildSignal own(count_child);
    Daemonizer daemonizer("sigchld-test");
    const test::HeldDaemon daemon(daemonizer.sigchld(Sigchld::ignore), [] {
        handled = 0;
        const std::string reaped = reaped_of(1);
        return reaped + (handled != 0 ? " handled" : " unnoticed");
    });
    CHECK(daemon.reported() == "0 unnoticed");
}

TEST_CASE("a launcher that ignores SIGCHLD learns how its daemon ended, and what its log is like, all the same") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const ChildSignal own(SIG_IGN);
    Daemonizer daemonizer("sigchld-test");
    daemonizer.fork(fork).stdout_to(directory / "log").wait_until_ready();
    CHECK(daemonizer.check().empty());
    CHECK(daemonizer.launch([] { return 7; }).exit_status() == 7);
}

TEST_CASE("an application that reaps whatever ends does not hide how the daemon ended") {
    const test::Orphanage orphans;
    const auto reap_all = [](int) {
        const int error = errno;
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        errno = error;
    };
    ::signal(SIGCHLD, reap_all);
    const daemonize::Launch launch =
        daemonize::Daemonizer("reaped").fork(daemonize::Fork::once).wait_until_ready().launch([] { return 7; });
    ::signal(SIGCHLD, SIG_DFL);
    CHECK(launch.exit_status() == 7);
    CHECK(launch.exit_code() == 7);
}

TEST_CASE("the application's handler hears of its own child that ends during a launch") {
    const test::Orphanage orphans;
    const ChildSignal own(count_child);
    test::Pipe hold;
    const pid_t child = test::fork_clean();
    if (child == 0) {
        for (;;) ::pause();
    }
    handled = 0;
    daemonize::Daemonizer daemonizer("heard");
    daemonizer.keep_fd(hold.read_end());
    const daemonize::Launch launch =
        daemonizer.fork(Fork::once).wait_until_ready().launch([&](daemonize::Daemon& daemon) {
            test::kill(child, SIGKILL);
            while (test::process_status("State", child)[0] != 'Z') {
            }
            daemon.ready();
            hold.wait_until_closed(); // its own end is to be told later
        });
    CHECK(launch.ok());
    CHECK(handled == 1);
    ::waitpid(child, nullptr, 0);
    hold.close_write();
    orphans.wait_until_empty();
}
