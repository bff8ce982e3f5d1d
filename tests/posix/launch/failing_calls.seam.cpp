// A launch with one failing call: the launcher reports the stage and its exit status, and nothing is left behind.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// One call of one process that fails, and what the launcher is to say of it.
struct Case {
    const char* call;
    int process;
    int count;        // which of its name; 0: each
    const char* path; // its first argument, where that tells; else nullptr
    int error;
    Stage stage;
    const char* message;
};

bool is_meant(const Case& meant, const seam::Call& call) {
    if (!call.is(meant.call) || call.process != meant.process) return false;
    if (meant.count != 0 && call.count != meant.count) return false;
    return meant.path == nullptr || call.path() == meant.path;
}

// Runs a launch with all its steps into the failure, and looks at what it says and leaves.
void check(const Case& meant, Daemonizer& daemonizer, const test::Directory& directory) {
    const test::Orphanage orphans;
    INFO(meant.call << " number " << meant.count << " in process " << meant.process);
    const auto descriptors = test::open_descriptors();
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        return is_meant(meant, call) && seam::fail(call, meant.error, answer);
    });
    const Launch launch = daemonizer.launch([](Daemon& daemon) {
        // A launcher whose recv fails ends a daemon that exits already: Catch2's handler of SIGTERM would use what
        // exit(3) has freed.
        static_cast<void>(std::signal(SIGTERM, SIG_DFL));
        daemon.ready();
    });
    CHECK_FALSE(launch.ok());
    CHECK(launch.failure().stage() == meant.stage);
    CHECK(launch.failure().message() == meant.message);
    CHECK(launch.exit_code() == daemonize::exit_code(meant.stage));
    CHECK(orphans.is_empty());
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(test::open_descriptors() == descriptors);
}

void check_all(const std::vector<Case>& cases) {
    for (const Case& meant : cases) {
        const test::Directory directory;
        Daemonizer daemonizer("failing");
        daemonizer.pid_file(directory / "pid").rlimit(RLIMIT_CORE, 0).wait_until_ready();
        check(meant, daemonizer, directory);
    }
}

// A launch as root, whose daemon's call is answered by `answer`, with nothing done.
Failure failure_of_drop(const char* name, int count, long answer) {
    const test::Orphanage orphans;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& given) {
        if (call.is("getgrouplist")) { // a user of four groups, whatever this machine's data base has
            const gid_t groups[] = {test::nobody, 1, 2, 3};
            std::memcpy(reinterpret_cast<void*>(call.arguments[2]), groups, sizeof groups);
            *reinterpret_cast<int*>(call.arguments[3]) = 4;
            given = {4, 0};
            return true;
        }
        given = {answer, 0};
        return call.is(name) && call.process == seam::daemon && call.count == count;
    });
    const Launch launch = Daemonizer("failing").user("nobody").launch([] {});
    CHECK(orphans.is_empty());
    return launch.failure();
}

} // namespace

TEST_CASE("a call that fails in the launcher is told") {
    check_all({
        {"socketpair", seam::launcher, 1, nullptr, EMFILE, Stage::channel,
         "cannot make the channel between launcher and daemon: Too many open files"},
        {"pipe2", seam::launcher, 1, nullptr, ENFILE, Stage::channel,
         "cannot make the channel between launcher and daemon: Too many open files in system"},
        {"fork", seam::launcher, 1, nullptr, EAGAIN, Stage::fork, "cannot fork: Resource temporarily unavailable"},
        {"pthread_sigmask", seam::launcher, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals: Invalid argument"},
        {"sigaction", seam::launcher, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals: Invalid argument"},
        {"poll", seam::launcher, 1, nullptr, ENOMEM, Stage::channel,
         "cannot make the channel between launcher and daemon: Cannot allocate memory"},
        {"recv", seam::launcher, 1, nullptr, EIO, Stage::channel,
         "cannot make the channel between launcher and daemon: Input/output error"},
    });
}

TEST_CASE("a launcher without standard streams is told when its channel cannot be moved above them") {
    for (int which = 1; which <= 4; ++which) { // both ends of the channel, and both of the daemon's words
        const std::string message = test::in_child([&] {
            for (int stream = 0; stream < 3; ++stream) ::close(stream);
            int moves = 0;
            const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
                const bool moves_one = call.is("fcntl") && call.arguments[1] == F_DUPFD_CLOEXEC;
                return moves_one && ++moves == which && seam::fail(call, EMFILE, answer);
            });
            const Launch launch =
                Daemonizer("failing").wait_until_ready().launch([](Daemon& daemon) { daemon.ready(); });
            return launch.failure().message();
        });
        INFO("move " << which);
        CHECK(message == "cannot make the channel between launcher and daemon: Too many open files");
    }
}

TEST_CASE("a pid file whose place cannot be looked at from above is refused") {
    const test::Directory directory;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        return call.is("stat") && call.path() == "/tmp" && seam::fail(call, EACCES, answer);
    });
    const Launch launch = Daemonizer("failing").pid_file(directory / "pid").launch([] {});
    CHECK(launch.failure().stage() == Stage::pid_file_open);
    CHECK(launch.failure().message() == "cannot open the pid file " + (directory / "pid") + ": Permission denied");
}

TEST_CASE("a call that fails in the process between is told") {
    check_all({
        {"setsid", seam::intermediate, 1, nullptr, EPERM, Stage::setsid,
         "cannot start a session: Operation not permitted"},
        {"sigaction", seam::intermediate, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals SIGCHLD: Invalid argument"},
        {"pthread_sigmask", seam::intermediate, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals: Invalid argument"},
        {"fork", seam::intermediate, 1, nullptr, ENOMEM, Stage::fork, "cannot fork: Cannot allocate memory"},
    });
}

TEST_CASE("a call that fails in the daemon is told") {
    check_all({
        {"sigaction", seam::daemon, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals SIGCHLD: Invalid argument"},
        {"open", seam::daemon, 1, "/dev/null", ENOENT, Stage::null_device,
         "cannot use the null device /dev/null: No such file or directory"},
        {"fstat", seam::daemon, 1, nullptr, EIO, Stage::null_device,
         "cannot use the null device /dev/null: Input/output error"},
        {"dup2", seam::daemon, 1, nullptr, EBADF, Stage::standard_input,
         "cannot open standard input from /dev/null: Bad file descriptor"},
        {"dup2", seam::daemon, 2, nullptr, EBADF, Stage::standard_output,
         "cannot open standard output to /dev/null: Bad file descriptor"},
        {"dup2", seam::daemon, 3, nullptr, EBADF, Stage::standard_error,
         "cannot open standard error to /dev/null: Bad file descriptor"},
        {"setrlimit", seam::daemon, 1, nullptr, EPERM, Stage::limits,
         "cannot set the resource limit RLIMIT_CORE: Operation not permitted"},
        {"chdir", seam::daemon, 1, "/", EACCES, Stage::chdir, "cannot change the directory to /: Permission denied"},
        {"pthread_sigmask", seam::daemon, 1, nullptr, EINVAL, Stage::signal_reset,
         "cannot reset the signals: Invalid argument"},
    });
}

TEST_CASE("a single fork tells the same failures") {
    const test::Directory directory;
    Daemonizer daemonizer("failing");
    daemonizer.fork(Fork::once).pid_file(directory / "pid").wait_until_ready();
    for (const Case& meant : std::vector<Case>{
             {"fork", seam::launcher, 1, nullptr, EAGAIN, Stage::fork, "cannot fork: Resource temporarily unavailable"},
             {"setsid", 1, 1, nullptr, EPERM, Stage::setsid, "cannot start a session: Operation not permitted"},
             {"chdir", 1, 1, "/", EIO, Stage::chdir, "cannot change the directory to /: Input/output error"},
         }) {
        check(meant, daemonizer, directory);
    }
}

TEST_CASE("a pid file that cannot be locked or written is told by its path") {
    const test::Directory directory;
    const std::string path = directory / "pid";
    Daemonizer daemonizer("failing");
    daemonizer.pid_file(path).wait_until_ready();
    const std::string write = "cannot write the pid file " + path;
    const std::string full = write + ": No space left on device", nothing = write + ": Input/output error";
    const std::string open = "cannot open the pid file " + path + ": Too many open files";
    check({"pwrite", seam::daemon, 1, nullptr, ENOSPC, Stage::pid_file_write, full.c_str()}, daemonizer, directory);
    check({"open", seam::launcher, 0, path.c_str(), EMFILE, Stage::pid_file_open, open.c_str()}, daemonizer, directory);

    const test::Orphanage orphans;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        answer = {0, 0};
        return call.is("pwrite");
    });
    const Launch launch = daemonizer.launch([](Daemon& daemon) { daemon.ready(); });
    CHECK(launch.failure().message() == nothing);
    CHECK_FALSE(test::exists(path));
}

TEST_CASE("a squatted pid file that cannot be replaced is told, and the replacement goes") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "pid";
    const int squatter = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
    struct flock read_lock = {};
    read_lock.l_type = F_RDLCK;
    REQUIRE(::fcntl(squatter, F_OFD_SETLK, &read_lock) == 0);
    Failure failure;
    {
        const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
            return call.is("rename") && seam::fail(call, EIO, answer);
        });
        static_cast<void>(daemonize::PidFile::acquire(path, failure));
    }
    CHECK(failure.message() == "cannot open the pid file " + path + ": Input/output error");
    CHECK_FALSE(test::exists(path + ".new"));
    ::close(squatter);
}

TEST_CASE("a pid file that is written byte by byte is complete") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("pwrite") || call.arguments[2] == 1) return false;
        // One byte, at the place where the next one belongs: its own count of calls tells which.
        answer = {::pwrite(static_cast<int>(call.arguments[0]), reinterpret_cast<const char*>(call.arguments[1]), 1,
                           call.count - 1),
                  0};
        return true;
    });
    const Launch launch = Daemonizer("failing").pid_file(directory / "pid").keep_fd(hold.read_end()).launch([&] {
        hold.wait_until_closed();
    });
    CHECK(launch.ok());
    CHECK(test::contents(directory / "pid") == std::to_string(launch.pid()) + "\n");
    hold.close_write();
    orphans.wait_until_empty();
}

TEST_CASE("a log that cannot be opened is told by its path") {
    const test::Directory directory;
    const std::string path = directory / "log";
    Daemonizer daemonizer("failing");
    daemonizer.pid_file(directory / "pid").stdout_to(path).wait_until_ready();
    const std::string message = "cannot open standard output to " + path + ": Input/output error";
    check({"open", seam::daemon, 0, path.c_str(), EIO, Stage::standard_output, message.c_str()}, daemonizer, directory);
}

TEST_CASE("a daemon that cannot say that it is ready is none") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        return call.is("send") && call.process == seam::daemon && seam::fail(call, EPIPE, answer);
    });
    for (const bool waits : {true, false}) {
        Daemonizer daemonizer("failing");
        daemonizer.pid_file(directory / "pid");
        if (waits) daemonizer.wait_until_ready();
        const Launch launch = daemonizer.launch([](Daemon& daemon) {
            daemon.ready();
            for (;;) ::pause(); // who takes no notice is there still
        });
        CHECK(launch.failure().stage() == Stage::readiness);
        CHECK(launch.exit_code() == 1);
        CHECK_FALSE(test::exists(directory / "pid"));
        CHECK(orphans.is_empty());
    }
}

TEST_CASE("a step of the identity that fails is told") {
    NEEDS(other_users());
    NEEDS(system_directories());
    NEEDS(new_root());
    const test::Directory directory;
    Daemonizer daemonizer("failing");
    daemonizer.user("nobody").no_new_privileges().pid_file(directory / "pid").wait_until_ready();
    const std::string log = "/var/log/daemonize-test-seam-" + std::to_string(::getpid());
    const std::string log_message = "cannot make the log directory " + log + ": Read-only file system";
    for (const Case& meant : std::vector<Case>{
             {"setgroups", seam::daemon, 1, nullptr, EPERM, Stage::group,
              "cannot take the group of nobody: Operation not permitted"},
             {"setresgid", seam::daemon, 1, nullptr, EAGAIN, Stage::group,
              "cannot take the group of nobody: Resource temporarily unavailable"},
             {"setresuid", seam::daemon, 1, nullptr, EAGAIN, Stage::user,
              "cannot become the user nobody: Resource temporarily unavailable"},
             {"prctl", seam::daemon, 2, nullptr, EINVAL, Stage::no_new_privileges,
              "cannot give up new privileges: Invalid argument"},
         }) {
        check(meant, daemonizer, directory);
    }
    daemonizer.log_directory(log.substr(sizeof "/var/log"));
    check({"fchown", seam::daemon, 1, nullptr, EROFS, Stage::log_directory, log_message.c_str()}, daemonizer,
          directory);
    CHECK_FALSE(test::exists(log));
    const std::string root_message = "cannot change the root directory to " + directory.path() + ": Input/output error";
    daemonizer.chroot(directory.path());
    check({"chroot", seam::daemon, 1, nullptr, EIO, Stage::chroot, root_message.c_str()}, daemonizer, directory);
    check({"chdir", seam::daemon, 1, "/", EIO, Stage::chroot, root_message.c_str()}, daemonizer, directory);
}

TEST_CASE("a step of the identity that claims success without effect is caught") {
    NEEDS(other_users());
    gid_t before[256];
    const int count = ::getgroups(256, before);
    const gid_t roots[] = {0, 1};
    REQUIRE(count >= 0);
    REQUIRE(::setgroups(2, roots) == 0);
    CHECK(failure_of_drop("setgroups", 1, 0).message() ==
          "cannot take the group of nobody: a group of the launcher remains");
    REQUIRE(::setgroups(0, nullptr) == 0);
    CHECK(failure_of_drop("setgroups", 1, 0).message() == "cannot take the group of nobody: a group is missing");
    const gid_t two_of_them[] = {1, 2};
    REQUIRE(::setgroups(2, two_of_them) == 0);
    CHECK(failure_of_drop("setgroups", 1, 0).message() == "cannot take the group of nobody: a group is missing");
    CHECK(failure_of_drop("setresgid", 1, 0).message() == "cannot take the group of nobody: the group did not change");
    CHECK(failure_of_drop("setresuid", 1, 0).message() == "cannot become the user nobody: the user did not change");
    CHECK(failure_of_drop("setuid", 1, 0).message() == "cannot become the user nobody: root could be regained");
    CHECK(failure_of_drop("seteuid", 1, 0).message() == "cannot become the user nobody: root could be regained");
    REQUIRE(::setgroups(static_cast<std::size_t>(count), before) == 0);
}

TEST_CASE("a start that is refused takes nothing away that another start made meanwhile") {
    NEEDS(system_directories());
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "pid";
    const std::string name = "daemonize-test-" + std::to_string(::getpid());
    const std::string log = "/var/log/" + name;
    test::Pipe hold, reported;
    const pid_t winner = test::fork_clean();
    if (winner == 0) {
        hold.close_write();
        Failure failure;
        const daemonize::PidFile file = daemonize::PidFile::acquire(path, failure);
        reported.send_text("holds\n");
        hold.wait_until_closed();
        std::_Exit(0);
    }
    REQUIRE(reported.line() == "holds");
    Launch launch;
    {
        // The directory was not there when the second start looked; by the time that it asks for the lock, it is.
        const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
            if (call.is("fcntl") && call.process == seam::launcher) static_cast<void>(::mkdir(log.c_str(), 0755));
            return false;
        });
        launch = Daemonizer("second").pid_file(path).log_directory(name).launch([] {});
    }
    CHECK(launch.failure().stage() == Stage::pid_file_lock);
    CHECK(test::exists(log));
    ::rmdir(log.c_str());
    hold.close_write();
    CHECK(orphans.wait_for(winner) == 0);
}
