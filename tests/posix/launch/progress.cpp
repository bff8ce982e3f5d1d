// progress(): the launcher shows each report at once, and a report extends the time-out.
#include "support/abilities.hpp"

#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/ioctl.h>
#include <termios.h>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// A terminal that passes on what is written to it as it is.
class Terminal {
  public:
    explicit Terminal(unsigned short columns = 80) {
        controller_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (controller_ < 0 || ::grantpt(controller_) != 0 || ::unlockpt(controller_) != 0) {
            throw std::runtime_error("cannot make a terminal");
        }
        user_ = ::open(::ptsname(controller_), O_RDWR | O_NOCTTY | O_CLOEXEC);
        struct termios settings;
        if (user_ < 0 || ::tcgetattr(user_, &settings) != 0) throw std::runtime_error("cannot open a terminal");
        ::cfmakeraw(&settings);
        ::tcsetattr(user_, TCSANOW, &settings);
        struct winsize size = {};
        size.ws_col = columns;
        ::ioctl(user_, TIOCSWINSZ, &size);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() {
        ::close(controller_);
        if (user_ >= 0) ::close(user_);
    }

    int user() const { return user_; }

    // The shown text up to the end of `text`.
    std::string read_until(const std::string& text) {
        std::string shown;
        char c;
        while (shown.find(text) == std::string::npos && ::read(controller_, &c, 1) == 1) shown += c;
        return shown;
    }

    // All that was shown since, once no process has the terminal any more.
    std::string shown() {
        ::close(user_);
        user_ = -1;
        std::string text;
        char part[256];
        for (ssize_t size; (size = ::read(controller_, part, sizeof part)) > 0;) {
            text.append(part, static_cast<std::size_t>(size));
        }
        return text;
    }

  private:
    int controller_ = -1;
    int user_ = -1;
};

// The text of a start on a terminal with TERM=`term`; without TERM if `term` is null.
template <class Body>
std::string shown_on_terminal(const char* term, Body body, unsigned short columns = 80) {
    const test::Orphanage orphans;
    Terminal terminal(columns);
    test::run_launcher([&] {
        if (term == nullptr) {
            ::unsetenv("TERM");
        } else {
            ::setenv("TERM", term, 1);
        }
        ::dup2(terminal.user(), STDERR_FILENO);
        Daemon daemon = Daemonizer("progress").wait_until_ready().daemonize();
        body(daemon);
        return 0;
    });
    orphans.wait_until_empty();
    return terminal.shown();
}

void sleep_until(Duration end) {
    struct timespec until = {};
    until.tv_sec = static_cast<time_t>(end.seconds());
    until.tv_nsec = static_cast<long>(end.nanoseconds() % 1000000000);
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

// A start whose daemon extends the time-out by `extend_by` in time, and is ready so long after the end of the first
// time-out. On a machine so busy that progress() itself came after that end, the same again, with more time: no other
// result is tried twice.
Launch ready_late(Duration extend_by, Duration after) {
    const test::Orphanage orphans;
    for (std::int64_t milliseconds = 100; milliseconds < test::patience / 4; milliseconds *= 4) {
        test::Pipe report, hold;
        const Duration limit = Duration::milliseconds(milliseconds);
        const Duration end = daemonize::detail::monotonic_now() + limit; // the launcher's own end comes later
        Daemonizer daemonizer("progress");
        daemonizer.keep_fd(report.write_end()).keep_fd(hold.read_end()).wait_until_ready(limit);
        Launch launch = daemonizer.launch([&](Daemon& daemon) {
            test::default_signals();
            daemon.progress("this takes time", extend_by);
            if (daemonize::detail::monotonic_now() < end) report.send_text("in time\n");
            sleep_until(end + after);
            daemon.ready();
            hold.wait_until_closed();
        });
        hold.close_write();
        const bool was_in_time = report.rest() == "in time\n";
        orphans.wait_until_empty();
        if (was_in_time) return launch;
    }
    throw std::runtime_error("the daemon never came to progress() in time");
}

} // namespace

TEST_CASE("progress is a line each where no terminal is, shown as it comes") {
    const test::Orphanage orphans;
    test::Pipe go, hold;
    test::Launcher launcher([&] {
        go.close_write();
        Daemon daemon =
            Daemonizer("progress").keep_fd(go.read_end()).keep_fd(hold.read_end()).wait_until_ready().daemonize();
        daemon.progress("reading the cache");
        go.wait_until_closed();
        daemon.progress("two\nlines");
        daemon.ready();
        hold.wait_until_closed();
        return 0;
    });
    CHECK(launcher.error_line() == "progress: reading the cache");
    go.close_write();
    CHECK(launcher.error_line() == "progress: two lines");
    const test::Ended ended = launcher.ended();
    CHECK(ended.with(0));
    CHECK(ended.error.empty());
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("on a terminal progress is one line that is written over, and gone when the daemon is ready") {
    NEEDS(terminals());
    const std::string shown = shown_on_terminal("xterm", [](Daemon& daemon) {
        daemon.progress("one");
        daemon.progress("two");
        daemon.ready();
    });
    CHECK(shown == "\r\033[Kprogress: one\r\033[Kprogress: two\r\033[K");
}

TEST_CASE("on a terminal the line of progress makes room for the failure, and for the daemon's own words") {
    NEEDS(terminals());
    const test::Orphanage orphans;
    Terminal terminal;
    test::Pipe go;
    test::Launcher launcher([&] {
        go.close_write();
        ::setenv("TERM", "xterm", 1);
        ::dup2(terminal.user(), STDERR_FILENO);
        Daemon daemon = Daemonizer("progress").keep_fd(go.read_end()).wait_until_ready().daemonize();
        daemon.progress("one");
        go.wait_until_closed(); // words and progress come on two ways, and only then surely in this order
        if (::write(STDERR_FILENO, "a warning\n", 10) != 10) std::abort();
        daemon.progress("two");
        daemon.fail_and_exit("no route");
        return 0;
    });
    CHECK(terminal.read_until("one") == "\r\033[Kprogress: one");
    go.close_write();
    CHECK(launcher.ended().with(1));
    CHECK(terminal.shown() == "\r\033[Ka warning\n\r\033[Kprogress: two\r\033[Kprogress: no route\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("on a terminal a line of progress is cut where it would wrap, between characters") {
    NEEDS(terminals());
    const auto long_one = [](Daemon& daemon) {
        daemon.progress("caf\xc3\xa9s");
        daemon.ready();
    };
    CHECK(shown_on_terminal("xterm", long_one, 17) == "\r\033[Kprogress: caf\xc3\xa9s\r\033[K");
    CHECK(shown_on_terminal("xterm", long_one, 16) == "\r\033[Kprogress: caf\xc3\xa9\r\033[K");
    CHECK(shown_on_terminal("xterm", long_one, 15) == "\r\033[Kprogress: caf\r\033[K");
    CHECK(shown_on_terminal("xterm", long_one, 14) == "\r\033[Kprogress: caf\r\033[K");
    CHECK(shown_on_terminal("xterm", long_one, 0) == "\r\033[Kprogress: caf\xc3\xa9s\r\033[K");
}

TEST_CASE("a terminal that cannot move its cursor gets plain lines") {
    NEEDS(terminals());
    const auto two_steps = [](Daemon& daemon) {
        daemon.progress("one");
        daemon.progress("two");
        daemon.ready();
    };
    CHECK(shown_on_terminal("dumb", two_steps) == "progress: one\nprogress: two\n");
    CHECK(shown_on_terminal(nullptr, two_steps) == "progress: one\nprogress: two\n");
}

TEST_CASE("a line of progress does not go on where the daemon's words ended") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        Daemon daemon = Daemonizer("progress").wait_until_ready().daemonize();
        if (::write(STDERR_FILENO, "words", 5) != 5) std::abort();
        daemon.progress("one");
        daemon.fail_and_exit("no");
        return 0;
    });
    CHECK(ended.error == "words\nprogress: one\nprogress: no\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("progress extends the time-out") {
    CHECK(ready_late(Duration::milliseconds(test::patience), Duration::milliseconds(200)).ok());
}

TEST_CASE("progress without an extension leaves the time-out as it is") {
    // The launcher ends the daemon long before.
    CHECK(ready_late(Duration(), Duration::milliseconds(test::patience)).failure().stage() == Stage::timeout);
}

TEST_CASE("an extension without end is none that wraps around") {
    CHECK(ready_late(Duration::longest(), Duration::milliseconds(200)).ok());
}

TEST_CASE("an extension into the past does not take time away") {
    const test::Orphanage orphans;
    for (const Duration extend_by : {Duration::seconds(-3600), Duration::nanoseconds(INT64_MIN)}) {
        test::Pipe go, hold;
        test::Launcher launcher([&] {
            go.close_write();
            Daemon daemon =
                Daemonizer("progress").keep_fd(go.read_end()).keep_fd(hold.read_end()).wait_until_ready().daemonize();
            daemon.progress("one", extend_by);
            daemon.progress("two");
            go.wait_until_closed();
            daemon.ready();
            hold.wait_until_closed();
            return 0;
        });
        CHECK(launcher.error_line() == "progress: one");
        CHECK(launcher.error_line() == "progress: two"); // a launcher whose time was over would not have read on
        go.close_write();
        CHECK(launcher.ended().with(0));
        hold.close_write();
        orphans.wait_until_empty();
    }
}

TEST_CASE("a text that is too long for a record is cut, and the start goes on") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        Daemon daemon = Daemonizer("progress").wait_until_ready().daemonize();
        daemon.progress(std::string(100000, 'x'));
        daemon.progress("");
        daemon.ready();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK(ended.error == "progress: " + std::string(2000, 'x') + "\nprogress: \n");
    orphans.wait_until_empty();
}
