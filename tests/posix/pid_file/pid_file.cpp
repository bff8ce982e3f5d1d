// The pid file of a daemon during its life: complete when the launcher returns, removed with the daemon, and never an
// obstacle for the next start.
#include "support/abilities.hpp"
#include "support/held.hpp"

using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::PidFile;

namespace {

std::string handled_path;
int handled_report = -1;

void report_whether_file_exists() {
    const char word = test::exists(handled_path) ? 'y' : 'n';
    if (::write(handled_report, &word, 1) != 1) std::abort();
}

void register_another() {
    report_whether_file_exists();
    std::atexit(report_whether_file_exists);
}

} // namespace

TEST_CASE("the pid file is complete when the launcher returns, and readable by all whatever the umask") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const mode_t mask = GENERATE(static_cast<mode_t>(0), static_cast<mode_t>(077), static_cast<mode_t>(0777));
    const Fork fork = GENERATE(Fork::once, Fork::twice);
    const mode_t before = ::umask(mask);
    test::Held daemon(Daemonizer("complete").fork(fork).umask(mask).pid_file(path));
    ::umask(before);
    REQUIRE(daemon.ok());
    CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    struct stat file_info;
    REQUIRE(::lstat(path.c_str(), &file_info) == 0);
    CHECK(file_info.st_mode == (S_IFREG | 0644));
    CHECK(file_info.st_uid == ::geteuid());
}

TEST_CASE("a relative pid file is one in the launcher's directory") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string before = test::link_target("/proc/self/cwd");
    REQUIRE(::chdir(directory.path().c_str()) == 0);
    test::Held daemon(Daemonizer("relative").pid_file("daemon.pid"));
    REQUIRE(::chdir(before.c_str()) == 0);
    REQUIRE(daemon.ok());
    CHECK(test::contents(directory / "daemon.pid") == std::to_string(daemon.pid()) + "\n");
    daemon.end();
    CHECK(!test::exists(directory / "daemon.pid"));
}

TEST_CASE("the pid file is gone after the daemon's body returned") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("returns").pid_file(path));
    REQUIRE(daemon.ok());
    REQUIRE(test::exists(path));
    CHECK(daemon.end() == 0);
    CHECK(!test::exists(path));
}

TEST_CASE("the pid file is gone after the daemon left by exit, from wherever") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe hold;
    const test::Ended launcher = test::run_launcher([&] {
        auto daemon = Daemonizer("exits").pid_file(path).keep_fd(hold.read_end()).wait_until_ready().daemonize();
        daemon.ready();
        hold.wait_until_closed();
        std::exit(7);
        return 0;
    });
    REQUIRE(launcher.with(0));
    const pid_t daemon = std::stoi(test::contents(path));
    hold.close_write();
    const int status = orphanage.wait_for(daemon);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(!test::exists(path));
}

TEST_CASE("the pid file outlives what the program does at exit, and is gone afterwards") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    handled_path = directory / "daemon.pid";
    test::Pipe handled;
    test::Pipe hold;
    handled_report = handled.write_end();
    const test::Ended launcher = test::run_launcher([&] {
        std::atexit(report_whether_file_exists); // before the launch too: it runs last
        Daemonizer("handlers").pid_file(handled_path).keep_fd(handled_report).keep_fd(hold.read_end()).daemonize();
        for (int i = 0; i < 50; ++i) std::atexit(i % 2 == 0 ? report_whether_file_exists : register_another);
        hold.wait_until_closed();
        std::exit(0);
        return 0;
    });
    REQUIRE(launcher.with(0));
    const pid_t daemon = std::stoi(test::contents(handled_path));
    hold.close_write();
    CHECK(orphanage.wait_for(daemon) == 0);
    CHECK(handled.rest() == std::string(76, 'y'));
    CHECK(!test::exists(handled_path));
}

TEST_CASE("the pid file outlives the body that returns from launch") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    handled_path = directory / "daemon.pid";
    test::Pipe handled;
    handled_report = handled.write_end();
    test::Held daemon(Daemonizer("handlers").pid_file(handled_path).keep_fd(handled_report),
                      [](test::Pipe&) { std::atexit(report_whether_file_exists); });
    REQUIRE(daemon.ok());
    daemon.end();
    CHECK(handled.rest() == "y");
    CHECK(!test::exists(handled_path));
}

TEST_CASE("a second start is refused while the first one runs, and names it") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("first").pid_file(path));
    REQUIRE(daemon.ok());
    const test::Ended second = test::run_launcher([&] {
        Daemonizer("second").pid_file(path).daemonize();
        return 0;
    });
    CHECK(second.with(75));
    CHECK(second.error ==
          "second: cannot lock the pid file " + path + ": process " + std::to_string(daemon.pid()) + " holds it\n");
    CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    const auto problems = Daemonizer("second").pid_file(path).check();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].stage() == daemonize::Stage::pid_file_lock);
}

TEST_CASE("a killed daemon leaves an unlocked file, which the next start takes over") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    std::string stale;
    {
        test::Held killed(Daemonizer("killed").pid_file(path));
        REQUIRE(killed.ok());
        REQUIRE(PidFile::holder(path).running);
        killed.kill(SIGKILL);
        stale = std::to_string(killed.pid()) + "\n";
    }
    CHECK(test::contents(path) == stale);
    CHECK(!PidFile::holder(path).running);
    const ino_t inode = test::inode_of(path);
    test::Held next(Daemonizer("next").pid_file(path));
    REQUIRE(next.ok());
    CHECK(test::inode_of(path) == inode);
    CHECK(test::contents(path) == std::to_string(next.pid()) + "\n");
    next.end();
    CHECK(!test::exists(path));
}

TEST_CASE("a stale file is taken over whatever it holds") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    // The number of a process that runs, and more text than our line will overwrite.
    const std::string held = GENERATE(std::string(), std::string("1\n"), std::string(5000, '9'), std::string("a\nb\n"));
    test::write_file(path, held);
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(Daemonizer("stale").pid_file(path).check().empty());
    CHECK(test::contents(path) == held);
    test::Held daemon(Daemonizer("stale").pid_file(path));
    REQUIRE(daemon.ok());
    CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    CHECK(test::mode_of(path) == 0644);
}

TEST_CASE("a daemon leaves alone what has been put in its pid file's place") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("replaced").pid_file(path));
    REQUIRE(daemon.ok());
    REQUIRE(::unlink(path.c_str()) == 0);
    test::write_file(path, "another's\n");
    daemon.end();
    CHECK(test::contents(path) == "another's\n");
}

TEST_CASE("a daemon that may not remove its pid file any more empties it, and the next start takes it") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    {
        test::Held first(Daemonizer("dropped").user("65534").group("65534").pid_file(path));
        REQUIRE(first.ok());
        CHECK(test::contents(path) == std::to_string(first.pid()) + "\n");
        struct stat file_info;
        REQUIRE(::lstat(path.c_str(), &file_info) == 0);
        CHECK(file_info.st_uid == 0); // else the daemon's user could have root's `kill $(cat FILE)` hit any process
    }
    REQUIRE(test::exists(path));
    CHECK(test::contents(path).empty());
    CHECK(!PidFile::holder(path).running);
    test::Held second(Daemonizer("dropped").user("65534").group("65534").pid_file(path));
    REQUIRE(second.ok());
    CHECK(test::contents(path) == std::to_string(second.pid()) + "\n");
}
