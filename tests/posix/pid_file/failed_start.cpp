// A failed start leaves no pid file, no lock and no process.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <vector>

using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Stage;

namespace {

struct Failing {
    const char* how;
    Stage stage;
    void (*prepare)(Daemonizer&, const test::Directory&);
    int (*body)(daemonize::Daemon&);
};

int stays(daemonize::Daemon&) {
    for (;;) ::pause();
}

void is_as_it_is(Daemonizer&, const test::Directory&) {}

void has_a_link_for_a_log(Daemonizer& daemonizer, const test::Directory& directory) {
    if (::symlink("/dev/null", (directory / "log").c_str()) != 0) std::abort();
    daemonizer.stdout_to(directory / "log");
}

void has_no_time(Daemonizer& daemonizer, const test::Directory&) {
    daemonizer.wait_until_ready(daemonize::Duration::milliseconds(50));
}

void fails_before_the_drop(Daemonizer& daemonizer, const test::Directory&) {
    daemonizer.before_drop([](std::string& why) {
        why = "the port is taken";
        return false;
    });
}

void dies_before_the_drop(Daemonizer& daemonizer, const test::Directory&) {
    daemonizer.before_drop([] { ::kill(::getpid(), SIGKILL); });
}

void leaves_its_directory(Daemonizer& daemonizer, const test::Directory& directory) {
    const std::string inner = directory / "inner";
    if (::mkdir(inner.c_str(), 0755) != 0) std::abort();
    daemonizer.chdir(inner).before_drop([inner] { ::rmdir(inner.c_str()); });
}

void has_no_directory(Daemonizer& daemonizer, const test::Directory& directory) {
    daemonizer.chdir(directory / "missing");
}

void has_an_unknown_user(Daemonizer& daemonizer, const test::Directory&) { daemonizer.user("no such user"); }

const Failing all[] = {
    {"it returns before it is ready", Stage::readiness, is_as_it_is, [](daemonize::Daemon&) { return 3; }},
    {"it returns success before it is ready", Stage::readiness, is_as_it_is, [](daemonize::Daemon&) { return 0; }},
    {"it throws", Stage::body, is_as_it_is, [](daemonize::Daemon&) -> int { throw std::runtime_error("thrown"); }},
    {"it says that it failed", Stage::body, is_as_it_is,
     [](daemonize::Daemon& daemon) -> int { daemon.fail_and_exit("out of luck", 9); }},
    {"it leaves past its exit handlers", Stage::readiness, is_as_it_is,
     [](daemonize::Daemon&) -> int { std::_Exit(4); }},
    {"it is killed", Stage::readiness, is_as_it_is,
     [](daemonize::Daemon& daemon) {
         ::kill(::getpid(), SIGKILL);
         return stays(daemon);
     }},
    {"it is late", Stage::timeout, has_no_time, stays},
    {"its step before the drop fails", Stage::before_drop, fails_before_the_drop, stays},
    {"it dies during set-up", Stage::readiness, dies_before_the_drop, stays},
    {"its log cannot be opened", Stage::standard_output, has_a_link_for_a_log, stays},
    {"its directory goes meanwhile", Stage::chdir, leaves_its_directory, stays},
    {"its directory is missing", Stage::chdir, has_no_directory, stays},
    {"its user is unknown", Stage::user, has_an_unknown_user, stays},
};

} // namespace

TEST_CASE("a failed start leaves no pid file") {
    const test::Orphanage orphanage;
    for (const Failing& failing : all) {
        for (const Fork fork : {Fork::once, Fork::twice}) {
            INFO(failing.how << ", forked " << (fork == Fork::once ? "once" : "twice"));
            const test::Directory directory;
            const std::string path = directory / "daemon.pid";
            Daemonizer daemonizer("failing");
            daemonizer.fork(fork).pid_file(path).wait_until_ready();
            failing.prepare(daemonizer, directory);
            const daemonize::Launch launch =
                daemonizer.launch([&](daemonize::Daemon& daemon) { return failing.body(daemon); });
            CHECK(!launch.ok());
            CHECK(launch.failure().stage() == failing.stage);
            CHECK(!test::exists(path));
            CHECK(orphanage.is_empty());
        }
    }
}

TEST_CASE("a failed start over a stale file leaves none either") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "1\n");
    const daemonize::Launch launch = Daemonizer("failing").pid_file(path).wait_until_ready().launch([] { return 3; });
    CHECK(launch.exit_status() == 3);
    CHECK(!test::exists(path));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a daemon that dropped its privileges and then fails has its pid file taken away by the launcher") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const Fork fork = GENERATE(Fork::once, Fork::twice);
    const std::string path = directory / "daemon.pid";
    Daemonizer daemonizer("dropped");
    daemonizer.fork(fork).user("65534").group("65534").pid_file(path).wait_until_ready();
    CHECK(daemonizer.launch([] { return 3; }).exit_status() == 3);
    CHECK(!test::exists(path));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a refused second start leaves the first one's pid file alone") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held first(Daemonizer("first").pid_file(path));
    REQUIRE(first.ok());
    Daemonizer second("second");
    const daemonize::Launch launch = second.pid_file(path).launch([] {});
    CHECK(launch.failure().stage() == Stage::pid_file_lock);
    CHECK(test::contents(path) == std::to_string(first.pid()) + "\n");
    CHECK(daemonize::PidFile::holder(path).pid == first.pid());
}

TEST_CASE("a start whose launcher dies before the daemon is ready leaves no pid file") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe report;
    const pid_t launcher = ::fork();
    if (launcher == 0) {
        Daemonizer("orphaned").pid_file(path).keep_fd(report.write_end()).wait_until_ready().daemonize();
        report.send_text("waits\n");
        for (;;) ::pause();
    }
    REQUIRE(launcher > 0);
    CHECK(report.line() == "waits");
    REQUIRE(test::kill(launcher, SIGKILL) == 0);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    CHECK(!test::exists(path));
}
