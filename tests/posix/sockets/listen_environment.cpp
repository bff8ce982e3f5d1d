// Passed descriptors from number 3 on (sd_listen_fds(3)), and the variables that name the process.
#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

namespace {

using daemonize::Daemonizer;

std::string variable(const char* name) {
    const char* value = ::getenv(name);
    return value == nullptr ? "none" : value;
}

// A launcher with 3, 4 and 5 open, and LISTEN_FDS as given; what of these its daemon has, and whom the variables name.
std::string activated(
    const std::string& count, bool is_ours, void (*arrange)(Daemonizer&) = [](Daemonizer&) {}) {
    return test::in_child([&] {
        const test::Orphanage orphans;
        const int file = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        const int source = ::fcntl(file, F_DUPFD_CLOEXEC, 10);
        for (int i = 3; i < 6; ++i) {
            if (::dup2(source, i) != i) return std::string("no descriptor");
        }
        const pid_t named = is_ours ? ::getpid() : ::getppid();
        ::setenv("LISTEN_PID", std::to_string(named).c_str(), 1);
        ::setenv("WATCHDOG_PID", std::to_string(named).c_str(), 1);
        ::setenv("LISTEN_FDS", count.c_str(), 1);
        Daemonizer daemonizer("activation-test");
        arrange(daemonizer);
        const test::HeldDaemon daemon(daemonizer, [&] {
            std::string result;
            for (int i = 3; i < 6; ++i) result += ::fcntl(i, F_GETFD) == -1 ? "" : std::to_string(i) + " ";
            for (const char* name : {"LISTEN_PID", "WATCHDOG_PID"}) {
                const std::string pid = variable(name);
                result += pid == std::to_string(::getpid()) ? "daemon "
                          : pid == std::to_string(named)    ? "same "
                                                            : pid + " ";
            }
            return result + variable("LISTEN_FDS");
        });
        return daemon.reported();
    });
}

} // namespace

TEST_CASE("activation descriptors are kept, and the variables name the daemon") {
    CHECK(activated("1", true) == "3 daemon daemon 1");
    CHECK(activated("2", true) == "3 4 daemon daemon 2");
}

TEST_CASE("the variables name the daemon that was forked once, too") {
    CHECK(activated("2", true, [](Daemonizer& d) { d.fork(daemonize::Fork::once); }) == "3 4 daemon daemon 2");
}

TEST_CASE("what was passed to another process is closed, and the variables go on naming that one") {
    CHECK(activated("2", false) == "same same 2");
}

TEST_CASE("a nonsensical number of activation descriptors keeps none") {
    const std::string count = GENERATE(as<std::string>{}, "0", "-1", "", "2 ", "two", "99999999999999999999");
    CHECK(activated(count, true) == "daemon daemon " + count);
}

TEST_CASE("more activation descriptors than there are do no harm") {
    CHECK(activated("1000000", true) == "3 4 5 daemon daemon 1000000");
}

TEST_CASE("the variables go where only others are kept, and the descriptors stay") {
    CHECK(activated("2", true, [](Daemonizer& d) { d.environment({"LISTEN_FDS"}); }) == "3 4 none none 2");
    CHECK(activated("2", true, [](Daemonizer& d) {
              d.environment({"LISTEN_FDS", "LISTEN_PID"});
          }) == "3 4 daemon none 2");
}
