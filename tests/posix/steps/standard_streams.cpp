#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <sys/sysmacros.h>

namespace {

using daemonize::Daemon;
using daemonize::Daemonizer;

std::string stream(const test::HeldDaemon& daemon, int number) {
    return test::link_target(daemon.proc("fd/" + std::to_string(number)));
}

std::string ready_then(Daemon& daemon, int number, const std::string& text) {
    daemon.ready();
    return ::write(number, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? "written" : "failed";
}

int make_file(const std::string& path) { return ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600); }

// In a child whose standard streams are the files 0, 1 and 2 of `directory`, as it is for the rest of its life.
void take_streams(const test::Directory& directory) {
    for (int i = 0; i < 3; ++i) {
        const int file = make_file(directory / std::to_string(i));
        if (::dup2(file, i) != i) throw std::runtime_error("no standard stream");
        if (file > 2) ::close(file);
    }
}

} // namespace

TEST_CASE("a daemon's standard streams are the null device by default") {
    const test::Orphanage orphans;
    const bool wait = GENERATE(false, true);
    Daemonizer daemonizer("streams-test");
    if (wait) daemonizer.wait_until_ready();
    const test::HeldDaemon daemon(daemonizer, [](Daemon& self) {
        self.ready();
        char byte;
        return std::to_string(::read(0, &byte, 1)) + ::std::to_string(::write(1, "1", 1)) +
               std::to_string(::write(2, "2", 1));
    });
    for (const char* number : {"0", "1", "2"}) {
        struct stat file_info = {};
        REQUIRE(::stat(daemon.proc(std::string("fd/") + number).c_str(), &file_info) == 0);
        CHECK(S_ISCHR(file_info.st_mode));
        CHECK(file_info.st_rdev == makedev(1, 3));
    }
    CHECK(daemon.reported() == "011");
}

TEST_CASE("standard input comes from a file, and is for reading only") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::write_file(directory / "input", "some words");
    Daemonizer daemonizer("streams-test");
    const test::HeldDaemon daemon(daemonizer.stdin_from(directory / "input"), [] {
        char text[32];
        const ssize_t size = ::read(0, text, sizeof text);
        const std::string content(text, size > 0 ? static_cast<std::size_t>(size) : 0);
        const bool blocks = (::fcntl(0, F_GETFL) & O_NONBLOCK) == 0; // as everybody expects of it
        return content + (::write(0, "x", 1) == -1 ? "" : ", and it can be written") + (blocks ? "" : ", or EAGAIN");
    });
    CHECK(daemon.reported() == "some words");
}

TEST_CASE("standard input that is missing fails the start") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        Daemonizer("streams-test").stdin_from(directory / "none").daemonize();
        return 0;
    });
    CHECK(ended.with(exit_code(daemonize::Stage::standard_input)));
    CHECK(ended.error ==
          "streams-test: cannot open standard input from " + directory / "none" + ": No such file or directory\n");
    CHECK_FALSE(test::exists(directory / "none"));
    CHECK(orphans.is_empty());
}

TEST_CASE("a stream can be given as a descriptor, which is then closed unless it is to be kept") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const int number = GENERATE(0, 1, 2);
    const bool wait = GENERATE(false, true);
    const bool keep = GENERATE(false, true);
    const std::string path = directory / "file";
    const int file = make_file(path);
    Daemonizer daemonizer("streams-test");
    if (wait) daemonizer.wait_until_ready();
    if (keep) daemonizer.keep_fd(file);
    (number == 0 ? daemonizer.stdin_from(file) : number == 1 ? daemonizer.stdout_to(file) : daemonizer.stderr_to(file));
    const test::HeldDaemon daemon(daemonizer, [&](Daemon& self) { return ready_then(self, number, "text"); });
    CHECK(daemon.reported() == "written");
    CHECK(test::contents(path) == "text");
    for (const int other : {0, 1, 2}) CHECK(stream(daemon, other) == (other == number ? path : "/dev/null"));
    std::set<int> expected = {0, 1, 2, daemon.descriptor()};
    if (keep) expected.insert(file);
    CHECK(test::open_descriptors(daemon.pid()) == expected);
    ::close(file);
}

TEST_CASE("one descriptor can be given for several streams") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const int file = make_file(directory / "file");
    Daemonizer daemonizer("streams-test");
    daemonizer.stdin_from(file).stdout_to(file).stderr_to(file).wait_until_ready();
    const test::HeldDaemon daemon(daemonizer, [](Daemon& self) { return ready_then(self, 2, "text"); });
    for (const int number : {0, 1, 2}) CHECK(stream(daemon, number) == directory / "file");
    CHECK(test::open_descriptors(daemon.pid()) == std::set<int>{0, 1, 2, daemon.descriptor()});
    ::close(file);
}

TEST_CASE("a stream that is to be kept is the launcher's") {
    const test::Directory directory;
    const int kept = GENERATE(0, 1, 2);
    const bool wait = GENERATE(false, true);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        take_streams(directory);
        Daemonizer daemonizer("streams-test");
        if (wait) daemonizer.wait_until_ready();
        if (kept == 0) daemonizer.stdin_from(daemonize::keep);
        if (kept == 1) daemonizer.stdout_to(daemonize::keep);
        if (kept == 2) daemonizer.stderr_to(daemonize::keep);
        const test::HeldDaemon daemon(daemonizer, [&](Daemon& self) { return ready_then(self, kept, "text"); });
        std::string result;
        for (const int number : {0, 1, 2}) result += stream(daemon, number) + " ";
        return result;
    });
    std::string expected;
    for (const int number : {0, 1, 2}) {
        expected += (number == kept ? directory / std::to_string(number) : "/dev/null") + " ";
    }
    CHECK(seen == expected);
    CHECK(test::contents(directory / std::to_string(kept)) == "text");
}

TEST_CASE("a stream that is given as one of the launcher's standard streams is that one") {
    const test::Directory directory;
    const bool wait = GENERATE(false, true);
    const bool close_fds = GENERATE(true, false);
    // For 0, 1 and 2: the launcher's stream that the daemon is to have there.
    const std::string wanted =
        GENERATE(as<std::string>{}, "012", "021", "102", "120", "201", "210", "000", "111", "222");
    INFO(wanted);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        take_streams(directory);
        Daemonizer daemonizer("streams-test");
        daemonizer.close_fds(close_fds);
        if (wait) daemonizer.wait_until_ready();
        daemonizer.stdin_from(wanted[0] - '0').stdout_to(wanted[1] - '0').stderr_to(wanted[2] - '0');
        const test::HeldDaemon daemon(daemonizer, [&](Daemon& self) { return ready_then(self, 2, "text"); });
        std::string result = daemon.reported();
        for (const int number : {0, 1, 2}) result += " " + stream(daemon, number);
        std::set<int> others = test::open_descriptors();
        for (const int number : {0, 1, 2, daemon.descriptor()}) others.insert(number);
        if (close_fds) others = {0, 1, 2, daemon.descriptor()};
        return result + (test::open_descriptors(daemon.pid()) == others ? "" : ", and others");
    });
    std::string expected = "written";
    for (const char number : wanted) expected += " " + directory / std::string(1, number);
    CHECK(seen == expected);
}

TEST_CASE("standard error is the launcher's until the daemon is ready, and what was asked for afterwards") {
    const test::Orphanage orphans;
    const test::Directory directory;
    test::Pipe hold;
    const test::Ended ended = test::run_launcher([&] {
        Daemon daemon = Daemonizer("streams-test")
                            .keep_fd(hold.read_end())
                            .wait_until_ready()
                            .stderr_to(directory / "err")
                            .daemonize();
        const bool early = ::write(2, "early\n", 6) == 6;
        daemon.ready();
        const bool late = ::write(2, "late\n", 5) == 5;
        return early && late ? 0 : 1;
    });
    CHECK(ended.with(0));
    CHECK(ended.error == "early\n");
    while (::waitpid(-1, nullptr, 0) > 0) { // the late word is written before the daemon ends
    }
    CHECK(test::contents(directory / "err") == "late\n");
}

TEST_CASE("what stdio holds of standard output at readiness is in the file when the launcher returns") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("streams-test");
    daemonizer.wait_until_ready().stdout_to(directory / "out");
    const test::HeldDaemon daemon(daemonizer, [](Daemon& self) {
        std::fputs("buffered", stdout);
        self.ready();
        return std::string();
    });
    CHECK(test::contents(directory / "out") == "buffered");
}

TEST_CASE("what the launcher's stdio held comes out once") {
    const test::Orphanage orphans;
    const test::Directory directory;
    std::FILE* const file = std::fopen((directory / "file").c_str(), "a");
    REQUIRE(file != nullptr);
    std::fputs("once\n", file);
    Daemonizer daemonizer("streams-test");
    const test::HeldDaemon daemon(daemonizer.keep_fd(::fileno(file)),
                                  [&] { return std::to_string(std::fflush(file)); });
    std::fclose(file);
    CHECK(daemon.reported() == "0");
    CHECK(test::contents(directory / "file") == "once\n");
}
