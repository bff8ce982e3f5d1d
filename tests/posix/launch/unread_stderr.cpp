// A launcher whose standard error has no reader, or a slow reader: only the output is lost.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Duration;

namespace {

// In a launcher: its standard error leads to nobody from here on.
void lose_reader() {
    test::Pipe pipe;
    if (::dup2(pipe.write_end(), STDERR_FILENO) != STDERR_FILENO) std::abort();
}

// The same, but the reader is still there, and does not read what fills the pipe to its end.
void fill_up(const test::Pipe& pipe) {
    ::fcntl(pipe.write_end(), F_SETFL, O_NONBLOCK);
    while (::write(pipe.write_end(), "x", 1) == 1) {
    }
    ::fcntl(pipe.write_end(), F_SETFL, 0);
    if (::dup2(pipe.write_end(), STDERR_FILENO) != STDERR_FILENO) std::abort();
}

// Whether a launch succeeds that reports progress where `prepare` has seen to it that nobody hears of it. On a machine so
// busy that the daemon was not ready before the time-out, in milliseconds, the same again, with more time: no other
// result is tried twice.
template <class Prepare>
bool comes_up_unread(Prepare prepare, int timeout) {
    const test::Orphanage orphans;
    for (; timeout <= test::patience; timeout *= 5) {
        test::Pipe report, hold;
        const test::Ended ended = test::run_launcher([&] {
            prepare();
            const Duration limit = Duration::milliseconds(timeout);
            const Duration end = daemonize::detail::monotonic_now() + limit; // the launcher's own end comes later
            Daemonizer daemonizer("unread");
            daemonizer.keep_fd(report.write_end()).keep_fd(hold.read_end()).wait_until_ready(limit);
            Daemon daemon = daemonizer.daemonize();
            daemon.progress("half way");
            daemon.ready();
            if (daemonize::detail::monotonic_now() < end) report.send_text("in time\n");
            hold.wait_until_closed();
            return 0;
        });
        const bool is_up = ended.with(0) && !orphans.is_empty();
        hold.close_write();
        const bool was_in_time = report.rest() == "in time\n";
        orphans.wait_until_empty();
        if (was_in_time) return is_up;
    }
    throw std::runtime_error("the daemon was never ready in time");
}

} // namespace

TEST_CASE("a failed start has its exit status although nobody reads why") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        lose_reader();
        Daemonizer("unread").chdir(directory / "nowhere").daemonize();
        return 0;
    });
    CHECK(ended.with(daemonize::exit_code(daemonize::Stage::chdir)));
    CHECK(orphans.is_empty());
}

TEST_CASE("a daemon comes up although nobody reads of its progress") {
    CHECK(comes_up_unread([] { lose_reader(); }, test::patience));
}

TEST_CASE("a daemon comes up although its progress finds no room") {
    test::Pipe full;
    const auto prepare = [&] {
        fill_up(full);
        ::alarm(static_cast<unsigned>(test::patience / 1000));
    };
    CHECK(comes_up_unread(prepare, 300)); // the launcher waits for room until its time is over
}

TEST_CASE("a signal ends a start whose progress finds no room") {
    const test::Orphanage orphans;
    test::Pipe up, full;
    test::Launcher launcher([&] {
        fill_up(full);
        ::alarm(static_cast<unsigned>(test::patience / 1000));
        const daemonize::Launch launch = Daemonizer("unread")
                                             .keep_fd(up.write_end())
                                             .wait_until_ready(Duration::longest())
                                             .launch([&](Daemon& daemon) {
                                                 daemon.progress("half way");
                                                 up.send_text("up\n");
                                                 for (;;) ::pause();
                                             });
        return launch.ok() ? 0 : 1;
    });
    CHECK(up.line() == "up");
    test::kill(launcher.pid(), SIGTERM);
    CHECK(launcher.ended().signal() == SIGTERM); // what it does to a process that handles none, once the daemon is gone
    CHECK(orphans.is_empty());
}
