#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

using daemonize::Daemonizer;

TEST_CASE("a daemon works in the root directory, and so keeps no file system busy") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage inner;
        if (::chdir(directory.path().c_str()) != 0) return std::string("no directory");
        Daemonizer daemonizer("directory-test");
        const test::HeldDaemon daemon(daemonizer);
        return test::link_target(daemon.proc("cwd"));
    });
    CHECK(seen == "/");
}

TEST_CASE("a daemon works in the directory that it was given") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("directory-test");
    const test::HeldDaemon daemon(daemonizer.chdir(directory.path()));
    CHECK(test::link_target(daemon.proc("cwd")) == directory.path());
}

TEST_CASE("a relative directory means the launcher's") {
    const test::Directory directory;
    REQUIRE(::mkdir((directory / "below").c_str(), 0755) == 0);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        if (::chdir(directory.path().c_str()) != 0) return std::string("no directory");
        Daemonizer daemonizer("directory-test");
        const test::HeldDaemon daemon(daemonizer.chdir("below"));
        return test::link_target(daemon.proc("cwd"));
    });
    CHECK(seen == directory / "below");
}

TEST_CASE("a daemon stays in the launcher's directory where that is to be kept") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        if (::chdir(directory.path().c_str()) != 0) return std::string("no directory");
        Daemonizer daemonizer("directory-test");
        const test::HeldDaemon daemon(daemonizer.chdir(daemonize::keep));
        return test::link_target(daemon.proc("cwd"));
    });
    CHECK(seen == directory.path());
}

TEST_CASE("the launcher stays where it is") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string before = test::link_target("/proc/self/cwd");
    Daemonizer daemonizer("directory-test");
    const test::HeldDaemon daemon(daemonizer.chdir(directory.path()));
    CHECK(test::link_target("/proc/self/cwd") == before);
    CHECK(test::link_target(daemon.proc("cwd")) != before);
}

TEST_CASE("a directory that goes during the start fails it") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "gone";
    REQUIRE(::mkdir(path.c_str(), 0755) == 0);
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("directory-test").chdir(path).before_drop([&] { ::rmdir(path.c_str()); }).daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::chdir)));
    CHECK(ended.error == "directory-test: cannot change the directory to " + path + ": No such file or directory\n");
    CHECK(orphans.is_empty());
}
