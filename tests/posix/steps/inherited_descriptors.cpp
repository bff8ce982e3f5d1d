#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <algorithm>
#include <set>

namespace {

using daemonize::Daemonizer;

std::set<int> with_standard(std::set<int> others) {
    others.insert({0, 1, 2});
    return others;
}

int high_file() {
    const int low = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    const int high = ::fcntl(low, F_DUPFD, 20);
    ::close(low);
    return high;
}

// Whether a program that is started inherits it: as the kernel has it.
bool is_inherited(const test::HeldDaemon& daemon, int number) {
    const std::string file_info = test::contents(daemon.proc("fdinfo/" + std::to_string(number)));
    const std::size_t flags = file_info.find("flags:");
    if (flags == std::string::npos) throw std::runtime_error("no such descriptor");
    return (std::strtoul(file_info.c_str() + flags + 6, nullptr, 8) & O_CLOEXEC) == 0;
}

} // namespace

TEST_CASE("a daemon has no descriptor but the standard ones and those that it was to keep") {
    const test::Orphanage orphans;
    const daemonize::Fork fork = GENERATE(daemonize::Fork::twice, daemonize::Fork::once);
    const int left = high_file(), kept = high_file();
    Daemonizer daemonizer("descriptors-test");
    const test::HeldDaemon daemon(daemonizer.fork(fork).keep_fd(kept));
    CHECK(test::open_descriptors(daemon.pid()) == with_standard({kept, daemon.descriptor()}));
    ::close(left);
    ::close(kept);
}

TEST_CASE("once ready a daemon has nothing left of the launch") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("descriptors-test");
    daemonizer.wait_until_ready().stdout_to(directory / "out").stderr_to(directory / "err");
    const test::HeldDaemon daemon(daemonizer, [](daemonize::Daemon& self) {
        self.ready();
        return std::string();
    });
    CHECK(test::open_descriptors(daemon.pid()) == with_standard({daemon.descriptor()}));
}

TEST_CASE("before it is ready, a daemon passes nothing of the launch on to the programs that it starts") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("descriptors-test");
    daemonizer.wait_until_ready().stderr_to(directory / "err").pid_file(directory / "pid");
    const std::string command = "ls -l /proc/self/fd > " + directory / "seen";
    const test::HeldDaemon daemon(daemonizer, [&](daemonize::Daemon& self) {
        const int status = std::system(command.c_str());
        self.ready();
        return std::to_string(status);
    });
    REQUIRE(daemon.reported() == "0");
    // 0, its own output, the launcher's pipe as standard error, and the folder that it reads.
    const std::string seen = test::contents(directory / "seen");
    INFO(seen);
    CHECK(std::count(seen.begin(), seen.end(), '>') == 4);
    CHECK(seen.find("socket:") == std::string::npos);
    CHECK(seen.find(directory / "pid") == std::string::npos);
    CHECK(seen.find(directory / "err") == std::string::npos);
}

TEST_CASE("the list of what to keep may have gaps, repetitions and any order") {
    const test::Orphanage orphans;
    const int source = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (const int number : {40, 41, 42, 50, 60, 61}) REQUIRE(::dup2(source, number) == number);
    Daemonizer daemonizer("descriptors-test");
    daemonizer.keep_fd(61).keep_fd(40).keep_fd(50).keep_fd(42).keep_fd(50).keep_fd(40);
    const test::HeldDaemon daemon(daemonizer);
    CHECK(test::open_descriptors(daemon.pid()) == with_standard({40, 42, 50, 61, daemon.descriptor()}));
    for (const int number : {source, 40, 41, 42, 50, 60, 61}) ::close(number);
}

TEST_CASE("a kept descriptor keeps its flags") {
    const test::Orphanage orphans;
    const int inherited = high_file(), close_on_exec = high_file();
    REQUIRE(::fcntl(close_on_exec, F_SETFD, FD_CLOEXEC) == 0);
    Daemonizer daemonizer("descriptors-test");
    const test::HeldDaemon daemon(daemonizer.keep_fd(inherited).keep_fd(close_on_exec));
    CHECK(is_inherited(daemon, inherited));
    CHECK_FALSE(is_inherited(daemon, close_on_exec));
    ::close(inherited);
    ::close(close_on_exec);
}

TEST_CASE("a daemon has all of its launcher's descriptors where they are not to be closed, and none of the launch's") {
    const bool wait = GENERATE(false, true);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        const test::Directory directory;
        const int marker = high_file();
        Daemonizer daemonizer("descriptors-test");
        daemonizer.close_fds(false).stderr_to(directory / "err");
        if (wait) daemonizer.wait_until_ready();
        const test::HeldDaemon daemon(daemonizer, [](daemonize::Daemon& self) {
            self.ready();
            return std::string();
        });
        const std::set<int> its = test::open_descriptors(daemon.pid());
        const std::size_t own = test::open_descriptors().size();
        // Of the pair by which the daemon is held it has both ends, and the launcher one.
        return std::string(its.count(marker) == 1 ? "the marker" : "no marker") + ", and " +
               std::to_string(its.size() - own) + " more";
    });
    CHECK(seen == "the marker, and 1 more");
}

TEST_CASE("the standard streams are sane in a daemon whose launcher was started without some of them") {
    const int closed = GENERATE(range(0, 8));
    const bool wait = GENERATE(false, true);
    const bool keep = GENERATE(false, true);
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        Daemonizer daemonizer("descriptors-test");
        daemonizer.pid_file(directory / "pid").stdout_to(directory / "out");
        if (wait) daemonizer.wait_until_ready();
        if (keep) daemonizer.stdin_from(daemonize::keep).stderr_to(daemonize::keep);
        const int file = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 3; ++i) {
            if (::dup2(file, i) != i) return std::string("no stream");
            if ((closed >> i & 1) != 0) ::close(i);
        }
        ::close(file);
        const test::HeldDaemon daemon(daemonizer, [](daemonize::Daemon& self) {
            self.ready();
            return std::to_string(::write(1, "out", 3) == 3 && ::write(2, "error", 5) == 5);
        });
        std::string result = daemon.reported();
        for (const char* number : {"0", "1", "2"}) result += " " + test::link_target(daemon.proc("fd/") + number);
        return result + " " + std::to_string(test::open_descriptors(daemon.pid()).size());
    });
    const auto expected = [&](int stream) {
        return keep && (closed >> stream & 1) == 0 ? std::string(" /dev/zero") : std::string(" /dev/null");
    };
    // Five: these three, the pid file, and what it is held by.
    CHECK(seen == "1" + expected(0) + " " + directory / "out" + expected(2) + " 5");
    CHECK(test::contents(directory / "out") == "out");
}

TEST_CASE("a launcher without standard streams still tells what failed by its exit status") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        for (int i = 0; i < 3; ++i) ::close(i);
        Daemonizer("descriptors-test")
            .wait_until_ready()
            .before_drop([](std::string& why) {
                why = "no luck";
                return false;
            })
            .daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::before_drop)));
    CHECK(ended.error.empty());
    CHECK(orphans.is_empty());
}
