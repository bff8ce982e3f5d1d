#include "support/abilities.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Stage;

TEST_CASE("in the foreground the process stays what and where it is") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        if (::chdir(directory.path().c_str()) != 0) return std::string("no directory");
        const int file = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 3; ++i) ::dup2(file, i);
        const pid_t pid = ::getpid(), parent = ::getppid(), session = ::getsid(0), group = ::getpgrp();
        Daemonizer("foreground-test").foreground().keep_fd(100).daemonize();
        std::string changed;
        if (::getpid() != pid || ::getppid() != parent) changed += "process ";
        if (::getsid(0) != session || ::getpgrp() != group) changed += "session ";
        if (test::link_target("/proc/self/cwd") != directory.path()) changed += "directory ";
        for (const char* number : {"0", "1", "2"}) {
            if (test::link_target(std::string("/proc/self/fd/") + number) != "/dev/zero") changed += number;
        }
        return "changed: " + changed;
    });
    CHECK(seen == "changed: ");
}

TEST_CASE("in the foreground the directory that chdir() names is entered, or the start fails") {
    const test::Directory directory;
    const auto directory_after = [&](void (*set)(Daemonizer&, const std::string&)) {
        return test::in_child([&] {
            Daemonizer daemonizer("foreground-test");
            set(daemonizer.foreground().keep_fd(100), directory.path());
            daemonizer.daemonize();
            return test::link_target("/proc/self/cwd");
        });
    };
    CHECK(directory_after([](Daemonizer& daemonizer, const std::string& path) { daemonizer.chdir(path); }) ==
          directory.path());
    CHECK(directory_after([](Daemonizer& daemonizer, const std::string&) { daemonizer.chdir("/"); }) == "/");
    const std::string before = test::link_target("/proc/self/cwd");
    CHECK(directory_after([](Daemonizer& daemonizer, const std::string& path) {
              daemonizer.chdir(path).chdir(daemonize::keep);
          }) == before);
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("foreground-test").foreground().chdir(directory / "none").daemonize();
        return 0;
    });
    CHECK(ended.with(daemonize::exit_code(Stage::chdir)));
    CHECK(ended.error ==
          "foreground-test: cannot change the directory to " + directory / "none" + ": No such file or directory\n");
}

TEST_CASE("in the foreground every other promise holds") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        ::umask(0);
        ::signal(SIGUSR1, SIG_IGN);
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        ::setenv("SECRET", "1", 1);
        const int left = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        daemonize::Daemon daemon = Daemonizer("foreground-test")
                                       .foreground()
                                       .keep_fd(100)
                                       .pid_file(directory / "pid")
                                       .stdout_to(directory / "out")
                                       .stderr_to(directory / "err")
                                       .environment({"PATH"})
                                       .rlimit(RLIMIT_CORE, 0)
                                       .no_new_privileges()
                                       .wait_until_ready()
                                       .daemonize();
        daemon.ready();
        std::string broken;
        if (test::process_status("Umask") != "0027") broken += "umask ";
        if (std::strtoull(test::process_status("SigIgn").c_str(), nullptr, 16) >> (SIGUSR1 - 1) & 1)
            broken += "ignored ";
        if (test::process_status("SigBlk").find_first_not_of('0') != std::string::npos) broken += "mask ";
        if (::getenv("SECRET") != nullptr) broken += "environment ";
        if (::fcntl(left, F_GETFD) != -1 && test::link_target("/proc/self/fd/" + std::to_string(left)) == "/dev/zero") {
            broken += "descriptors ";
        }
        if (test::contents(directory / "pid") != std::to_string(::getpid()) + "\n") broken += "pid file ";
        if (test::link_target("/proc/self/fd/1") != directory / "out") broken += "output ";
        if (test::link_target("/proc/self/fd/2") != directory / "err") broken += "error ";
        if (test::process_status("NoNewPrivs") != "1") broken += "privileges ";
        struct rlimit core = {};
        if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) broken += "limit ";
        return "broken: " + broken;
    });
    CHECK(seen == "broken: ");
}

TEST_CASE("in the foreground the process ends with what the body returns, and the pid file goes") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "pid";
    const test::Ended ended = test::run_launcher([&] {
        const daemonize::Launch launch =
            Daemonizer("foreground-test").foreground().pid_file(path).launch([&](daemonize::Daemon& daemon) {
                daemon.ready();
                return test::exists(path) ? 23 : 24;
            });
        return launch.ok() ? 0 : 1;
    });
    CHECK(ended.with(23));
    CHECK_FALSE(test::exists(path));
    CHECK(orphans.is_empty());
}

TEST_CASE("in the foreground progress and failure go to standard error") {
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        const daemonize::Launch launch =
            Daemonizer("foreground-test").foreground().wait_until_ready().launch([](daemonize::Daemon& daemon) {
                daemon.progress("half way");
                daemon.fail_and_exit("no luck", 9);
            });
        return launch.ok() ? 0 : 1;
    });
    CHECK(ended.with(9));
    CHECK(ended.error == "foreground-test: half way\nforeground-test: no luck\n");
}

TEST_CASE("a failed start in the foreground is told, and leaves nothing") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("foreground-test")
            .foreground()
            .pid_file(directory / "pid")
            .before_drop([](std::string& why) {
                why = "no luck";
                return false;
            })
            .daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(Stage::before_drop)));
    CHECK(ended.error == "foreground-test: cannot finish what runs before the privileges are dropped: no luck\n");
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a start in the foreground that fails as another user leaves nothing") {
    NEEDS(other_users());
    NEEDS(pid_files());
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("foreground-test")
            .foreground()
            .user("65534")
            .group("65534")
            .pid_file(directory / "pid")
            .stdout_to(directory / "log")
            .daemonize();
        return 0;
    });
    CHECK(ended.error == "foreground-test: cannot open standard output to " + (directory / "log") +
                             ": the user may not write there; log_directory() makes a directory for the user\n");
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a start in the foreground that fails in a new root undoes what it did outside, and nothing inside") {
    NEEDS(private_mounts());
    const test::Directory jail;
    const std::string inside = jail / "run/foreground-test";
    REQUIRE(::mkdir((jail / "run").c_str(), 0755) == 0);
    REQUIRE(::mkdir(inside.c_str(), 0755) == 0);
    REQUIRE(::symlink("elsewhere", (jail / "log").c_str()) == 0);
    const std::string seen = test::in_child([&] {
        if (!test::own_mounts()) return std::string("no mounts");
        test::mount_memory("/run", "mode=755");
        const test::Ended ended = test::run_launcher([&] {
            Daemonizer daemonizer("foreground-test");
            daemonizer.foreground().chroot(jail.path()).runtime_directory("foreground-test").stdout_to("/log");
            daemonizer.pid_file("/run/foreground-test/pid").daemonize();
            return 0;
        });
        return ended.error + (test::exists("/run/foreground-test") ? "left" : "gone");
    });
    CHECK(seen == "foreground-test: cannot open standard output to /log: it is a symbolic link\ngone");
    CHECK(test::exists(inside));
}

TEST_CASE("a start in the foreground that fails takes its empty log away, though it has it open") {
    NEEDS(ordinary_user());
    for (const char* user : {"", "65534"}) {
        if (::geteuid() != 0 && *user != '\0') continue;
        const test::Directory directory;
        if (*user != '\0') REQUIRE(::chown(directory.path().c_str(), test::nobody, test::nobody) == 0);
        REQUIRE(::symlink("elsewhere", (directory / "error").c_str()) == 0);
        const test::Ended ended = test::run_launcher([&] {
            Daemonizer daemonizer("foreground-test");
            if (*user != '\0') daemonizer.user(user).group(user);
            daemonizer.foreground().stdout_to(directory / "log").stderr_to(directory / "error").daemonize();
            return 0;
        });
        CHECK(ended.error ==
              "foreground-test: cannot open standard error to " + directory / "error" + ": it is a symbolic link\n");
        CHECK_FALSE(test::exists(directory / "log"));
    }
}

TEST_CASE("a log that cannot be opened in the foreground is told where standard error was") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const int stream = GENERATE(1, 2);
    const std::string path = directory / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer daemonizer("foreground-test");
        daemonizer.foreground().pid_file(directory / "pid");
        (stream == 1 ? daemonizer.stdout_to(path) : daemonizer.stderr_to(path)).daemonize();
        return 0;
    });
    const std::string what = stream == 1 ? "output" : "error";
    CHECK(ended.with(exit_code(stream == 1 ? Stage::standard_output : Stage::standard_error)));
    CHECK(ended.error ==
          "foreground-test: cannot open standard " + what + " to " + path + ": it is a FIFO without a reader\n");
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("launch returns a failure of the foreground to its caller") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const daemonize::Launch launch = Daemonizer("foreground-test")
                                             .foreground()
                                             .keep_fd(100)
                                             .pid_file(directory / "pid")
                                             .before_drop([](std::string&) { return false; })
                                             .launch([] {});
        return launch.ok() ? "fine" : launch.failure().message();
    });
    CHECK(seen == "cannot finish what runs before the privileges are dropped: no reason was given: the function must "
                  "set std::string& why");
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("logs can be reopened in the foreground before the process is ready") {
    const test::Directory directory;
    const std::string path = directory / "err";
    const std::string seen = test::in_child([&] {
        daemonize::Daemon daemon = Daemonizer("foreground-test").foreground().keep_fd(100).stderr_to(path).daemonize();
        if (::rename(path.c_str(), (path + ".1").c_str()) != 0) return std::string("cannot rotate");
        daemon.reopen_logs();
        return test::link_target("/proc/self/fd/2");
    });
    CHECK(seen == path);
}

TEST_CASE("in the foreground the application's handler for SIGCHLD stays") {
    const std::string seen = test::in_child([] {
        const auto handler = [](int) {};
        ::signal(SIGCHLD, handler);
        Daemonizer("foreground-test").foreground().keep_fd(100).daemonize();
        struct sigaction now = {};
        return ::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == +handler ? "the same" : "another";
    });
    CHECK(seen == "the same");
}

TEST_CASE("a process that is a daemon already becomes none a second time") {
    const std::string said = test::in_child([] {
        Daemonizer("first").foreground().close_fds(false).daemonize();
        const daemonize::Launch second = Daemonizer("second").foreground().launch([] {});
        return second.failure().message();
    });
    CHECK(said == "cannot accept foreground(): this process is a daemon already");
}
