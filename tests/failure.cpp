// Failure, Error and Stage: one line for people, an exit status of its own for each kind of failure.
#include "catch.hpp"

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

TEST_CASE("the exit statuses are the known ones") {
    CHECK(daemonize::exit_code(Stage::options) == 64);       // EX_USAGE
    CHECK(daemonize::exit_code(Stage::pid_file_open) == 73); // EX_CANTCREAT
    CHECK(daemonize::exit_code(Stage::pid_file_lock) == 75); // EX_TEMPFAIL
    CHECK(daemonize::exit_code(Stage::timeout) == 124);      // timeout(1)
    CHECK(daemonize::exit_code(Stage::interrupted) == 130);  // the shell's, for SIGINT
    CHECK(daemonize::exit_code(Stage::chdir) == 200);        // systemd.exec(5) from here on
    CHECK(daemonize::exit_code(Stage::group) == 216);
    CHECK(daemonize::exit_code(Stage::user) == 217);
    CHECK(daemonize::exit_code(Stage::setsid) == 220);
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
