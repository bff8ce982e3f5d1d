// The verbs of a service without free disk space, processes or descriptors: a verb that starts no process works, and a
// failed start reports one line and leaves nothing.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

#include <sys/resource.h>

using daemonize::Daemonizer;

namespace {

void limit(int resource, rlim_t most) {
    const struct rlimit value = {most, most};
    if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &value) != 0) std::abort();
}

// Writes until the disk is full, and leaves nothing of the last page either.
void fill(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const std::string block(65536, '.');
    for (std::size_t size = block.size(); size > 0;) {
        if (::write(file, block.data(), size) <= 0) size /= 2;
    }
    if (file < 0 || errno != ENOSPC || ::close(file) != 0) throw std::runtime_error("cannot fill the disk");
}

// Calls `body` with a small disk in a child of the test, and returns the result.
template <class Body>
std::string on_small_disk(const char* options, Body body) {
    const test::Directory directory;
    return test::in_child([&] {
        test::default_signals();
        const test::Orphanage orphanage;
        if (!test::own_mounts()) throw std::runtime_error("no mounts of its own");
        test::mount_memory(directory.path(), options);
        const std::string text = body(directory.path());
        orphanage.wait_until_empty();
        return text;
    });
}

std::string text_of(const test::Said& said) { return std::to_string(said.code) + " " + said.error; }

} // namespace

TEST_CASE("on a full disk a start says so and leaves nothing, by launch and by its verb") {
    NEEDS(private_mounts());
    const std::string reported = on_small_disk("size=64k,mode=755", [](const std::string& disk) {
        const std::string path = disk + "/pid";
        fill(disk + "/filled");
        const auto wrong = [&](const std::string& said) {
            if (test::exists(path)) return said + ", and a pid file is left; ";
            return said == "cannot write the pid file " + path + ": No space left on device" ? std::string("told; ")
                                                                                             : said;
        };
        const std::string message = Daemonizer("full").pid_file(path).launch([] {}).failure().message();
        const test::Said said = test::run(test::plain_service(path), {"start"});
        const std::string line = said.error.size() > 9 ? said.error.substr(8, said.error.size() - 9) : said.error;
        std::string codes = std::to_string(said.code);
        for (const char* verb : {"status", "stop", "reload", "restart"}) {
            codes += " " + std::to_string(test::run(test::plain_service(path), {verb}).code);
        }
        return wrong(message) + wrong(line) + codes;
    });
    CHECK(reported == "told; told; 1 3 0 7 1");
}

TEST_CASE("on a disk without a free inode a start says so, for the pid file and for a log") {
    NEEDS(private_mounts());
    const std::string reported = on_small_disk("nr_inodes=2,mode=755", [](const std::string& disk) {
        const std::string path = disk + "/pid";
        test::write_file(disk + "/filled", "");
        const test::Run::Main service = test::plain_service(path);
        const std::string first = text_of(test::run(service, {"start"}));
        ::unlink((disk + "/filled").c_str());
        const std::string log = disk + "/log";
        const test::Said said =
            test::run(test::plain_service(path, [&](Daemonizer& daemonizer) { daemonizer.stdout_to(log); }), {"start"});
        return first + text_of(said) + (test::exists(path) ? "a pid file is left" : disk);
    });
    const std::string disk = reported.substr(reported.rfind('\n') + 1);
    const std::string full = ": No space left on device\n";
    CHECK(reported == "1 tested: cannot open the pid file " + disk + "/pid" + full +
                          "1 tested: cannot open standard output to " + disk + "/log" + full + disk);
}

TEST_CASE("a service that runs is asked, reloaded and stopped though its disk has become full") {
    NEEDS(private_mounts());
    const std::string reported = on_small_disk("size=64k,mode=755", [](const std::string& disk) {
        const test::Run::Main service =
            test::plain_service(disk + "/pid", [&](Daemonizer& daemonizer) { daemonizer.stdout_to(disk + "/log"); });
        std::string codes = text_of(test::run(service, {"start"}));
        fill(disk + "/filled");
        for (const char* verb : {"status", "reload", "start", "stop", "status"}) {
            codes += text_of(test::run(service, {verb}));
        }
        return codes + (test::exists(disk + "/pid") ? "a pid file is left" : "");
    });
    CHECK(reported == "0 0 0 0 0 3 ");
}

TEST_CASE("a start that the limit of processes forbids is told by its verb, and the other verbs need none") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const uid_t user = 1100000000 + static_cast<uid_t>(::getpid()); // whose processes are this test's alone
    REQUIRE(::chown(directory.path().c_str(), user, user) == 0);
    const std::string path = directory / "pid";
    const test::Run::Main service = test::plain_service(path);
    const auto as_user = [&](rlim_t processes, const char* verb) {
        return text_of(test::run(service, {verb}, [&] {
            test::become_nobody(user);
            limit(RLIMIT_NPROC, processes);
        }));
    };
    for (const rlim_t processes : {1u, 2u}) {
        CHECK(as_user(processes, "start") == "1 tested: cannot fork: Resource temporarily unavailable\n");
        CHECK(!test::exists(path));
        CHECK(orphanage.is_empty());
    }
    CHECK(as_user(3, "start") == "0 ");
    CHECK(as_user(1, "status") == "0 ");
    CHECK(as_user(1, "reload") == "0 ");
    // It stops what runs, and cannot start it again: the launcher is the one process that is allowed.
    CHECK(as_user(1, "restart") == "1 tested: cannot fork: Resource temporarily unavailable\n");
    CHECK(!test::exists(path));
    orphanage.wait_until_empty(); // the dead count until they are reaped
    CHECK(as_user(3, "start") == "0 ");
    CHECK(as_user(1, "stop") == "0 ");
    CHECK(as_user(1, "status") == "3 ");
    orphanage.wait_until_empty();
}

TEST_CASE("with every descriptor open from 0 to the limit, each verb says so, and a service that runs goes on") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const test::Run::Main service = test::plain_service(directory / "pid");
    const auto with_free = [&](const char* verb, int left) {
        return text_of(test::run(service, {verb}, [left] {
            limit(RLIMIT_NOFILE, 1024);
            while (::fcntl(STDERR_FILENO, F_DUPFD, 0) >= 0) {
            }
            for (int number = 1023; number > 1023 - left; --number) ::close(number);
        }));
    };
    const std::string too_many = "cannot open the pid file " + directory / "pid" + ": Too many open files\n";
    CHECK(with_free("start", 0) == "1 tested: " + too_many);
    CHECK(!test::exists(directory / "pid"));
    CHECK(orphanage.is_empty());
    CHECK(with_free("start", 24) == "0 "); // and all that were open are closed
    const pid_t pid = daemonize::PidFile::holder(directory / "pid").pid;
    CHECK(test::open_descriptors(pid).size() < 16);
    CHECK(with_free("status", 0) == "4 tested: " + too_many);
    CHECK(with_free("reload", 0) == "1 tested: " + too_many);
    CHECK(with_free("stop", 0) == "1 tested: " + too_many);
    CHECK(with_free("restart", 0) == "1 tested: " + too_many);
    CHECK(daemonize::PidFile::holder(directory / "pid").pid == pid);
    CHECK(with_free("stop", 1) == "0 "); // the pid file's; without a pidfd
    orphanage.wait_until_empty();
}

TEST_CASE("a service with every descriptor open is reloaded and stopped") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    test::Pipe report;
    const test::Run::Main service = [&](int argc, char** argv) {
        return daemonize::Service("tested")
            .posix([&](Daemonizer& daemonizer) {
                daemonizer.pid_file(directory / "pid").keep_fd(report.write_end()).rlimit(RLIMIT_NOFILE, 256);
            })
            .run(argc, argv, [&](daemonize::Context& context) {
                context.on_reload([&] { report.send_text("reload\n"); });
                while (::fcntl(STDERR_FILENO, F_DUPFD, 0) >= 0) {
                }
                context.ready();
                context.wait_for_stop();
            });
    };
    CHECK(text_of(test::run(service, {"start"})) == "0 ");
    CHECK(text_of(test::run(service, {"reload"})) == "0 ");
    CHECK(report.line() == "reload");
    CHECK(text_of(test::run(service, {"stop"})) == "0 ");
    CHECK(!test::exists(directory / "pid"));
    orphanage.wait_until_empty();
}
