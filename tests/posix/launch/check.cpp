// check(): returns every problem of a launch at once, and changes nothing.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Launch;
using daemonize::Stage;

namespace {

std::vector<std::string> messages(const std::vector<Failure>& problems) {
    std::vector<std::string> result;
    for (const Failure& problem : problems) result.push_back(problem.message());
    return result;
}

// The content of a directory, and the times of its last changes.
std::string state_of(const std::string& path) {
    struct stat file_info;
    if (::stat(path.c_str(), &file_info) != 0) return "missing";
    std::string state = std::to_string(file_info.st_mtim.tv_sec) + "." + std::to_string(file_info.st_mtim.tv_nsec);
    return state + " " + std::to_string(file_info.st_mode) + " " + std::to_string(file_info.st_nlink);
}

// A thread beside this one while it lives.
class OtherThread {
  public:
    OtherThread() : thread_([this] { held_.wait_until_closed(); }) {}
    ~OtherThread() {
        held_.close_write();
        thread_.join();
    }

  private:
    test::Pipe held_;
    std::thread thread_;
};

} // namespace

TEST_CASE("a plan without a mistake has no problems") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::vector<Failure> problems = Daemonizer("check")
                                              .pid_file(directory / "pid")
                                              .stdout_to(directory / "log")
                                              .stderr_to(directory / "log")
                                              .chdir(directory.path())
                                              .wait_until_ready()
                                              .check();
    CHECK(messages(problems) == std::vector<std::string>());
    CHECK(orphans.is_empty());
}

TEST_CASE("every problem of a plan is found at once") {
    const test::Directory directory;
    const std::vector<Failure> problems = Daemonizer("check")
                                              .keep_fd(999)
                                              .chdir(directory / "nowhere")
                                              .user("no-such-user")
                                              .stdout_to(directory / "missing/log")
                                              .pid_file(directory / "gone/pid")
                                              .wait_until_ready(daemonize::Duration::seconds(-1))
                                              .check();
    const std::string no_entry = ": No such file or directory";
    CHECK(messages(problems) == std::vector<std::string>{
                                    "cannot accept wait_until_ready(): the time-out must be longer than nothing",
                                    "cannot become the user no-such-user: there is no such user",
                                    "cannot accept keep_fd(999): Bad file descriptor",
                                    "cannot change the directory to " + (directory / "nowhere") + no_entry,
                                    "cannot open standard output to " + (directory / "missing/log") + no_entry,
                                    "cannot open the pid file " + (directory / "gone/pid") + no_entry,
                                });
}

TEST_CASE("check() makes nothing and changes nothing") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::write_file(directory / "old", "12345\n");
    const std::string before = state_of(directory.path()) + state_of(directory / "old");
    const auto descriptors = test::open_descriptors();
    const auto ask = [&](const char* pid_file) {
        return Daemonizer("check")
            .pid_file(directory / pid_file)
            .stdout_to(directory / "log")
            .runtime_directory("daemonize-test-check-" + std::to_string(::getpid()))
            .log_directory("daemonize-test-check-" + std::to_string(::getpid()))
            .check();
    };
    ::setenv("XDG_RUNTIME_DIR", directory.path().c_str(), 0);
    ::setenv("XDG_STATE_HOME", directory.path().c_str(), 0);
    CHECK(messages(ask("new")) == std::vector<std::string>());
    CHECK(messages(ask("old")) == std::vector<std::string>());
    CHECK(state_of(directory.path()) + state_of(directory / "old") == before);
    CHECK(test::contents(directory / "old") == "12345\n");
    CHECK_FALSE(test::exists("/run/daemonize-test-check-" + std::to_string(::getpid())));
    CHECK_FALSE(test::exists("/var/log/daemonize-test-check-" + std::to_string(::getpid())));
    CHECK(test::open_descriptors() == descriptors);
    CHECK(orphans.is_empty());
}

TEST_CASE("a log that the run-as user may not write is found, and log_directory() is named") {
    NEEDS(other_users());
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("check");
    daemonizer.user("nobody").stdout_to(path).stderr_to(path);
    const std::string hint = path + ": the user may not write there; log_directory() makes a directory for the user";
    const std::vector<std::string> refused = {"cannot open standard output to " + hint,
                                              "cannot open standard error to " + hint};
    const std::vector<std::string> reported = messages(daemonizer.check());
    REQUIRE(!reported.empty());
    CHECK(reported.front() == refused.front());
    test::write_file(path, ""); // root's, 0644
    CHECK(messages(daemonizer.check()).front() == refused.front());
    REQUIRE(::chown(path.c_str(), test::nobody, test::nobody) == 0);
    CHECK(messages(daemonizer.check()) == std::vector<std::string>());
    REQUIRE(::unlink(path.c_str()) == 0);
    REQUIRE(::chown(directory.path().c_str(), test::nobody, test::nobody) == 0);
    CHECK(messages(daemonizer.check()) == std::vector<std::string>());
    CHECK_FALSE(test::exists(path));
    CHECK(orphans.is_empty());
}

TEST_CASE("a log is looked for in the new root, as the user") {
    NEEDS(other_users());
    NEEDS(new_root());
    const test::Directory root;
    REQUIRE(::chmod(root.path().c_str(), 0777) == 0); // which the launcher's own is not
    Daemonizer daemonizer("check");
    daemonizer.chroot(root.path()).user("nobody").stdout_to("/log");
    CHECK(messages(daemonizer.check()).empty());
    REQUIRE(::chmod(root.path().c_str(), 0755) == 0);
    CHECK(daemonizer.check().size() == 1);
}

TEST_CASE("what check() says of a log, the launch says too") {
    const test::Orphanage orphans;
    const test::Directory directory;
    REQUIRE(::mkdir((directory / "log").c_str(), 0755) == 0);
    Daemonizer daemonizer("check");
    daemonizer.stdout_to(directory / "log");
    const std::vector<std::string> reported = messages(daemonizer.check());
    CHECK(reported ==
          std::vector<std::string>{"cannot open standard output to " + (directory / "log") + ": Is a directory"});
    CHECK(messages(daemonizer.launch([] {}).problems()) == reported);
    CHECK(orphans.is_empty());
}

TEST_CASE("a standard input that cannot be read is found") {
    const test::Directory directory;
    CHECK(messages(Daemonizer("check").stdin_from(directory / "none").check()) ==
          std::vector<std::string>{"cannot open standard input from " + (directory / "none") +
                                   ": No such file or directory"});
}

TEST_CASE("what is a directory, or is none, where the other is wanted is found") {
    const test::Directory directory;
    const std::string file = directory / "file", folder = directory / "folder";
    test::write_file(file, "");
    REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
    CHECK(messages(Daemonizer("check").chdir(file).pid_file(folder).check()) ==
          std::vector<std::string>{"cannot change the directory to " + file + ": Not a directory",
                                   "cannot open the pid file " + folder + ": Is a directory"});
}

TEST_CASE("an instance that runs is found, and stays") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    const Launch launch = Daemonizer("check").pid_file(directory / "pid").keep_fd(hold.read_end()).launch([&] {
        hold.wait_until_closed();
    });
    REQUIRE(launch.ok());
    const std::vector<Failure> problems = Daemonizer("check").pid_file(directory / "pid").check();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].stage() == Stage::pid_file_lock);
    CHECK(problems[0].message() == "cannot lock the pid file " + (directory / "pid") + ": process " +
                                       std::to_string(launch.pid()) + " holds it");
    CHECK(test::contents(directory / "pid") == std::to_string(launch.pid()) + "\n");
    hold.close_write();
    orphans.wait_for(launch.pid());
    CHECK(Daemonizer("check").pid_file(directory / "pid").check().empty());
}

TEST_CASE("a pid file that a start would refuse is found") {
    const test::Directory directory;
    REQUIRE(::symlink("elsewhere", (directory / "link").c_str()) == 0);
    CHECK(messages(Daemonizer("check").pid_file(directory / "link").check()) ==
          std::vector<std::string>{"cannot open the pid file " + (directory / "link") + ": it is a symbolic link"});
    REQUIRE(::chmod(directory.path().c_str(), 0777) == 0);
    CHECK(messages(Daemonizer("check").pid_file(directory / "pid").check()) ==
          std::vector<std::string>{"cannot open the pid file " + (directory / "pid") +
                                   ": other users can write the directory " + directory.path()});
}

TEST_CASE("a pid file that this user could not make is found") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    REQUIRE(::chmod(directory.path().c_str(), 0555) == 0);
    const std::string path = directory / "pid";
    const std::string found = test::in_child([&] {
        test::become_nobody();
        std::string text;
        for (const std::string& message : messages(Daemonizer("check").pid_file(path).check())) text += message + "\n";
        return text;
    });
    CHECK(found == "cannot open the pid file " + path + ": Permission denied\n");
}

TEST_CASE("other threads are found, and allowed where that was asked for") {
    const test::Orphanage orphans;
    const OtherThread other;
    const std::string message = "cannot fork: another thread runs, which fork would lose: launch before that, "
                                "or allow_threads()";
    CHECK(messages(Daemonizer("check").check()) == std::vector<std::string>{message});
    const Launch refused = Daemonizer("check").launch([] {});
    CHECK(refused.failure().stage() == Stage::threads);
    CHECK(refused.failure().message() == message);
    CHECK(orphans.is_empty());
    CHECK(Daemonizer("check").allow_threads().check().empty());
    CHECK(Daemonizer("check").foreground().check().empty());
    CHECK(Daemonizer("check").allow_threads().launch([] {}).ok());
    orphans.wait_until_empty();
}

TEST_CASE("problems are told in the order of the steps") {
    Daemonizer daemonizer("check");
    const std::vector<Failure> problems =
        daemonizer.rlimit(RLIMIT_NOFILE, 0).keep_fd(-1).stdout_to("").user("no-such-user").check();
    REQUIRE(problems.size() >= 3);
    CHECK(problems[0].stage() == Stage::user);
    CHECK(problems[1].stage() == Stage::standard_output);
    CHECK(problems[2].stage() == Stage::options);
}
