// Failure, Error and Stage: one line for people, and a distinct exit status for each stage.
#include "support/catch.hpp"

#include <map>
#include <string>
#include <system_error>

#include <daemonize.hpp>

using daemonize::Error;
using daemonize::Failure;
using daemonize::Stage;

namespace {

// Generic, whose texts are the same on every system.
std::error_code no_such_file() { return std::make_error_code(std::errc::no_such_file_or_directory); }

} // namespace

TEST_CASE("a message without a detail does not end its step with a preposition") {
    CHECK(Failure(Stage::chdir, std::error_code(), "/x", "so").message() == "cannot change the directory to /x: so");
    CHECK(Failure(Stage::chdir, std::error_code(), "", "so").message() == "cannot change the directory: so");
}

TEST_CASE("each kind of failure has an exit status of its own") {
    std::map<int, Stage> seen;
    for (int i = 0; i <= static_cast<int>(Stage::body); ++i) {
        const Stage stage = static_cast<Stage>(i);
        const int code = daemonize::exit_code(stage);
        INFO("stage " << i << " ends with " << code);
        CHECK(code > 0);
        CHECK(code < 256);
        // A daemon that said nothing, and one that failed by its own word: both are the daemon's own plain failure.
        if (stage == Stage::readiness || stage == Stage::body) {
            CHECK(code == 1);
        } else {
            CHECK(code != 1);
            CHECK(seen.emplace(code, stage).second);
        }
    }
}

// Scripts and units go by them, and the README has them: sysexits.h's from 64 on, Windows' own steps from 80 on,
// timeout(1)'s and the shell's, and systemd.exec(5)'s from 200 on.
TEST_CASE("the exit statuses are the known ones") {
    const std::map<Stage, int> known = {{Stage::readiness, 1},
                                        {Stage::body, 1},
                                        {Stage::options, 64},
                                        {Stage::flush, 66},
                                        {Stage::sockets, 67},
                                        {Stage::notification, 68},
                                        {Stage::before_drop, 69},
                                        {Stage::threads, 70},
                                        {Stage::memory, 204},
                                        {Stage::fork, 71},
                                        {Stage::null_device, 72},
                                        {Stage::pid_file_open, 73},
                                        {Stage::pid_file_write, 74},
                                        {Stage::pid_file_lock, 75},
                                        {Stage::channel, 76},
                                        {Stage::events, 77},
                                        {Stage::configuration, 78},
                                        {Stage::instance, 79},
                                        {Stage::dispatcher, 80},
                                        {Stage::service_manager, 81},
                                        {Stage::service_open, 82},
                                        {Stage::service_install, 83},
                                        {Stage::service_configure, 84},
                                        {Stage::service_uninstall, 85},
                                        {Stage::service_start, 86},
                                        {Stage::service_stop, 87},
                                        {Stage::service_control, 88},
                                        {Stage::service_query, 89},
                                        {Stage::service_wait, 90},
                                        {Stage::event_log, 91},
                                        {Stage::timeout, 124},
                                        {Stage::interrupted, 130},
                                        {Stage::chdir, 200},
                                        {Stage::descriptors, 202},
                                        {Stage::limits, 205},
                                        {Stage::signal_reset, 207},
                                        {Stage::standard_input, 208},
                                        {Stage::standard_output, 209},
                                        {Stage::chroot, 210},
                                        {Stage::group, 216},
                                        {Stage::user, 217},
                                        {Stage::capabilities, 218},
                                        {Stage::setsid, 220},
                                        {Stage::standard_error, 222},
                                        {Stage::no_new_privileges, 227},
                                        {Stage::runtime_directory, 233},
                                        {Stage::state_directory, 238},
                                        {Stage::log_directory, 240}};
    CHECK(known.size() == static_cast<std::size_t>(Stage::event_log) + 1);
    for (const auto& one : known) {
        INFO("stage " << static_cast<int>(one.first));
        CHECK(daemonize::exit_code(one.first) == one.second);
    }
    CHECK(daemonize::exit_code(static_cast<Stage>(1000)) == 1); // of no step
}

TEST_CASE("a stage has the name of its enumerator as a text") {
    using daemonize::to_string;
    CHECK(to_string(Stage::options) == std::string("options"));
    CHECK(to_string(Stage::pid_file_lock) == std::string("pid_file_lock"));
    CHECK(to_string(Stage::event_log) == std::string("event_log"));
    CHECK(to_string(static_cast<Stage>(1000)) == std::string("body"));
    static_assert(noexcept(to_string(Stage::options)), "it can be used where nothing may throw");
    std::map<std::string, Stage> seen;
    for (int i = 0; i <= static_cast<int>(Stage::event_log); ++i) {
        CHECK(seen.emplace(to_string(static_cast<Stage>(i)), static_cast<Stage>(i)).second);
    }
}

TEST_CASE("a message says the step, the thing and the reason") {
    const Failure failure(Stage::pid_file_open, no_such_file(), "/run/x/timestampd.pid");
    CHECK(failure.message() == "cannot open the pid file /run/x/timestampd.pid: No such file or directory");
    CHECK(failure.detail() == "/run/x/timestampd.pid");
    CHECK(failure.code() == std::errc::no_such_file_or_directory);
    CHECK(failure.stage() == Stage::pid_file_open);
}

TEST_CASE("a reason is said in place of the error's own text") {
    const Failure failure(Stage::user, no_such_file(), "bob", "there is no such user");
    CHECK(failure.message() == "cannot become the user bob: there is no such user");
}

TEST_CASE("a failure about nothing in particular has no gap in its message") {
    CHECK(Failure(Stage::fork, no_such_file(), "").message() == "cannot fork: No such file or directory");
}

TEST_CASE("what a body said of its failure stands as it said it") {
    CHECK(Failure(Stage::body, no_such_file(), "", "no route to the database").message() == "no route to the database");
}

TEST_CASE("a message is one line, whatever went into it") {
    const Failure failure(Stage::chdir, no_such_file(), "/srv/a\nb\tc\x1b[2J", "line\r\nline\n\n");
    CHECK(failure.message() == "cannot change the directory to /srv/a b c [2J: line  line");
    CHECK(Failure(Stage::body, no_such_file(), "", "caf\xc3\xa9\x7f").message() == "caf\xc3\xa9");
}

TEST_CASE("a failure that is none says so") {
    const Failure none;
    CHECK_FALSE(none);
    CHECK(none.message().empty());
    CHECK(none.exit_code() == 0);
    CHECK_FALSE(none.code());
}

TEST_CASE("a failure never ends with success") {
    Failure failure(Stage::chdir, no_such_file(), "/x");
    CHECK(failure.exit_code() == 200);
    failure.exit_code(42);
    CHECK(failure.exit_code() == 42);
    failure.exit_code(0);
    CHECK(failure.exit_code() == 1);
}

TEST_CASE("an error is the system_error of its failure, and says its message once") {
    const Error error(Failure(Stage::chdir, no_such_file(), "/nowhere"));
    const std::system_error& base = error;
    CHECK(base.code() == std::errc::no_such_file_or_directory);
    CHECK(std::string(base.what()) == "cannot change the directory to /nowhere: No such file or directory");
    CHECK(error.failure().detail() == "/nowhere");
}

TEST_CASE("the throwing forms throw the failure of their other form, and nothing without one") {
    Failure none;
    CHECK_NOTHROW(daemonize::detail::throw_if(none));
    CHECK_NOTHROW(daemonize::detail::throw_unless(true, none));
    Failure failure(Stage::chdir, no_such_file(), "/nowhere");
    CHECK_THROWS_AS(daemonize::detail::throw_if(failure), Error);
}
