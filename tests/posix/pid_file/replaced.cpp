// Another file at the path of a pid file that a daemon holds: no file of another process is removed or written, and no
// process hangs.
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/service_program.hpp"

#include <sys/sysmacros.h>

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Failure;
using daemonize::Instance;
using daemonize::OnTimeout;
using daemonize::PidFile;

namespace {

// The file at the path, and the messages about the file.
struct Replacement {
    std::string name;
    std::string reason;
    int (*put)(const std::string& path, const std::string& other);
};

int put_link(const std::string& path, const std::string& other) { return ::symlink(other.c_str(), path.c_str()); }
int put_second_name(const std::string& path, const std::string& other) { return ::link(other.c_str(), path.c_str()); }
int put_fifo(const std::string& path, const std::string&) { return ::mkfifo(path.c_str(), 0644); }
int put_device(const std::string& path, const std::string&) {
    return ::mknod(path.c_str(), S_IFCHR | 0666, makedev(1, 5)); // /dev/zero: who read a number from it would not end
}
int put_directory(const std::string& path, const std::string&) { return ::mkdir(path.c_str(), 0755); }

const Replacement replacements[] = {{"a link", "it is a symbolic link", put_link},
                                    {"a second name", "it has another hard link", put_second_name},
                                    {"a FIFO", "it is not a regular file", put_fifo},
                                    {"a directory", "Is a directory", put_directory}};
const Replacement device = {"a device", "it is not a regular file", put_device};

// A directory with a pid file that is held, and with what somebody else has there.
class Place {
  public:
    Place() {
        test::write_file(other, "precious\n");
        ::chmod(other.c_str(), 0644);
    }

    void replace(const Replacement& by) {
        if (::unlink(path.c_str()) != 0 || by.put(path, other) != 0) throw std::runtime_error("cannot put " + by.name);
        ::lstat(path.c_str(), &file_info_);
    }

    // Whether the other's is what it was, and at its place.
    bool is_untouched() const {
        struct stat now;
        return ::lstat(path.c_str(), &now) == 0 && now.st_ino == file_info_.st_ino &&
               now.st_mode == file_info_.st_mode && now.st_size == file_info_.st_size &&
               now.st_nlink == file_info_.st_nlink && test::contents(other) == "precious\n";
    }

    test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const std::string other = directory / "other";

  private:
    struct stat file_info_ = {};
};

// Each call of the library refuses the replacement and leaves it alone.
void check_library(const Replacement& one) {
    const test::Orphanage orphanage;
    INFO(one.name);
    Place place;
    test::Held daemon(Daemonizer("held").pid_file(place.path));
    REQUIRE(daemon.ok());
    place.replace(one);
    const std::string refused = "cannot open the pid file " + place.path + ": " + one.reason;
    Failure failure;
    CHECK_FALSE(PidFile::holder(place.path, failure).running);
    CHECK(failure.message() == refused);
    const Instance instance = Instance::at(place.path);
    static_cast<void>(instance.status(failure));
    CHECK(failure.message() == refused);
    CHECK_FALSE(instance.stop(Duration::milliseconds(test::patience), OnTimeout::kill, failure));
    CHECK(failure.message() == refused);
    CHECK_FALSE(instance.reload(failure));
    CHECK_FALSE(instance.signal(SIGKILL, failure));
    CHECK_FALSE(instance.wait(Duration::milliseconds(test::patience), failure));
    CHECK(failure.message() == refused);
    CHECK(Daemonizer("second").pid_file(place.path).launch([] {}).failure().message() == refused);
    CHECK(place.is_untouched());
    CHECK(WEXITSTATUS(daemon.end()) == 0); // and not by a signal of anybody's
    CHECK(place.is_untouched());
}

// Each verb refuses the replacement, and the service goes on.
void check_verbs(const Replacement& one) {
    const test::Orphanage orphanage;
    INFO(one.name);
    Place place;
    const test::Run::Main service = test::plain_service(place.path);
    REQUIRE(test::run(service, {"start"}).code == 0);
    const pid_t pid = PidFile::holder(place.path).pid;
    place.replace(one);
    const std::string refused = "tested: cannot open the pid file " + place.path + ": " + one.reason + "\n";
    for (const char* verb : {"start", "stop", "restart", "reload", "status"}) {
        const test::Said said = test::run(service, {verb});
        CHECK(said.code == (std::string(verb) == "status" ? 4 : 1));
        CHECK(said.error == refused);
        CHECK(said.output.empty());
    }
    CHECK(place.is_untouched());
    REQUIRE(test::kill(pid, SIGTERM) == 0);
    CHECK(orphanage.wait_for(pid) == 0);
    CHECK(place.is_untouched());
    CHECK(orphanage.is_empty());
}

} // namespace

TEST_CASE("what is no pid file, in the place of one that is held, is refused by all and left alone") {
    for (const Replacement& one : replacements) check_library(one);
}

TEST_CASE("a device in the place of a pid file that is held is refused by all and left alone") {
    NEEDS(device_files());
    check_library(device);
}

TEST_CASE("the verbs refuse what is no pid file in the place of one that is held, and the service goes on") {
    for (const Replacement& one : replacements) check_verbs(one);
}

TEST_CASE("the verbs refuse a device in the place of a pid file that is held, and the service goes on") {
    NEEDS(device_files());
    check_verbs(device);
}

TEST_CASE(
    "another file in the place of one that is held is another daemon's, whose start and end leave the first alone") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held first(Daemonizer("first").pid_file(path));
    REQUIRE(first.ok());
    REQUIRE(::unlink(path.c_str()) == 0);
    test::write_file(path, "1\n");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    // A user who may write the directory can run two daemons: a file without a holder is the file of a dead daemon.
    CHECK(Instance::at(path).status().state == Instance::State::dead);
    test::Held second(Daemonizer("second").pid_file(path));
    REQUIRE(second.ok());
    CHECK(WEXITSTATUS(first.end()) == 0);
    CHECK(test::contents(path) == std::to_string(second.pid()) + "\n");
    CHECK(PidFile::holder(path).pid == second.pid());
    second.end();
    CHECK(!test::exists(path));
}

TEST_CASE("a stop takes away what a dead daemon of ours left, and no file of another user") {
    NEEDS(other_users());
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "1\n");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    REQUIRE(::chown(path.c_str(), test::nobody, static_cast<gid_t>(-1)) == 0);
    Instance::at(path).stop();
    CHECK(test::contents(path) == "1\n");
    REQUIRE(::chown(path.c_str(), 0, static_cast<gid_t>(-1)) == 0);
    Instance::at(path).stop();
    CHECK(!test::exists(path));
}
