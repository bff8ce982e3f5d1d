// Refused pid files and directories: files that another user could write or replace. root's `kill $(cat FILE)` would
// otherwise hit any process.
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/service_program.hpp"

#include <sys/sysmacros.h>

using daemonize::Daemonizer;
using daemonize::Stage;

namespace {

// Both verdicts on a pid file: the check's, and, where that is the same, the launch's. A daemon must not have come of
// it.
std::string refusal(const test::Orphanage& orphanage, const std::string& path) {
    Daemonizer daemonizer("refused");
    daemonizer.pid_file(path);
    const auto problems = daemonizer.check();
    const std::string checked = problems.empty() ? "accepted" : problems[0].message();
    if (problems.size() > 1) return "more than one problem";
    const test::Held daemon(daemonizer);
    const daemonize::Launch& launch = daemon.launched();
    const std::string launched = launch.ok() ? "accepted" : launch.failure().message();
    if (!launch.ok() && launch.failure().stage() != Stage::pid_file_open) return "another stage";
    if (!launch.ok() && !orphanage.is_empty()) return "a process is left behind";
    return checked == launched ? launched : "checked: " + checked + "; launched: " + launched;
}

std::string refused(const std::string& path, const std::string& reason) {
    return "cannot open the pid file " + path + ": " + reason;
}

} // namespace

TEST_CASE("a pid file in a missing directory is refused in one line") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "missing/timestampd.pid";
    const test::Ended launcher = test::run_launcher([&] {
        Daemonizer("timestampd").pid_file(path).daemonize();
        return 0;
    });
    CHECK(launcher.with(73));
    CHECK(launcher.error == "timestampd: cannot open the pid file " + path + ": No such file or directory\n");
    CHECK(orphanage.is_empty());
    CHECK(refusal(orphanage, path) == refused(path, "No such file or directory"));
    CHECK(!test::exists(directory / "missing"));
}

TEST_CASE("a symbolic link is refused as pid file, and what it leads to stays as it was") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string link = directory / "link.pid";
    const std::string target = directory / "target";
    test::write_file(target, "precious");
    REQUIRE(::symlink(target.c_str(), link.c_str()) == 0);
    CHECK(refusal(orphanage, link) == refused(link, "it is a symbolic link"));
    CHECK(test::contents(target) == "precious");
    REQUIRE(::unlink(target.c_str()) == 0);
    CHECK(refusal(orphanage, link) == refused(link, "it is a symbolic link"));
    CHECK(!test::exists(target));
    CHECK(test::link_target(link) == target);
}

TEST_CASE("a FIFO is refused as pid file, and does not hang the start") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "fifo.pid";
    REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "it is not a regular file"));
    CHECK(test::exists(path));
}

TEST_CASE("a directory is refused as pid file") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "directory.pid";
    REQUIRE(::mkdir(path.c_str(), 0755) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "Is a directory"));
    CHECK(refusal(orphanage, path + "/") == refused(path + "/", "Is a directory"));
    CHECK(test::exists(path));
}

TEST_CASE("a file in place of the pid file's directory is refused") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    test::write_file(directory / "file", "");
    const std::string path = directory / "file/daemon.pid";
    CHECK(refusal(orphanage, path) == refused(path, "Not a directory"));
}

TEST_CASE("an empty path is refused as pid file") {
    const test::Orphanage orphanage;
    CHECK(refusal(orphanage, "") == "cannot open the pid file: the path is empty");
}

TEST_CASE("a device is refused as pid file") {
    NEEDS(device_files());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "device.pid";
    REQUIRE(::mknod(path.c_str(), S_IFCHR | 0644, makedev(1, 3)) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "it is not a regular file"));
    CHECK(test::exists(path));
}

TEST_CASE("a file with a second name is refused as pid file, and keeps what it holds") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "linked.pid";
    test::write_file(directory / "precious", "precious");
    REQUIRE(::link((directory / "precious").c_str(), path.c_str()) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "it has another hard link"));
    CHECK(test::contents(directory / "precious") == "precious");
    CHECK(test::exists(path));
}

TEST_CASE("a file that others can write is refused as pid file") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const mode_t mode = GENERATE(static_cast<mode_t>(0664), static_cast<mode_t>(0646));
    test::write_file(path, "1\n");
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "other users can write it"));
    CHECK(test::contents(path) == "1\n");
    CHECK(test::mode_of(path) == mode);
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    CHECK(refusal(orphanage, path) == "accepted");
}

TEST_CASE("a file of another user is refused as pid file") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "1\n");
    REQUIRE(::chown(path.c_str(), test::nobody, static_cast<gid_t>(-1)) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "it belongs to another user"));
    CHECK(test::contents(path) == "1\n");
}

TEST_CASE("a pid file is refused in a directory that others can write, the sticky bit or not") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string open = directory / "open";
    const std::string path = open + "/daemon.pid";
    REQUIRE(::mkdir(open.c_str(), 0755) == 0);
    CHECK(refusal(orphanage, path) == "accepted");
    const mode_t mode = GENERATE(static_cast<mode_t>(0775), static_cast<mode_t>(0757), static_cast<mode_t>(01777));
    REQUIRE(::chmod(open.c_str(), mode) == 0);
    CHECK(refusal(orphanage, path) == refused(path, "other users can write the directory " + open));
    CHECK(!test::exists(path));
}

TEST_CASE("a pid file is refused in a directory of another user, the run-as user's too") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    REQUIRE(::chown(directory.path().c_str(), test::nobody, static_cast<gid_t>(-1)) == 0);
    const std::string reason = "another user owns the directory " + directory.path();
    CHECK(refusal(orphanage, path) == refused(path, reason));
    Daemonizer dropped("dropped");
    const daemonize::Launch launch = dropped.user("65534").group("65534").pid_file(path).launch([] {});
    CHECK(launch.failure().message() == refused(path, reason));
    CHECK(!test::exists(path));
}

TEST_CASE("an ordinary user's pid file may lie in a directory of its own, and in none of another's") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory own;
    const test::Directory foreign;
    REQUIRE(::chown(own.path().c_str(), test::nobody, static_cast<gid_t>(-1)) == 0);
    REQUIRE(::chown(foreign.path().c_str(), 12345, static_cast<gid_t>(-1)) == 0);
    test::Child asker([&](test::Pipe& report) {
        test::become_nobody();
        const test::Orphanage inner;
        report.send_text(refusal(inner, own / "daemon.pid") + "\n");
        report.send_text(refusal(inner, foreign / "daemon.pid") + "\n");
    });
    CHECK(asker.line() == "accepted");
    CHECK(asker.line() == refused(foreign / "daemon.pid", "another user owns the directory " + foreign.path()));
}

TEST_CASE("a runtime directory, which the run-as user owns, is accepted for the pid file, and the file stays root's") {
    NEEDS(other_users());
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const std::string name = "daemonize-trust-" + std::to_string(::getpid());
    const std::string base = "/run/" + name;
    const std::string path = base + "/daemon.pid";
    {
        Daemonizer daemonizer(name);
        daemonizer.runtime_directory(name).user("65534").group("65534").pid_file(path);
        CHECK(daemonizer.check().empty());
        test::Held daemon(daemonizer);
        REQUIRE(daemon.ok());
        struct stat file_info;
        REQUIRE(::lstat(base.c_str(), &file_info) == 0);
        CHECK(file_info.st_uid == test::nobody);
        REQUIRE(::lstat(path.c_str(), &file_info) == 0);
        CHECK(file_info.st_uid == 0);
        CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    }
    CHECK(!test::exists(path)); // its own directory: it may remove what lies there

    // A file of the user itself does not refuse the start, which replaces the file. A file of another user is still
    // refused.
    Daemonizer daemonizer(name);
    daemonizer.runtime_directory(name).user("65534").group("65534").pid_file(path);
    test::write_file(path, "1\n");
    REQUIRE(::chown(path.c_str(), 12345, static_cast<gid_t>(-1)) == 0);
    CHECK(daemonizer.launch([] {}).failure().message() == refused(path, "it belongs to another user"));
    CHECK(::unlink(path.c_str()) == 0);
    CHECK(::rmdir(base.c_str()) == 0);
}

TEST_CASE("a directory that others can replace, by writing one above it, is refused") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    REQUIRE(::mkdir((directory / "above").c_str(), 0755) == 0);
    REQUIRE(::mkdir((directory / "above/own").c_str(), 0755) == 0);
    const std::string path = directory / "above/own/daemon.pid";
    REQUIRE(::chmod((directory / "above").c_str(), 0777) == 0);
    const daemonize::Launch launch = daemonize::Daemonizer("daemon").pid_file(path).launch([] {});
    CHECK(launch.failure().message() ==
          "cannot open the pid file " + path + ": other users can replace the directory " + directory / "above/own");
    CHECK(!test::exists(path));
    REQUIRE(::chmod((directory / "above").c_str(), 01777) == 0); // sticky, as /tmp is
    CHECK(daemonize::Daemonizer("daemon").pid_file(path).launch([] {}).ok());
    orphanage.wait_until_empty();
}

TEST_CASE("in a directory that others can write no verb starts a service, and the others find none") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string open = directory / "open";
    const std::string path = open + "/daemon.pid";
    REQUIRE(::mkdir(open.c_str(), 0755) == 0);
    REQUIRE(::chmod(open.c_str(), 0777) == 0);
    const test::Run::Main service = test::plain_service(path);
    for (const char* verb : {"start", "restart"}) {
        const test::Said said = test::run(service, {verb});
        CHECK(said.code == 4);
        CHECK(said.error == "tested: " + refused(path, "other users can write the directory " + open) + "\n");
    }
    CHECK(test::run(service, {"status"}).code == 3);
    CHECK(test::run(service, {"reload"}).code == 7);
    CHECK(test::run(service, {"stop"}).code == 0);
    CHECK(!test::exists(path));
    CHECK(orphanage.is_empty());
}
