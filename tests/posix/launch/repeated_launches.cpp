// A process that launches many daemons: each launch leaves the process unchanged.
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/memory.hpp"

#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Launch;

namespace {

void launch_one(const std::string& pid_file) {
    const Launch up =
        Daemonizer("year").pid_file(pid_file).wait_until_ready().launch([](Daemon& daemon) { daemon.ready(); });
    if (!up.ok()) throw std::runtime_error(up.failure().message());
}

void fail_one(const std::string& pid_file) {
    const Launch failed = Daemonizer("year").pid_file(pid_file).wait_until_ready().launch([] { return 7; });
    if (failed.exit_status() != 7) throw std::runtime_error("a failed start was not told");
}

} // namespace

// In a child of the test that is no orphanage, as the launchers that are meant are none: what is not reaped there was
// the launch's own to reap. Without a subreaper's inheritance, its ended daemons are nobody's concern.
TEST_CASE("1,000 launches leave no zombie, no descriptor and no memory") {
    NEEDS(processes(1100));
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Child launcher([&](const test::Pipe& report) {
        // A daemon ends on its own, after the launch has returned; the next one needs a pid file of its own.
        int number = 0;
        const auto launch_some = [&](int count) {
            for (int i = 0; i < count; ++i) {
                launch_one(directory / std::to_string(number++ % 100));
                if (i % 4 == 0) fail_one(directory / "failed");
                report.send_text("launched\n");
            }
        };
        launch_some(30); // caches of the C library's fill on the first ones
        const auto descriptors = test::open_descriptors();
        const std::size_t bytes = test::allocated();
        launch_some(970);
        if (test::open_descriptors() != descriptors) report.send_text("descriptors ");
        // Chunks that the C library keeps for later count as allocated; one lost in each failed launch is more.
        if (test::allocated() > bytes + 4096)
            report.send_text("memory: " + std::to_string(test::allocated() - bytes) + " bytes ");
        if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) report.send_text("children ");
        report.send_text("and no more\n");
    });
    for (int i = 0; i < 1000; ++i) REQUIRE(launcher.line() == "launched");
    CHECK(launcher.line() == "and no more");
    launcher.end();
    orphans.wait_until_empty();
}

TEST_CASE("the launcher's other children are not touched") {
    const test::Orphanage orphans;
    const std::string reported = test::in_child([] {
        test::Pipe go;
        const pid_t ends_before = ::fork();
        if (ends_before == 0) std::_Exit(41);
        const pid_t ends_meanwhile = ::fork();
        if (ends_meanwhile == 0) {
            go.close_write();
            go.wait_until_closed();
            std::_Exit(42);
        }
        test::Pipe hold;
        const pid_t ends_after = ::fork();
        if (ends_after == 0) {
            go.close_write();
            hold.close_write();
            hold.wait_until_closed();
            std::_Exit(43);
        }
        siginfo_t seen = {};
        ::waitid(P_PID, static_cast<id_t>(ends_before), &seen, WEXITED | WNOWAIT);
        for (int i = 0; i < 20; ++i) {
            if (i == 10) go.close_write();
            const daemonize::Launch launch = Daemonizer("others").wait_until_ready().launch([&](Daemon& daemon) {
                if (i % 2 == 0) daemon.ready();
            });
            if (launch.ok() != (i % 2 == 0)) return "launch " + std::to_string(i) + " ended otherwise";
        }
        ::waitid(P_PID, static_cast<id_t>(ends_meanwhile), &seen, WEXITED | WNOWAIT);
        if (::waitpid(ends_after, nullptr, WNOHANG) != 0) return std::string("the one that runs was ended");
        hold.close_write();
        std::string codes;
        for (const pid_t child : {ends_before, ends_meanwhile, ends_after}) {
            int status = 0;
            codes += ::waitpid(child, &status, 0) == child ? std::to_string(WEXITSTATUS(status)) + " " : "lost ";
        }
        return codes;
    });
    CHECK(reported == "41 42 43 ");
    orphans.wait_until_empty();
}

TEST_CASE("a single fork leaves the daemon as the one child that the caller may wait for") {
    const test::Orphanage orphans;
    const std::string reported = test::in_child([] {
        test::Pipe hold;
        const Launch launch = Daemonizer("child").fork(daemonize::Fork::once).keep_fd(hold.read_end()).launch([&] {
            hold.wait_until_closed();
            return 12;
        });
        hold.close_write();
        int status = 0;
        if (::waitpid(-1, &status, 0) != launch.pid()) return std::string("another child");
        return std::to_string(WEXITSTATUS(status));
    });
    CHECK(reported == "12");
}
