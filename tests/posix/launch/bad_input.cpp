// Invalid input: one line with the reason, the exit status of the stage, and nothing left behind.
#include "support/abilities.hpp"

#include <climits>
#include <cstdio>
#include <string>
#include <sys/resource.h>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Stage;

namespace {

// How a launcher ends that was set up by `configure`.
template <class Configure>
test::Ended launch_with(Configure configure) {
    return test::run_launcher([&] {
        Daemonizer daemonizer("bad");
        configure(daemonizer);
        daemonizer.daemonize();
        return 0;
    });
}

// Whether the launcher said just this line, ended with the stage's status, and left nothing.
template <class Configure>
void check_refused(Stage stage, const std::string& message, Configure configure) {
    const test::Orphanage orphans;
    const test::Ended ended = launch_with(configure);
    CHECK(ended.error == "bad: " + message + "\n");
    CHECK(ended.code() == daemonize::exit_code(stage));
    CHECK(orphans.is_empty());
}

void set_limit(daemonize::detail::RlimitResource resource, rlim_t value) {
    const struct rlimit limit = {value, value};
    if (::setrlimit(resource, &limit) != 0) std::abort();
}

} // namespace

TEST_CASE("a pid file in a directory that is not there is refused") {
    const test::Directory directory;
    const std::string path = directory / "missing/timestampd.pid";
    check_refused(Stage::pid_file_open, "cannot open the pid file " + path + ": No such file or directory",
                  [&](Daemonizer& daemonizer) { daemonizer.pid_file(path); });
    CHECK_FALSE(test::exists(directory / "missing"));
}

TEST_CASE("a directory to work in that is not there, or is none, is refused") {
    const test::Directory directory;
    const std::string missing = directory / "missing";
    check_refused(Stage::chdir, "cannot change the directory to " + missing + ": No such file or directory",
                  [&](Daemonizer& daemonizer) { daemonizer.chdir(missing); });
    const std::string file = directory / "file";
    test::write_file(file, "");
    check_refused(Stage::chdir, "cannot change the directory to " + file + ": Not a directory",
                  [&](Daemonizer& daemonizer) { daemonizer.chdir(file); });
}

TEST_CASE("an empty path is refused, whatever it was for") {
    check_refused(Stage::chdir, "cannot change the directory: the path is empty",
                  [](Daemonizer& daemonizer) { daemonizer.chdir(""); });
    check_refused(Stage::pid_file_open, "cannot open the pid file: the path is empty",
                  [](Daemonizer& daemonizer) { daemonizer.pid_file(""); });
    check_refused(Stage::standard_input, "cannot open standard input: the path is empty",
                  [](Daemonizer& daemonizer) { daemonizer.stdin_from(""); });
    check_refused(Stage::standard_output, "cannot open standard output: the path is empty",
                  [](Daemonizer& daemonizer) { daemonizer.stdout_to(""); });
    check_refused(Stage::standard_error, "cannot open standard error: the path is empty",
                  [](Daemonizer& daemonizer) { daemonizer.stderr_to(""); });
}

TEST_CASE("an entry in the list of environment variables that is no name is refused") {
    for (const std::string variable : {"", "A=B", "=", "A="}) {
        check_refused(Stage::options,
                      "cannot accept environment(\"" + variable +
                          "\"): the list has names of variables: not empty, and without =",
                      [&](Daemonizer& daemonizer) {
                          daemonizer.environment({"PATH", variable});
                      });
    }
}

TEST_CASE("a relative path into nowhere is refused by its whole name") {
    const test::Directory directory;
    const auto in_directory = [&] {
        if (::chdir(directory.path().c_str()) != 0) std::abort();
    };
    check_refused(Stage::pid_file_open,
                  "cannot open the pid file " + directory.path() + "/no/where.pid: No such file or directory",
                  [&](Daemonizer& daemonizer) {
                      in_directory();
                      daemonizer.pid_file("no/where.pid");
                  });
    check_refused(Stage::standard_output,
                  "cannot open standard output to " + directory.path() + "/no/log: No such file or directory",
                  [&](Daemonizer& daemonizer) {
                      in_directory();
                      daemonizer.stdout_to("no/log");
                  });
}

TEST_CASE("an unknown user or group is refused") {
    check_refused(Stage::user, "cannot become the user no-such-user: there is no such user",
                  [](Daemonizer& daemonizer) { daemonizer.user("no-such-user"); });
    check_refused(Stage::group, "cannot take the group no-such-group: there is no such group",
                  [](Daemonizer& daemonizer) { daemonizer.group("no-such-group"); });
    check_refused(Stage::group, "cannot take the group no-such-group: there is no such group",
                  [](Daemonizer& daemonizer) { daemonizer.user("daemon").group("no-such-group"); });
    check_refused(Stage::user, "cannot become the user -1: there is no such user",
                  [](Daemonizer& daemonizer) { daemonizer.user("-1"); });
    check_refused(Stage::user, "cannot become the user: there is no such user",
                  [](Daemonizer& daemonizer) { daemonizer.user(""); });
    check_refused(Stage::group, "cannot take the group 4294967295: there is no such group",
                  [](Daemonizer& daemonizer) { daemonizer.group("4294967295"); });
}

TEST_CASE("a user or group ID of -1 is refused") {
    check_refused(Stage::user, "cannot become the user 4294967295: -1 is no user ID",
                  [](Daemonizer& daemonizer) { daemonizer.user(static_cast<uid_t>(-1)); });
    check_refused(Stage::group, "cannot take the group 4294967295: -1 is no group ID",
                  [](Daemonizer& daemonizer) { daemonizer.group(static_cast<gid_t>(-1)); });
}

TEST_CASE("a umask with more bits than a mask has is refused") {
    for (const mode_t mask : {mode_t{01000}, mode_t{017777}, static_cast<mode_t>(-1)}) {
        char octal[16];
        std::snprintf(octal, sizeof octal, "%o", static_cast<unsigned>(mask));
        check_refused(Stage::options, "cannot accept umask(0" + std::string(octal) + "): a mask has the bits 0777 only",
                      [&](Daemonizer& daemonizer) { daemonizer.umask(mask); });
    }
    CHECK(Daemonizer("bad").umask(0777).check().empty());
}

TEST_CASE("a value that no enumerator has is refused, and explained without a fault") {
    for (const int value : {-1, 3, 99}) {
        check_refused(Stage::options, "cannot accept fork(): no enumerator has this value",
                      [&](Daemonizer& daemonizer) { daemonizer.fork(static_cast<daemonize::Fork>(value)); });
        check_refused(Stage::options, "cannot accept sigchld(): no enumerator has this value",
                      [&](Daemonizer& daemonizer) { daemonizer.sigchld(static_cast<daemonize::Sigchld>(value)); });
        const std::string text = Daemonizer("bad").sigchld(static_cast<daemonize::Sigchld>(value)).explain();
        CHECK(text.find("problem: cannot accept sigchld()") != std::string::npos);
    }
}

TEST_CASE("a standard stream is refused as a descriptor to keep") {
    for (const int number : {0, 1, 2}) {
        check_refused(Stage::options,
                      "cannot accept keep_fd(" + std::to_string(number) +
                          "): it is a standard stream: stdin_from(), stdout_to() and stderr_to() keep those",
                      [&](Daemonizer& daemonizer) { daemonizer.keep_fd(number); });
    }
}

TEST_CASE("a user or a group without permission to take it is refused") {
    NEEDS(ordinary_user());
    check_refused(Stage::user, "cannot become the user root: only root may become another user",
                  [](Daemonizer& daemonizer) {
                      test::become_nobody();
                      daemonizer.user("root");
                  });
    check_refused(Stage::group, "cannot take the group root: only root may take another group",
                  [](Daemonizer& daemonizer) {
                      test::become_nobody();
                      daemonizer.group("root");
                  });
    check_refused(Stage::chroot, "cannot change the root directory to /tmp: only root may", [](Daemonizer& daemonizer) {
        test::become_nobody();
        daemonizer.chroot("/tmp");
    });
}

TEST_CASE("a pid file that is a directory, or in a directory without permission, is refused") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    const std::string path = directory / "pid";
    REQUIRE(::mkdir(path.c_str(), 0755) == 0);
    check_refused(Stage::pid_file_open, "cannot open the pid file " + path + ": Is a directory",
                  [&](Daemonizer& daemonizer) { daemonizer.pid_file(path); });
    check_refused(Stage::pid_file_open, "cannot open the pid file /pid-of-nobody: Permission denied",
                  [](Daemonizer& daemonizer) {
                      test::become_nobody();
                      daemonizer.pid_file("/pid-of-nobody");
                  });
}

TEST_CASE("a time-out that is not longer than nothing is refused") {
    for (const Duration timeout : {Duration(), Duration::seconds(-1), Duration::nanoseconds(INT64_MIN)}) {
        check_refused(Stage::options, "cannot accept wait_until_ready(): the time-out must be longer than nothing",
                      [&](Daemonizer& daemonizer) { daemonizer.wait_until_ready(timeout); });
    }
}

TEST_CASE("a descriptor that is not open is refused") {
    for (const int number : {-1, 999, INT_MAX, INT_MIN}) {
        const std::string called = "(" + std::to_string(number) + "): Bad file descriptor";
        check_refused(Stage::options, "cannot accept keep_fd" + called,
                      [&](Daemonizer& daemonizer) { daemonizer.keep_fd(number); });
        check_refused(Stage::options, "cannot accept stdin_from" + called,
                      [&](Daemonizer& daemonizer) { daemonizer.stdin_from(number); });
        check_refused(Stage::options, "cannot accept stdout_to" + called,
                      [&](Daemonizer& daemonizer) { daemonizer.stdout_to(number); });
        check_refused(Stage::options, "cannot accept stderr_to" + called,
                      [&](Daemonizer& daemonizer) { daemonizer.stderr_to(number); });
    }
}

TEST_CASE("a log in a directory that is not there is refused") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    const std::string path = directory / "missing/log";
    check_refused(Stage::standard_output, "cannot open standard output to " + path + ": No such file or directory",
                  [&](Daemonizer& daemonizer) { daemonizer.stdout_to(path); });
    check_refused(Stage::standard_error, "cannot open standard error to " + path + ": No such file or directory",
                  [&](Daemonizer& daemonizer) { daemonizer.stderr_to(path); });
    check_refused(Stage::standard_input,
                  "cannot open standard input from " + directory.path() + "/none: No such file or directory",
                  [&](Daemonizer& daemonizer) { daemonizer.stdin_from(directory / "none"); });
    check_refused(Stage::standard_output, "cannot open standard output to /log-of-nobody: Permission denied",
                  [](Daemonizer& daemonizer) {
                      test::become_nobody();
                      daemonizer.stdout_to("/log-of-nobody");
                  });
}

TEST_CASE("a name that would break the message, or a path, is refused") {
    const auto error_of = [](const std::string& name) {
        const test::Orphanage orphans;
        const test::Ended ended = test::run_launcher([&] {
            Daemonizer(name).daemonize();
            return 0;
        });
        CHECK(ended.code() == daemonize::exit_code(Stage::options));
        CHECK(orphans.is_empty());
        return ended.error;
    };
    CHECK(error_of("") == "daemon: cannot accept the name: it is empty\n");
    CHECK(error_of("a/b") == "a/b: cannot accept the name a/b: it holds a slash or a control character\n");
    CHECK(error_of("a\nb") == "a b: cannot accept the name a b: it holds a slash or a control character\n");
}

TEST_CASE("a limit that cannot be set is refused") {
    NEEDS(ordinary_user());
    check_refused(
        Stage::options, "cannot accept rlimit(of a resource that is not POSIX's): Invalid argument",
        [](Daemonizer& daemonizer) { daemonizer.rlimit(static_cast<daemonize::detail::RlimitResource>(99), 1); });
    check_refused(Stage::options, "cannot accept rlimit(RLIMIT_NOFILE): the soft limit is above the hard one",
                  [](Daemonizer& daemonizer) { daemonizer.rlimit(RLIMIT_NOFILE, 20, 10); });
    check_refused(Stage::limits,
                  "cannot set the resource limit rlimit(RLIMIT_NOFILE): only root may raise the hard limit",
                  [](Daemonizer& daemonizer) {
                      test::become_nobody();
                      set_limit(RLIMIT_NOFILE, 100);
                      daemonizer.rlimit(RLIMIT_NOFILE, 200);
                  });
}

TEST_CASE("several mistakes are told at once, a line each, and the first one's status counts") {
    const test::Orphanage orphans;
    const test::Ended ended = launch_with([](Daemonizer& daemonizer) {
        daemonizer.keep_fd(999).chdir("/nowhere").user("no-such-user").wait_until_ready(Duration());
    });
    CHECK(ended.code() == daemonize::exit_code(Stage::options));
    CHECK(ended.error == "bad: cannot accept wait_until_ready(): the time-out must be longer than nothing\n"
                         "bad: cannot become the user no-such-user: there is no such user\n"
                         "bad: cannot accept keep_fd(999): Bad file descriptor\n"
                         "bad: cannot change the directory to /nowhere: No such file or directory\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a relative path in a directory that is gone is refused, and does not mean the root") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        if (::mkdir((directory / "gone").c_str(), 0755) != 0 || ::chdir((directory / "gone").c_str()) != 0 ||
            ::rmdir((directory / "gone").c_str()) != 0) {
            return std::string("it is not gone");
        }
        const daemonize::Launch launch = daemonize::Daemonizer("gone").pid_file("x.pid").launch([] {});
        return launch.failure().message() + (test::exists("/x.pid") ? ", and it was made" : "");
    });
    CHECK(seen ==
          "cannot open the pid file x.pid: the path is relative, and the launcher's directory does not exist any more");
}

TEST_CASE("a log that is the pid file is refused") {
    const test::Directory directory;
    const std::string path = directory / "both";
    const daemonize::Launch launch = daemonize::Daemonizer("both").pid_file(path).stdout_to(path).launch([] {});
    CHECK(launch.failure().message() == "cannot open standard output to " + path + ": it is the pid file");
    CHECK(!test::exists(path));
}

TEST_CASE("a step before the drop that returns false fails the launch, with or without words") {
    const test::Orphanage orphans;
    const daemonize::Launch silent = daemonize::Daemonizer("step").before_drop([] { return false; }).launch([] {});
    CHECK(silent.failure().stage() == daemonize::Stage::before_drop);
    CHECK(daemonize::Daemonizer("step").before_drop([] { return true; }).launch([] {}).ok());
    orphans.wait_until_empty();
}
