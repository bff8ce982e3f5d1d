// PidFile in a program that is not a daemon.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <utility>

using daemonize::Failure;
using daemonize::PidFile;
using daemonize::Stage;

namespace {

std::string line_of(pid_t pid) { return std::to_string(pid) + "\n"; }

// The holder of the file, as another process sees it.
std::string holder_elsewhere(const std::string& path) {
    test::Child asker([&](test::Pipe& report) {
        Failure failure;
        const PidFile::Holder holder = PidFile::holder(path, failure);
        report.send_text(failure          ? "failed\n"
                         : holder.running ? std::to_string(holder.pid) + "\n"
                                          : std::string("none\n"));
    });
    return asker.line();
}

} // namespace

TEST_CASE("a pid file is written and locked by acquire, and goes with release") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    CHECK(holder_elsewhere(path) == "none");
    const auto open_before = test::open_descriptors();
    PidFile file = PidFile::acquire(path);
    REQUIRE(file);
    CHECK(test::contents(path) == line_of(::getpid()));
    CHECK(test::mode_of(path) == 0644);
    CHECK(holder_elsewhere(path) == std::to_string(::getpid()));
    CHECK(PidFile::holder(path).running);
    CHECK(PidFile::holder(path).pid == ::getpid());
    file.release();
    CHECK(!file);
    CHECK(!test::exists(path));
    CHECK(!PidFile::holder(path).running);
    CHECK(test::open_descriptors() == open_before);
    file.release();
    CHECK(!file);
}

TEST_CASE("a process that asks who holds its own file stays the one that others name") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const PidFile file = PidFile::acquire(path);
    REQUIRE(PidFile::holder(path).pid == ::getpid());
    // In a child: any close of the file here would give up the lock that names us.
    test::Child forger([&](test::Pipe& report) {
        test::write_file(path, "1\n");
        report.send_text("forged\n");
    });
    REQUIRE(forger.line() == "forged");
    CHECK(holder_elsewhere(path) == std::to_string(::getpid()));
}

TEST_CASE("a held pid file refuses every other process, by name of its holder") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const PidFile file = PidFile::acquire(path);
    test::Child other([&](test::Pipe& report) {
        Failure failure;
        const PidFile second = PidFile::acquire(path, failure);
        report.send_text((second ? "held\n" : failure.message() + "\n"));
    });
    CHECK(other.line() == "cannot lock the pid file " + path + ": process " + std::to_string(::getpid()) + " holds it");
    CHECK(test::contents(path) == line_of(::getpid()));
}

TEST_CASE("a pid file that this process holds is refused to it a second time, and stays held") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const PidFile file = PidFile::acquire(path);
    Failure failure;
    CHECK(!PidFile::acquire(path, failure));
    CHECK(failure.stage() == Stage::pid_file_lock);
    CHECK(failure.message() ==
          "cannot lock the pid file " + path + ": process " + std::to_string(::getpid()) + " holds it");
    // In a child, as above.
    test::Child forger([&](test::Pipe& report) {
        test::write_file(path, "1\n");
        report.send_text("forged\n");
    });
    REQUIRE(forger.line() == "forged");
    CHECK(holder_elsewhere(path) == std::to_string(::getpid())); // by the lock, which the refusal did not cost
}

TEST_CASE("a pid file moves with its object") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const std::string other = directory / "other.pid";
    PidFile first = PidFile::acquire(path);
    PidFile second = std::move(first);
    CHECK(second);
    CHECK(test::contents(path) == line_of(::getpid()));
    PidFile third = PidFile::acquire(other);
    third = std::move(second);
    CHECK(!test::exists(other));
    CHECK(holder_elsewhere(path) == std::to_string(::getpid()));
    { const PidFile last = std::move(third); }
    CHECK(!test::exists(path));
}

TEST_CASE("a pid file that cannot be had is told by a failure, and by an exception") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "missing/alone.pid";
    Failure failure;
    CHECK(!PidFile::acquire(path, failure));
    CHECK(failure.stage() == Stage::pid_file_open);
    CHECK(failure.code() == std::errc::no_such_file_or_directory);
    CHECK(failure.detail() == path);
    CHECK(failure.message() == "cannot open the pid file " + path + ": No such file or directory");
    std::string thrown;
    try {
        static_cast<void>(PidFile::acquire(path));
    } catch (const daemonize::Error& error) {
        thrown = error.what();
    }
    CHECK(thrown == failure.message());

    CHECK(!PidFile::acquire("", failure));
    CHECK(failure.message() == "cannot open the pid file: the path is empty");
    failure = Failure();
    CHECK_FALSE(PidFile::holder("", failure).running);
    CHECK(failure.message() == "cannot open the pid file: the path is empty");
    const daemonize::Instance instance = daemonize::Instance::at("");
    failure = Failure();
    static_cast<void>(instance.status(failure));
    CHECK(failure.message() == "cannot open the pid file: the path is empty");
    CHECK_FALSE(instance.stop(daemonize::Duration(), daemonize::OnTimeout::fail, failure));
    CHECK(failure.message() == "cannot open the pid file: the path is empty");
    CHECK(PidFile::acquire(directory / "alone.pid", failure));
    CHECK(!failure);
}

TEST_CASE("a holder that cannot be asked for is told by a failure, and by an exception") {
    const test::Directory directory;
    const std::string path = directory / "link.pid";
    REQUIRE(::symlink("/dev/null", path.c_str()) == 0);
    Failure failure;
    CHECK(!PidFile::holder(path, failure).running);
    CHECK(failure.stage() == Stage::pid_file_open);
    std::string thrown;
    try {
        static_cast<void>(PidFile::holder(path));
    } catch (const daemonize::Error& error) {
        thrown = error.what();
    }
    CHECK(thrown == failure.message());
    CHECK(!PidFile::holder(directory / "missing/no.pid", failure).running);
    CHECK(!failure);
}

TEST_CASE("a forked child neither holds nor removes its parent's pid file") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    PidFile file = PidFile::acquire(path);
    const pid_t child = ::fork();
    if (child == 0) {
        file.release();
        std::exit(0);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(test::contents(path) == line_of(::getpid()));
    CHECK(holder_elsewhere(path) == std::to_string(::getpid()));
}

TEST_CASE("a pid file goes when its process exits, and is free when its process is killed") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const bool by_exit = GENERATE(true, false);
    const pid_t child = ::fork();
    if (child == 0) {
        const PidFile file = PidFile::acquire(path);
        if (by_exit) std::exit(file ? 0 : 1); // no destructor of this scope runs
        ::kill(::getpid(), SIGKILL);
    }
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(test::exists(path) == !by_exit);
    CHECK(holder_elsewhere(path) == "none");
    CHECK(PidFile::acquire(path));
}

TEST_CASE("a descriptor that the application was given in the pid file's place is left alone") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid", precious = directory / "precious";
    test::write_file(precious, "data");
    const bool is_gone = GENERATE(false, true);
    const std::string seen = test::in_child([&] {
        PidFile file = PidFile::acquire(path);
        const std::set<int> open = test::open_descriptors();
        for (const int number : open) {
            struct stat there, held;
            if (::fstat(number, &there) != 0 || ::stat(path.c_str(), &held) != 0 || there.st_ino != held.st_ino)
                continue;
            const int other = ::open(precious.c_str(), O_RDWR); // as a library's mass close, and the next open, have it
            if (::dup2(other, number) != number) return std::string("no descriptor");
        }
        if (is_gone) ::unlink(path.c_str());
        file.release();
        return test::contents(precious);
    });
    CHECK(seen == "data");
}

TEST_CASE("a launch in the foreground leaves the process's own pid files locked") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const test::Ended ended = test::run_launcher([&] {
        const PidFile file = PidFile::acquire(path);
        daemonize::Daemonizer("front").foreground().daemonize();
        return holder_elsewhere(path) == std::to_string(::getpid()) ? 42 : 1;
    });
    CHECK(ended.with(42));
}

TEST_CASE("a state of an Instance, and what a stop does at its time-out, have the name of their enumerator as a text") {
    const char* const states[] = {"not_running", "dead", "starting", "running", "unknown"};
    for (int number = 0; number < 5; ++number) {
        CHECK(std::string(to_string(static_cast<daemonize::Instance::State>(number))) == states[number]);
    }
    const char* const actions[] = {"fail", "kill", "unknown"};
    for (int number = 0; number < 3; ++number) {
        CHECK(std::string(to_string(static_cast<daemonize::OnTimeout>(number))) == actions[number]);
    }
}
