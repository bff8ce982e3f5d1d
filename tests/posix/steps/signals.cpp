#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <cstdint>
#include <vector>

namespace {

using daemonize::Daemonizer;
using daemonize::Fork;

// One signal's disposition, given back at the end.
class Disposition {
  public:
    Disposition(int number, void (*handler)(int), int flags = 0) : number_(number) {
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = flags;
        if (::sigaction(number, &action, &before_) != 0) throw std::runtime_error("no such signal");
    }
    Disposition(const Disposition&) = delete;
    Disposition& operator=(const Disposition&) = delete;
    ~Disposition() { ::sigaction(number_, &before_, nullptr); }

  private:
    int number_;
    struct sigaction before_;
};

class Mask {
  public:
    explicit Mask(const std::vector<int>& numbers) {
        sigset_t set;
        sigemptyset(&set);
        for (const int number : numbers) sigaddset(&set, number);
        if (::pthread_sigmask(SIG_SETMASK, &set, &before_) != 0) throw std::runtime_error("cannot set the mask");
    }
    Mask(const Mask&) = delete;
    Mask& operator=(const Mask&) = delete;
    ~Mask() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
};

std::uint64_t signals(const char* name, pid_t pid = 0) {
    return std::strtoull(test::process_status(name, pid).c_str(), nullptr, 16);
}

std::uint64_t bit(int number) { return std::uint64_t{1} << (number - 1); }

// Everything that the kernel and libc know of this process's signals.
std::string all_dispositions() {
    constexpr int restorer = 0x04000000; // libc's own mark, set wherever it has been; what came by exec lacks it
    std::string text;
    for (int number = 1; number <= SIGRTMAX; ++number) {
        struct sigaction action;
        if (::sigaction(number, nullptr, &action) != 0) continue;
        text += std::to_string(number) + ":" + std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler)) +
                "/" + std::to_string(action.sa_flags & ~restorer) + "/";
        for (int other = 1; other <= SIGRTMAX; ++other) text += sigismember(&action.sa_mask, other) == 1 ? '1' : '0';
        text += "\n";
    }
    return text + test::process_status("SigBlk");
}

int handler_pipe = -1;
void report_pipe(int) { static_cast<void>(!::write(handler_pipe, "handled\n", 8)); }
void do_nothing(int) {}

} // namespace

TEST_CASE("signals that the launcher ignores have their default action in the daemon, SIGPIPE aside") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const Disposition a(SIGHUP, SIG_IGN), b(SIGINT, SIG_IGN), c(SIGQUIT, SIG_IGN), d(SIGUSR1, SIG_IGN);
    const Disposition e(SIGPIPE, SIG_IGN), f(SIGTERM, SIG_IGN), g(SIGRTMIN + 3, SIG_IGN), h(SIGRTMAX, SIG_IGN);
    Daemonizer daemonizer("signals-test");
    test::HeldDaemon daemon(daemonizer.fork(fork));
    CHECK(signals("SigIgn", daemon.pid()) == bit(SIGPIPE));
    test::kill(daemon.pid(), SIGTERM);
    const int status = daemon.release();
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("a launcher that has shown progress still dies of SIGPIPE") {
    const std::string seen = test::in_child([] {
        const test::Orphanage orphans;
        const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(null, STDERR_FILENO); // nobody need see the progress
        const Disposition pipe(SIGPIPE, SIG_DFL);
        Daemonizer daemonizer("signals-test");
        const test::HeldDaemon daemon(daemonizer.wait_until_ready(), [](daemonize::Daemon& self) {
            self.progress("half way");
            self.ready();
            return std::string();
        });
        const bool own = (signals("SigIgn") & bit(SIGPIPE)) != 0,
                   its = (signals("SigIgn", daemon.pid()) & bit(SIGPIPE)) != 0;
        return std::string(own ? "ignored, " : "default, ") + (its ? "ignored" : "default");
    });
    CHECK(seen == "default, default");
}

TEST_CASE("a daemon blocks no signal") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const Mask mask({SIGTERM, SIGUSR2, SIGCHLD, SIGRTMIN + 1});
    Daemonizer daemonizer("signals-test");
    const test::HeldDaemon daemon(daemonizer.fork(fork));
    CHECK(signals("SigBlk", daemon.pid()) == 0);
}

TEST_CASE("the application's handlers stay in the daemon") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    test::Pipe report;
    handler_pipe = report.write_end();
    const Disposition a(SIGUSR2, report_pipe, SA_RESTART), b(SIGHUP, do_nothing), c(SIGTERM, do_nothing),
        d(SIGCHLD, do_nothing);
    Daemonizer daemonizer("signals-test");
    test::HeldDaemon daemon(daemonizer.fork(fork).keep_fd(report.write_end()));
    const std::uint64_t all = bit(SIGUSR2) | bit(SIGHUP) | bit(SIGTERM) | bit(SIGCHLD);
    CHECK((signals("SigCgt", daemon.pid()) & all) == all);
    test::kill(daemon.pid(), SIGUSR2);
    CHECK(report.line() == "handled");
    CHECK(daemon.release() == 0);
}

TEST_CASE("after a launch the launcher's signals are as they were before") {
    const test::Orphanage orphans;
    const Fork fork = GENERATE(Fork::twice, Fork::once);
    const bool wait = GENERATE(false, true);
    const auto arrange_child_signal = GENERATE(0, 1, 2, 3);
    const auto handler = arrange_child_signal == 1 ? SIG_IGN : arrange_child_signal == 2 ? do_nothing : SIG_DFL;
    const Disposition a(SIGINT, do_nothing, SA_RESTART | SA_NODEFER), b(SIGHUP, SIG_IGN), c(SIGTERM, SIG_DFL),
        d(SIGQUIT, do_nothing), e(SIGUSR1, SIG_IGN), f(SIGPIPE, do_nothing);
    const Mask mask({SIGUSR1, SIGWINCH, SIGQUIT});
    Daemonizer daemonizer("signals-test");
    daemonizer.fork(fork);
    if (wait) daemonizer.wait_until_ready();
    std::string before, after;
    const auto launch = [&] {
        // Not longer than the launch: who ignores SIGCHLD cannot wait for the daemon's end.
        const Disposition child(SIGCHLD, handler, arrange_child_signal == 3 ? SA_NOCLDWAIT : 0);
        before = all_dispositions();
        test::HeldDaemon* const daemon = new test::HeldDaemon(daemonizer, [](daemonize::Daemon& self) {
            self.ready();
            return std::string();
        });
        after = all_dispositions();
        return daemon;
    };
    delete launch();
    CHECK(after == before);
}

TEST_CASE("after a failed launch the launcher's signals are as they were before") {
    const test::Orphanage orphans;
    const bool early = GENERATE(false, true);
    const Disposition a(SIGINT, do_nothing), b(SIGHUP, SIG_IGN);
    const Mask mask({SIGUSR1, SIGWINCH});
    std::string before, after;
    bool failed = false;
    {
        const Disposition child(SIGCHLD, SIG_IGN);
        before = all_dispositions();
        Daemonizer daemonizer("signals-test");
        if (early) daemonizer.chdir("/proc/self/there/is/no/such/directory");
        failed = !daemonizer.before_drop([](std::string&) { return false; }).launch([] {}).ok();
        after = all_dispositions();
    }
    CHECK(failed);
    CHECK(after == before);
    CHECK(orphans.is_empty());
}

TEST_CASE("a signal that waits in the launcher goes on waiting there, and does not come to the daemon") {
    const test::Orphanage orphans;
    const Mask mask({SIGUSR1});
    ::raise(SIGUSR1);
    Daemonizer daemonizer("signals-test");
    test::HeldDaemon daemon(daemonizer);
    CHECK((signals("SigPnd", ::getpid()) & bit(SIGUSR1)) != 0);
    CHECK(daemon.release() == 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    const struct timespec at_once = {};
    CHECK(::sigtimedwait(&set, nullptr, &at_once) == SIGUSR1);
}
