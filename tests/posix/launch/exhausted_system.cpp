// A launch without free disk space, processes or descriptors: one line, and nothing is left.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <cstdio>
#include <string>
#include <sys/resource.h>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Stage;

namespace {

constexpr uid_t nobodys_number = 1000000000; // and a process number more: a user whose processes are this test's alone

bool is_one_line(const std::string& text) { return text.find('\n') == text.size() - 1; }

} // namespace

TEST_CASE("output that stdio still holds for a full disk is told, for it would come out twice or never") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        if (std::freopen("/dev/full", "w", stdout) == nullptr) return 99;
        std::puts("what cannot be written");
        Daemonizer("full").daemonize();
        return 0;
    });
    CHECK(ended.with(daemonize::exit_code(Stage::flush)));
    CHECK(ended.error == "full: cannot write out the buffers of stdio: No space left on device\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a fork that the limit of processes forbids is told, the first one and the second one") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const uid_t user = nobodys_number + static_cast<uid_t>(::getpid());
    REQUIRE(::chown(directory.path().c_str(), user, user) == 0);
    for (const rlim_t processes : {1u, 2u}) {
        const test::Ended ended = test::run_launcher([&] {
            test::become_nobody(user);
            const struct rlimit limit = {processes, processes};
            if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return 99;
            Daemonizer("full").pid_file(directory / "pid").daemonize();
            return 0;
        });
        INFO("processes allowed: " << processes);
        CHECK(ended.with(daemonize::exit_code(Stage::fork)));
        CHECK(ended.error == "full: cannot fork: Resource temporarily unavailable\n");
        CHECK_FALSE(test::exists(directory / "pid"));
        CHECK(orphans.is_empty());
    }
    const test::Ended ended = test::run_launcher([&] {
        test::become_nobody(user);
        const struct rlimit limit = {3, 3};
        if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return 99;
        Daemonizer("full").daemonize();
        return 0;
    });
    CHECK(ended.with(0));
    orphans.wait_until_empty();
}

TEST_CASE("with any number of descriptors left, the start succeeds or says that there are too few") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "pid";
    bool has_succeeded = false;
    for (int left = 0; left < 24; ++left) {
        const test::Ended ended = test::run_launcher([&] {
            const struct rlimit limit = {64, 64};
            if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 99;
            while (::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) >= 0) {
            }
            for (int number = 63; number > 63 - left; --number) ::close(number);
            Daemonizer("full").pid_file(path).stdout_to(directory / "log").wait_until_ready().daemonize().ready();
            std::exit(0);
        });
        INFO("descriptors left: " << left << ", it said: " << ended.error);
        if (ended.with(0)) {
            has_succeeded = true;
            CHECK(ended.error.empty());
        } else {
            CHECK_FALSE(has_succeeded);
            CHECK(is_one_line(ended.error));
            CHECK(ended.error.compare(0, 13, "full: cannot ") == 0);
            CHECK(ended.error.find(": Too many open files\n") != std::string::npos);
            CHECK(orphans.is_empty());
        }
        orphans.wait_until_empty();
        CHECK_FALSE(test::exists(path));
    }
    CHECK(has_succeeded);
}

TEST_CASE("a pid file that cannot be written is told, and goes") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        const struct rlimit nothing = {0, 0};
        if (::setrlimit(RLIMIT_FSIZE, &nothing) != 0) return 99;
        Daemonizer("full").pid_file(directory / "pid").daemonize();
        return 0;
    });
    CHECK(ended.with(daemonize::exit_code(Stage::pid_file_write)));
    CHECK(ended.error == "full: cannot write the pid file " + (directory / "pid") + ": File too large\n");
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(orphans.is_empty());
}
