// A daemon in a new root directory: the files and options inside the new root work, and the pid file outside too.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <ctime>

using daemonize::Daemonizer;

namespace {

// A compiled time zone of one kind of time, ever: tzfile(5), version 1.
std::string time_zone(const char (&name)[4], unsigned char hours_east) {
    const unsigned seconds = hours_east * 3600u;
    std::string text = "TZif" + std::string(16, '\0');
    for (const char count : {'\0', '\0', '\0', '\0', '\1', '\4'}) text += std::string(3, '\0') + count;
    text += {'\0', '\0', static_cast<char>(seconds >> 8), static_cast<char>(seconds & 0xff), '\0', '\0'};
    return text + name + '\0';
}

} // namespace

TEST_CASE("a daemon in a new root has it as its root, and a working directory inside") {
    NEEDS(other_users());
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    REQUIRE(::mkdir((jail / "work").c_str(), 0755) == 0);
    SECTION("its root by default") {
        test::Held daemon(Daemonizer("jailed").chroot(jail.path()));
        REQUIRE(daemon.ok());
        const std::string process = "/proc/" + std::to_string(daemon.pid());
        CHECK(test::link_target(process + "/root") == jail.path());
        CHECK(test::link_target(process + "/cwd") == jail.path());
    }
    SECTION("the one that it was given, by its name inside") {
        test::Held daemon(Daemonizer("jailed").chroot(jail.path()).chdir("/work"));
        REQUIRE(daemon.ok());
        CHECK(test::link_target("/proc/" + std::to_string(daemon.pid()) + "/cwd") == jail / "work");
    }
    SECTION("none outside, even where the directory is kept") {
        test::Held daemon(Daemonizer("jailed").chroot(jail.path()).chdir(daemonize::keep));
        REQUIRE(daemon.ok());
        CHECK(test::link_target("/proc/" + std::to_string(daemon.pid()) + "/cwd") == jail.path());
    }
    SECTION("with the user dropped") {
        test::Held daemon(Daemonizer("jailed").chroot(jail.path()).user("65534").group("65534"),
                          [](test::Pipe& report) { report.send_text(std::to_string(test::inode_of("/")) + "\n"); });
        REQUIRE(daemon.ok());
        CHECK(daemon.line() == std::to_string(test::inode_of(jail.path())));
        CHECK(test::process_status("Uid", daemon.pid()) == "65534\t65534\t65534\t65534");
    }
}

TEST_CASE("a log of a daemon in a new root is opened inside, where it can be opened again") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    test::Held daemon(Daemonizer("jailed").chroot(jail.path()).stdout_to("/daemon.log"), [](test::Pipe& report) {
        std::printf("before\n");
        std::fflush(stdout);
        daemonize::Failure failure;
        const bool renamed = std::rename("/daemon.log", "/daemon.log.1") == 0;
        report.send_text(renamed && daemonize::Daemon().reopen_logs(failure) ? "reopened\n" : failure.message() + "\n");
        std::printf("after\n");
        std::fflush(stdout);
    });
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == "reopened");
    daemon.end();
    CHECK(test::contents(jail / "daemon.log.1") == "before\n");
    CHECK(test::contents(jail / "daemon.log") == "after\n");
}

TEST_CASE("relative paths mean the launcher's directory, which must be inside the new root") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    const std::string before = test::link_target("/proc/self/cwd");
    const std::string inside = jail / "inside";
    REQUIRE(::mkdir(inside.c_str(), 0755) == 0);
    REQUIRE(::chdir(inside.c_str()) == 0);
    {
        test::Held daemon(Daemonizer("jailed").chroot(jail.path()).chdir(".").stdout_to("daemon.log"));
        CHECK(::chdir(before.c_str()) == 0);
        REQUIRE(daemon.ok());
        CHECK(test::link_target("/proc/" + std::to_string(daemon.pid()) + "/cwd") == inside);
        CHECK(test::exists(inside + "/daemon.log"));
    }
    REQUIRE(::chdir(jail.path().c_str()) == 0);
    {
        test::Held daemon(Daemonizer("jailed").chroot("inside")); // the new root itself is the launcher's to name
        CHECK(::chdir(before.c_str()) == 0);
        REQUIRE(daemon.ok());
        CHECK(test::link_target("/proc/" + std::to_string(daemon.pid()) + "/root") == inside);
    }
    const test::Directory outside;
    REQUIRE(::chdir(outside.path().c_str()) == 0);
    Daemonizer daemonizer("jailed");
    const daemonize::Launch launch = daemonizer.chroot(jail.path()).stdout_to("daemon.log").launch([] {});
    REQUIRE(::chdir(before.c_str()) == 0);
    CHECK(launch.exit_code() == 209);
    CHECK(launch.failure().message() == "cannot open standard output to daemon.log: the path is relative, and the "
                                        "launcher's directory is outside the new root " +
                                            jail.path());
    CHECK(!test::exists(outside / "daemon.log"));
    CHECK(orphanage.is_empty());
}

TEST_CASE("the launcher's directory is inside the new root by whatever name that goes") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string before = test::link_target("/proc/self/cwd");
    const std::string jail = directory / "jail";
    REQUIRE(::mkdir(jail.c_str(), 0755) == 0);
    REQUIRE(::symlink("jail", (directory / "link").c_str()) == 0);
    const std::string name = GENERATE(std::string("."), std::string("../jail"), std::string("../link/"));
    REQUIRE(::chdir(jail.c_str()) == 0);
    test::Held daemon(Daemonizer("jailed").chroot(name).stdout_to("daemon.log"));
    REQUIRE(::chdir(before.c_str()) == 0);
    INFO(daemon.launched().failure().message());
    REQUIRE(daemon.ok());
    CHECK(test::exists(jail + "/daemon.log"));
}

TEST_CASE("a directory whose name only begins as the new root's is outside of it") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string before = test::link_target("/proc/self/cwd");
    REQUIRE(::mkdir((directory / "jail").c_str(), 0755) == 0);
    REQUIRE(::mkdir((directory / "jailhouse").c_str(), 0755) == 0);
    REQUIRE(::chdir((directory / "jailhouse").c_str()) == 0);
    Daemonizer daemonizer("jailed");
    const daemonize::Launch launch = daemonizer.chroot(directory / "jail").stdout_to("daemon.log").launch([] {});
    REQUIRE(::chdir(before.c_str()) == 0);
    CHECK(launch.exit_code() == 209);
    CHECK(orphanage.is_empty());
}

TEST_CASE("the pid file of a daemon in a new root is outside, and is emptied at its end") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    const test::Directory outside;
    const std::string path = outside / "daemon.pid";
    // Of the same name inside, and none of the daemon's business.
    REQUIRE(::mkdir((jail / "tmp").c_str(), 0755) == 0);
    REQUIRE(::mkdir((jail.path() + outside.path()).c_str(), 0755) == 0);
    test::write_file(jail.path() + path, "precious");
    test::Held daemon(Daemonizer("jailed").chroot(jail.path()).pid_file(path));
    REQUIRE(daemon.ok());
    CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    CHECK(daemonize::PidFile::holder(path).pid == daemon.pid());
    daemon.end();
    CHECK(test::exists(path));
    CHECK(test::contents(path).empty());
    CHECK(!daemonize::PidFile::holder(path).running);
    CHECK(test::contents(jail.path() + path) == "precious");
    test::Held next(Daemonizer("jailed").chroot(jail.path()).pid_file(path));
    CHECK(next.ok());
}

TEST_CASE("a daemon that fails in its new root has its pid file outside taken away") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    const test::Directory outside;
    const std::string path = outside / "daemon.pid";
    Daemonizer daemonizer("jailed");
    daemonizer.chroot(jail.path()).pid_file(path).wait_until_ready();
    CHECK(daemonizer.launch([] { return 3; }).exit_status() == 3);
    CHECK(!test::exists(path));
    CHECK(orphanage.is_empty());
}

TEST_CASE("local time is the launcher's in a new root without a time zone's file") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory jail;
    const test::Directory outside;
    test::write_file(outside / "zone", time_zone("FAR", 5));
    test::Pipe report;
    const test::Ended launcher = test::run_launcher([&] {
        if (::setenv("TZ", (":" + outside / "zone").c_str(), 1) != 0) return 99;
        Daemonizer("jailed").chroot(jail.path()).keep_fd(report.write_end()).daemonize();
        const std::time_t epoch = 0;
        char text[32];
        if (std::strftime(text, sizeof text, "%H:%M %Z\n", std::localtime(&epoch)) == 0) std::abort();
        report.send_text(text);
        return 0;
    });
    REQUIRE(launcher.with(0));
    CHECK(report.line() == "05:00 FAR");
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
}

TEST_CASE("a new root that is none is refused by its name") {
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const test::Directory directory;
    test::write_file(directory / "file", "");
    const auto refusal = [](const std::string& path) {
        Daemonizer daemonizer("jailed");
        if (daemonizer.chroot(path).check().size() != 1) return std::string("not the one problem");
        const daemonize::Launch launch = daemonizer.launch([] {});
        return launch.exit_code() == 210 ? launch.failure().message() : "another status";
    };
    const std::string start = "cannot change the root directory to ";
    CHECK(refusal(directory / "missing") == start + directory / "missing: No such file or directory");
    CHECK(refusal(directory / "file") == start + directory / "file: Not a directory");
    CHECK(refusal("") == "cannot change the root directory: the path is empty");
    CHECK(orphanage.is_empty());
}

TEST_CASE("an ordinary user is refused a new root, before any fork and in one line") {
    NEEDS(ordinary_user());
    const test::Ended launcher = test::run_launcher([] {
        test::become_nobody();
        const struct rlimit none = {0, 0};
        if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 99;
        Daemonizer("ordinary").chroot("/").daemonize();
        return 98;
    });
    CHECK(launcher.with(210));
    CHECK(launcher.error == "ordinary: cannot change the root directory to /: only root may\n");
}
