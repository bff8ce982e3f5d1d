#include "support/abilities.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <sys/resource.h>

namespace {

using daemonize::Daemonizer;

template <class Resource>
struct rlimit limit_of(pid_t pid, Resource resource) {
    struct rlimit limit = {};
    if (::prlimit(pid, resource, nullptr, &limit) != 0) throw std::runtime_error("cannot ask for a limit");
    return limit;
}

} // namespace

TEST_CASE("a daemon has the soft and hard limits that it was given") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("limits-test");
    const test::HeldDaemon daemon(daemonizer.rlimit(RLIMIT_NOFILE, 222, 333).rlimit(RLIMIT_CORE, 0));
    const struct rlimit files = limit_of(daemon.pid(), RLIMIT_NOFILE);
    CHECK(files.rlim_cur == 222);
    CHECK(files.rlim_max == 333);
    const struct rlimit core = limit_of(daemon.pid(), RLIMIT_CORE);
    CHECK(core.rlim_cur == 0);
    CHECK(core.rlim_max == 0);
}

TEST_CASE("the launcher's limits stay") {
    const test::Orphanage orphans;
    const struct rlimit before = limit_of(0, RLIMIT_NOFILE);
    Daemonizer daemonizer("limits-test");
    const test::HeldDaemon daemon(daemonizer.rlimit(RLIMIT_NOFILE, 222));
    REQUIRE(before.rlim_max != 222);
    CHECK(limit_of(0, RLIMIT_NOFILE).rlim_cur == before.rlim_cur);
    CHECK(limit_of(0, RLIMIT_NOFILE).rlim_max == before.rlim_max);
    CHECK(limit_of(daemon.pid(), RLIMIT_NOFILE).rlim_max == 222);
}

TEST_CASE("a hard limit is raised where root may, and fails the start where root lacks that capability") {
    NEEDS(root());
    const struct rlimit low = {300, 300}, high = {400, 400};
    const auto is_set = [](const struct rlimit& limit) { return ::setrlimit(RLIMIT_NOFILE, &limit) == 0; };
    const bool may =
        test::in_child([&] { return std::string(is_set(low) && is_set(high) ? "may" : "may not"); }) == "may";
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        if (!is_set(low)) return std::string("cannot lower the limit");
        Daemonizer daemonizer("limits-test");
        const test::HeldDaemon daemon(daemonizer.rlimit(RLIMIT_NOFILE, 400));
        return std::to_string(limit_of(daemon.pid(), RLIMIT_NOFILE).rlim_max);
    });
    CHECK(seen == (may ? "400"
                       : "it threw: the launch failed: cannot set the resource limit RLIMIT_NOFILE: "
                         "Operation not permitted"));
}

TEST_CASE("a hard limit that another user would raise is refused before any fork") {
    NEEDS(ordinary_user());
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        const struct rlimit low = {300, 300};
        if (::setrlimit(RLIMIT_NOFILE, &low) != 0) return 90;
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 91;
        Daemonizer("limits-test").rlimit(RLIMIT_NOFILE, 300, 400).daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::limits)));
    CHECK(ended.error ==
          "limits-test: cannot set the resource limit rlimit(RLIMIT_NOFILE): only root may raise the hard limit\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a soft limit above the hard one is refused") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        Daemonizer("limits-test").rlimit(RLIMIT_CORE, 2, 1).daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::options)));
    CHECK(ended.error == "limits-test: cannot accept rlimit(RLIMIT_CORE): the soft limit is above the hard one\n");
}

TEST_CASE("a limit that the daemon cannot set fails the start") {
    NEEDS(ordinary_user());
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 91;
        const struct rlimit limit = limit_of(0, RLIMIT_CORE);
        Daemonizer("limits-test")
            .rlimit(RLIMIT_CORE, limit.rlim_max, limit.rlim_max)
            .rlimit(RLIMIT_NOFILE, 50)
            .before_drop([] {
                const struct rlimit low = {40, 40};
                ::setrlimit(RLIMIT_NOFILE, &low);
            })
            .daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::limits)));
    CHECK(ended.error == "limits-test: cannot set the resource limit RLIMIT_NOFILE: Operation not permitted\n");
    CHECK(orphans.is_empty());
}

TEST_CASE("a resource that this system does not have is told") {
    const test::Ended ended = test::run_launcher([] {
        Daemonizer("limits-test").rlimit(9999, 1).daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::options)));
    CHECK(ended.error == "limits-test: cannot accept rlimit(of a resource that is not POSIX's): Invalid argument\n");
}
