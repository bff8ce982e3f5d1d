// Descriptors in notifications: stored descriptors, the pipe of the barrier, and the newline for s6.
#include "support/catch.hpp"
#include "support/manager.hpp"

#include <daemonize.hpp>

#include <chrono>
#include <thread>

using daemonize::Duration;
using daemonize::Failure;
using daemonize::Notifier;

namespace {

bool is_same_file(int one, int other) {
    struct stat a, b;
    return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

} // namespace

TEST_CASE("a descriptor is stored under its name") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const test::Pipe pipe;
    REQUIRE(Notifier::from_environment().try_store(pipe.read_end(), "state"));
    const test::Notification came = manager.receive();
    CHECK(came.text == "FDSTORE=1\nFDNAME=state");
    REQUIRE(came.descriptors.size() == 1);
    CHECK(is_same_file(came.descriptors[0], pipe.read_end()));
}

TEST_CASE("any message can carry descriptors, as many as the kernel takes") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    const test::Pipe pipe;
    REQUIRE(notifier.try_send("FDSTORE=1\nFDPOLL=0", {pipe.read_end(), pipe.write_end()}));
    const test::Notification came = manager.receive();
    REQUIRE(came.descriptors.size() == 2);
    CHECK(is_same_file(came.descriptors[1], pipe.write_end()));
    CHECK((notifier.try_send("FDSTORE=1", std::vector<int>(253, 0)) && manager.receive().descriptors.size() == 253));
    Failure failure;
    const bool sent = notifier.send("FDSTORE=1", std::vector<int>(1000, 0), failure);
    CHECK_FALSE(sent);
    CHECK(failure.code().value() == E2BIG);
    CHECK(manager.is_quiet());
}

TEST_CASE("a descriptor that is not open is told") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Failure failure;
    CHECK_FALSE(Notifier::from_environment().store(999, "state", failure));
    CHECK(failure.message() == "cannot notify the service manager at " + manager.address() + ": Bad file descriptor");
}

TEST_CASE("a name that the manager would pass over is refused") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    const std::string name =
        GENERATE(as<std::string>{}, "", "a:b", "a\nREADY=1", "\xc3\xa4", "\x7f", std::string(256, 'n'));
    Failure failure;
    CHECK_FALSE(notifier.store(0, name, failure));
    const std::string rule = "a name is 1 to 255 printable ASCII characters without a colon";
    CHECK(failure.message().find(rule) != std::string::npos);
    CHECK_FALSE(notifier.remove(name, failure));
    CHECK(failure.message().find(rule) != std::string::npos);
    CHECK(manager.is_quiet());
    CHECK(notifier.try_remove(std::string(255, '~')));
}

TEST_CASE("a barrier holds until the manager has read it") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    const auto before = test::open_descriptors();
    bool passed = false;
    std::thread waiting([&] { passed = notifier.try_barrier(Duration::longest()); });
    {
        const test::Notification came = manager.receive();
        CHECK(came.text == "BARRIER=1");
        CHECK(came.descriptors.size() == 1);
        CHECK_FALSE(passed);
    }
    waiting.join();
    CHECK(passed);
    CHECK(test::open_descriptors() == before);
}

TEST_CASE("a barrier that is never read is given up in time") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Failure failure;
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(Notifier::from_environment().barrier(std::chrono::milliseconds(50), failure));
    CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(50));
    CHECK(failure.code() == std::error_code(ETIMEDOUT, std::system_category()));
}

TEST_CASE("a supervisor's descriptor gets a newline at readiness, and is closed") {
    test::Pipe pipe;
    const int copy = ::fcntl(pipe.write_end(), F_DUPFD, 10);
    pipe.close_write();
    Notifier notifier;
    notifier.notify_fd(copy);
    CHECK(static_cast<bool>(notifier));
    CHECK(::fcntl(copy, F_GETFD) == FD_CLOEXEC);
    CHECK(notifier.try_status("not yet"));
    CHECK(notifier.try_ready());
    CHECK(notifier.try_ready());
    CHECK(pipe.rest() == "\n");
    CHECK_FALSE(static_cast<bool>(notifier));
    CHECK(::fcntl(copy, F_GETFD) == -1);
}

TEST_CASE("a supervisor and a service manager are both told") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    test::Pipe pipe;
    Notifier notifier = Notifier::from_environment();
    notifier.notify_fd(::fcntl(pipe.write_end(), F_DUPFD, 10));
    CHECK(notifier.try_ready("up"));
    CHECK(pipe.rest() == "\n");
    CHECK(manager.text() == "READY=1\nSTATUS=up");
}

TEST_CASE("a supervisor that died takes nobody with it") {
    const std::string seen = test::in_child([] {
        test::default_signals();
        test::Pipe pipe;
        pipe.close_read();
        Notifier notifier;
        Failure failure;
        const int copy = ::fcntl(pipe.write_end(), F_DUPFD, 50);
        notifier.notify_fd(copy);
        const bool reported = notifier.ready(failure);
        struct sigaction now = {};
        ::sigaction(SIGPIPE, nullptr, &now);
        return std::to_string(reported) + (now.sa_handler == SIG_DFL ? " as it was: " : " changed: ") +
               failure.message();
    });
    CHECK(seen == "0 as it was: cannot notify the service manager at descriptor 50: Broken pipe");
}

TEST_CASE("a descriptor for readiness that can be none is told, and nothing is closed") {
    Failure failure;
    Notifier missing;
    Notifier standard = Notifier().notify_fd(1);
    CHECK_FALSE(static_cast<bool>(standard));
    CHECK_FALSE(standard.ready(failure));
    CHECK(failure.message() == "cannot notify the service manager at descriptor 1: a standard stream cannot be closed");
    CHECK(::fcntl(1, F_GETFD) != -1);
    missing.notify_fd(777);
    CHECK_FALSE(missing.ready(failure));
    CHECK(failure.message() == "cannot notify the service manager at descriptor 777: Bad file descriptor");
}
