// The directories that a launch makes: paths and owners. A failed launch removes its directories, except directories
// that existed before or hold a file.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <functional>

using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;

namespace {

struct stat file_info_of(const std::string& path) {
    struct stat file_info = {};
    if (::lstat(path.c_str(), &file_info) != 0) file_info.st_uid = 99999;
    return file_info;
}

// A name that nobody else has in the system's directories; what is there of it goes at the end.
class Name {
  public:
    Name() : text_("daemonize-test-" + std::to_string(::getpid())) { clear(); }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name() {
        if (::getpid() == owner_) clear();
    }
    const std::string& text() const { return text_; }
    std::string run() const { return "/run/" + text_; }
    std::string state() const { return "/var/lib/" + text_; }
    std::string log() const { return "/var/log/" + text_; }

  private:
    void clear() const {
        for (const std::string& path : {run(), state(), log()}) {
            for (const char* below : {"/inner", "/link", ""}) std::remove((path + below).c_str());
        }
    }
    std::string text_;
    pid_t owner_ = ::getpid();
};

void ask_for_both(Daemonizer& daemonizer, const std::string& name) {
    daemonizer.runtime_directory(name).state_directory(name).log_directory(name);
}

// An ordinary user's launch, with directories of its own, in a child. It tells what `body` made of it.
std::string as_ordinary(const test::Directory& home, const std::function<std::string()>& body) {
    if (::geteuid() == 0 && ::chown(home.path().c_str(), test::nobody, test::nobody) != 0) return "no directory";
    test::Child child([&](test::Pipe& report) {
        test::become_nobody();
        const test::Orphanage orphanage;
        ::setenv("XDG_RUNTIME_DIR", (home / "run").c_str(), 1);
        ::setenv("XDG_STATE_HOME", (home / "state").c_str(), 1);
        ::setenv("HOME", (home / "home").c_str(), 1);
        ::mkdir((home / "run").c_str(), 0700);
        const std::string said = body();
        report.send_text(said + (orphanage.is_empty() ? "" : ", and a process is left behind") + "\n");
    });
    return child.line();
}

} // namespace

TEST_CASE("root's daemon gets its directories in the system's, as its own, whatever the umask") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    const mode_t mask = GENERATE(static_cast<mode_t>(0), static_cast<mode_t>(0777));
    const mode_t before = ::umask(mask);
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    daemonizer.umask(mask).user("54321").group("54322");
    {
        test::Held daemon(daemonizer);
        ::umask(before);
        REQUIRE(daemon.ok());
        for (const std::string& path : {name.run(), name.state(), name.log()}) {
            INFO(path);
            const struct stat file_info = file_info_of(path);
            CHECK(file_info.st_mode == (S_IFDIR | 0755));
            CHECK(file_info.st_uid == 54321);
            CHECK(file_info.st_gid == 54322);
        }
    }
    // The logs are there to be read afterwards.
    CHECK(test::exists(name.log()));
}

TEST_CASE("root's daemon that stays root has root's directories, of the group that it takes") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    daemonizer.group("54322");
    test::Held daemon(daemonizer);
    REQUIRE(daemon.ok());
    for (const std::string& path : {name.run(), name.state(), name.log()}) {
        CHECK(file_info_of(path).st_uid == 0);
        CHECK(file_info_of(path).st_gid == 54322);
    }
}

TEST_CASE("a log in the log directory can be written by the user that the daemon became") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    const std::string log = name.log() + "/inner";
    Daemonizer daemonizer("directories");
    daemonizer.log_directory(name.text()).user("54321").group("54322").stdout_to(log);
    CHECK(daemonizer.check().empty());
    CHECK(!test::exists(name.log()));
    test::Held daemon(daemonizer);
    REQUIRE(daemon.ok());
    CHECK(file_info_of(log).st_uid == 54321);
}

TEST_CASE("a directory that is there already is used, and given to the daemon's user") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    for (const std::string& path : {name.run(), name.state(), name.log()}) {
        REQUIRE(::mkdir(path.c_str(), 0750) == 0);
        test::write_file(path + "/inner", "kept");
    }
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    daemonizer.user("54321").group("54322").stdout_to(name.log() + "/link");
    CHECK(daemonizer.check().empty()); // it may not write there yet, but will
    test::Held daemon(daemonizer);
    REQUIRE(daemon.ok());
    for (const std::string& path : {name.run(), name.state(), name.log()}) {
        CHECK(file_info_of(path).st_uid == 54321);
        CHECK(file_info_of(path).st_gid == 54322);
        CHECK(test::contents(path + "/inner") == "kept");
    }
}

TEST_CASE("a symbolic link in a directory's place is refused, and what it leads to is given to nobody") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    const test::Directory target;
    const bool run = GENERATE(true, false);
    REQUIRE(::symlink(target.path().c_str(), (run ? name.run() : name.log()).c_str()) == 0);
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    const Launch launch = daemonizer.user("54321").group("54322").launch([] {});
    CHECK(launch.exit_code() == (run ? 233 : 240));
    CHECK(launch.failure().message() == "cannot make the " +
                                            (run ? "runtime directory " + name.run() : "log directory " + name.log()) +
                                            ": Not a directory");
    CHECK(file_info_of(target.path()).st_uid == 0);
    CHECK(test::link_target(run ? name.run() : name.log()) == target.path());
    CHECK(!test::exists(run ? name.log() : name.run()));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a file in a directory's place is refused") {
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    test::write_file(name.run(), "kept");
    Daemonizer daemonizer("directories");
    CHECK(daemonizer.runtime_directory(name.text()).launch([] {}).exit_code() == 233);
    CHECK(test::contents(name.run()) == "kept");
    CHECK(orphanage.is_empty());
}

TEST_CASE("a file in a directory's place in the new root is refused too, and given to nobody") {
    NEEDS(other_users());
    NEEDS(system_directories());
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const Name name;
    const test::Directory jail;
    REQUIRE(::mkdir((jail / "var").c_str(), 0755) == 0);
    REQUIRE(::mkdir((jail / "var/log").c_str(), 0755) == 0);
    test::write_file(jail.path() + name.log(), "kept");
    Daemonizer daemonizer("directories");
    daemonizer.chroot(jail.path()).user("54321").group("54322").log_directory(name.text());
    CHECK(daemonizer.launch([] {}).exit_code() == 240);
    CHECK(file_info_of(jail.path() + name.log()).st_uid == 0);
    CHECK(orphanage.is_empty());
}

TEST_CASE("a failed launch takes away the directories that it made") {
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    const Fork fork = GENERATE(Fork::once, Fork::twice);
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text() + "/link");
    daemonizer.fork(fork).pid_file(name.run() + "/link/daemon.pid").wait_until_ready();
    SECTION("the daemon failed") {
        const std::string run = name.run() + "/link";
        const std::string log = name.log() + "/link";
        const Launch launch = daemonizer.launch([&] { return test::exists(run) && test::exists(log) ? 3 : 4; });
        CHECK(launch.exit_status() == 3);
    }
    SECTION("a step before any fork failed") {
        test::Held other(Daemonizer("other").runtime_directory(name.text()).pid_file(name.run() + "/inner"));
        REQUIRE(other.ok());
        CHECK(!daemonizer.pid_file(name.run() + "/inner").launch([] {}).ok());
        CHECK(!test::exists(name.run() + "/link"));
        CHECK(test::exists(name.run()));
        other.end();
        REQUIRE(::rmdir(name.run().c_str()) == 0);
    }
    CHECK(!test::exists(name.run()));
    CHECK(!test::exists(name.log()));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a failed launch leaves directories that were there before, and those that hold something") {
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const Name name;
    REQUIRE(::mkdir(name.run().c_str(), 0755) == 0);
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    const std::string log = name.log() + "/inner";
    const Launch launch = daemonizer.wait_until_ready().launch([&] {
        test::write_file(log, "what went wrong");
        return 3;
    });
    CHECK(launch.exit_status() == 3);
    CHECK(test::exists(name.run()));
    CHECK(test::contents(log) == "what went wrong");
    CHECK(orphanage.is_empty());
}

TEST_CASE("an ordinary user's daemon gets its directories in the user's own, 0755 whatever the umask") {
    NEEDS(ordinary_user());
    const test::Directory home;
    CHECK(as_ordinary(home, [&] {
              const mode_t before = ::umask(0777);
              Daemonizer daemonizer("ordinary");
              ask_for_both(daemonizer, "made");
              test::Held daemon(daemonizer);
              ::umask(before);
              return daemon.ok() ? std::string("ok") : daemon.launched().failure().message();
          }) == "ok");
    CHECK(file_info_of(home / "run/made").st_mode == (S_IFDIR | 0755));
    CHECK(file_info_of(home / "state/log/made").st_mode == (S_IFDIR | 0755));
    CHECK(file_info_of(home / "state/log").st_mode == (S_IFDIR | 0755));
    CHECK(file_info_of(home / "run/made").st_uid == file_info_of(home.path()).st_uid);
}

TEST_CASE("an ordinary user without XDG_STATE_HOME has its logs below HOME") {
    NEEDS(ordinary_user());
    const test::Directory home;
    // A relative one is to be ignored: XDG base directory specification.
    CHECK(as_ordinary(home, [] {
              ::setenv("XDG_STATE_HOME", "relative", 1);
              test::Held daemon(Daemonizer("ordinary").log_directory("made"));
              return daemon.ok() ? std::string("ok") : daemon.launched().failure().message();
          }) == "ok");
    CHECK(S_ISDIR(file_info_of(home / "home/.local/state/log/made").st_mode));
}

TEST_CASE("an ordinary user whom nobody told of a runtime directory has it where it always is, if there is one") {
    NEEDS(private_mounts());
    NEEDS(other_users());
    const auto launched = [](uid_t owner) {
        return test::in_child([=] {
            const std::string usual = "/run/user/" + std::to_string(test::nobody);
            if (!test::own_mounts()) return std::string("no mounts");
            test::mount_memory("/run", "mode=755");
            if (::mkdir("/run/user", 0755) != 0 || ::mkdir(usual.c_str(), 0700) != 0 ||
                ::chown(usual.c_str(), owner, owner) != 0) {
                return std::string("no directory");
            }
            test::become_nobody();
            ::unsetenv("XDG_RUNTIME_DIR");
            const test::Orphanage orphanage;
            test::Held daemon(Daemonizer("ordinary").runtime_directory("made"));
            return daemon.ok() ? (test::exists(usual + "/made") ? "made there" : "not made")
                               : daemon.launched().failure().message();
        });
    };
    CHECK(launched(test::nobody) == "made there");
    CHECK(launched(0) == "cannot make the runtime directory made: XDG_RUNTIME_DIR is not set for this user");
}

TEST_CASE("an ordinary user's failed launch takes away all that it made, and no more") {
    NEEDS(ordinary_user());
    const test::Directory home;
    CHECK(as_ordinary(home, [&] {
              Daemonizer daemonizer("ordinary");
              ask_for_both(daemonizer, "made/deep");
              const Launch launch = daemonizer.wait_until_ready().launch([] { return 3; });
              return launch.failure().message();
          }) == "cannot become ready: the daemon ended with exit status 3");
    CHECK(!test::exists(home / "run/made"));
    CHECK(test::exists(home / "run"));
    CHECK(!test::exists(home / "state"));
}

TEST_CASE("an ordinary user without a place for them is told so, in one line and before any fork") {
    NEEDS(ordinary_user());
    const test::Directory home;
    CHECK(as_ordinary(home, [&] {
              const char* const unset = nullptr;
              for (const char* value : {unset, "", "relative"}) {
                  for (const char* variable : {"XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"}) {
                      value == nullptr ? ::unsetenv(variable) : ::setenv(variable, value, 1);
                  }
                  const Launch run = Daemonizer("ordinary").runtime_directory("made").launch([] {});
                  const Launch log = Daemonizer("ordinary").log_directory("made").launch([] {});
                  const std::string reason = " is not set for this user";
                  if (run.failure().message() != "cannot make the runtime directory made: XDG_RUNTIME_DIR" + reason) {
                      return run.failure().message();
                  }
                  if (log.failure().message() != "cannot make the log directory made: HOME" + reason) {
                      return log.failure().message();
                  }
                  if (run.exit_code() != 233 || log.exit_code() != 240) return std::string("another status");
              }
              const test::Ended ended = test::run_launcher([] {
                  Daemonizer("ordinary").runtime_directory("made").daemonize();
                  return 0;
              });
              return ended.error.substr(0, ended.error.size() - 1);
          }) == "ordinary: cannot make the runtime directory made: XDG_RUNTIME_DIR is not set for this user");
}

TEST_CASE("a directory that the user may not make is told by its path and the reason") {
    NEEDS(ordinary_user());
    const test::Directory home;
    const std::string message = as_ordinary(home, [&] {
        if (::chmod((home / "run").c_str(), 0500) != 0) return std::string("no directory");
        return Daemonizer("ordinary").runtime_directory("made").launch([] {}).failure().message();
    });
    CHECK(message == "cannot make the runtime directory " + home / "run/made" + ": Permission denied");
}

TEST_CASE("a directory's name that leads elsewhere, or nowhere, is refused") {
    const test::Orphanage orphanage;
    const std::string bad = GENERATE(std::string(""), std::string(".."), std::string("/x"), std::string("a/../../b"),
                                     std::string("../a"), std::string("a/.."), std::string("."), std::string("./"),
                                     std::string("a/."), std::string("a//b"), std::string("a/"));
    INFO(bad);
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, bad);
    const auto& launch = daemonizer.launch([] {});
    REQUIRE(launch.problems().size() == 3);
    const std::string reason = (bad.empty() ? "" : " " + bad) + ": it must be a name, without . and .. and not empty";
    CHECK(launch.problems()[0].message() == "cannot make the runtime directory" + reason);
    CHECK(launch.problems()[0].exit_code() == 233);
    CHECK(launch.problems()[1].message() == "cannot make the state directory" + reason);
    CHECK(launch.problems()[1].exit_code() == 238);
    CHECK(launch.problems()[2].message() == "cannot make the log directory" + reason);
    CHECK(launch.problems()[2].exit_code() == 240);
    CHECK(orphanage.is_empty());
}

TEST_CASE("a new root has the runtime directory outside, for the pid file, and inside, for the daemon") {
    NEEDS(other_users());
    NEEDS(system_directories());
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const Name name;
    const test::Directory jail;
    Daemonizer daemonizer("directories");
    ask_for_both(daemonizer, name.text());
    daemonizer.chroot(jail.path()).user("54321").group("54322").wait_until_ready();
    SECTION("while it runs") {
        test::Pipe hold;
        daemonizer.keep_fd(hold.read_end()).pid_file(name.run() + "/inner");
        const Launch launch = daemonizer.launch([&](daemonize::Daemon& daemon) {
            daemon.ready();
            hold.wait_until_closed();
        });
        REQUIRE(launch.ok());
        CHECK(file_info_of(name.run()).st_uid == 54321);
        CHECK(file_info_of(jail.path() + name.run()).st_uid == 54321);
        CHECK(file_info_of(jail.path() + name.log()).st_uid == 54321);
        CHECK(!test::exists(name.log()));
        hold.close_write();
        orphanage.wait_for(launch.pid());
    }
    SECTION("not when it failed") {
        CHECK(daemonizer.launch([] { return 3; }).exit_status() == 3);
        CHECK(!test::exists(name.run()));
        CHECK(!test::exists(jail / "run"));
        CHECK(!test::exists(jail / "var"));
    }
    CHECK(orphanage.is_empty());
}
