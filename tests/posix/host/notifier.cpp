// The messages of Notifier to a service manager, byte by byte: sd_notify(3).
#include "support/catch.hpp"
#include "support/manager.hpp"

#include <daemonize.hpp>

#include <chrono>
#include <ctime>
#include <thread>

using daemonize::Duration;
using daemonize::Failure;
using daemonize::Notifier;

namespace {

long long monotonic_microseconds() {
    struct timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<long long>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}

} // namespace

TEST_CASE("each notification is one message in the manager's words") {
    const test::Directory directory;
    const std::string address =
        GENERATE(false, true) ? "@daemonize-test-" + std::to_string(::getpid()) : directory / "notify";
    const test::Manager manager(address);
    Notifier notifier = Notifier::from_environment();
    CHECK(static_cast<bool>(notifier));
    CHECK(::fcntl(notifier.native_handle(), F_GETFD) == FD_CLOEXEC);
    CHECK((notifier.try_ready() && manager.text() == "READY=1"));
    CHECK((notifier.try_ready("serving 80") && manager.text() == "READY=1\nSTATUS=serving 80"));
    CHECK((notifier.try_status("66% of the check") && manager.text() == "STATUS=66% of the check"));
    CHECK((notifier.try_stopping() && manager.text() == "STOPPING=1"));
    CHECK((notifier.try_watchdog() && manager.text() == "WATCHDOG=1"));
    CHECK((notifier.try_watchdog_trigger() && manager.text() == "WATCHDOG=trigger"));
    CHECK((notifier.try_extend_timeout(std::chrono::seconds(20)) && manager.text() == "EXTEND_TIMEOUT_USEC=20000000"));
    CHECK((notifier.try_main_pid(4711) && manager.text() == "MAINPID=4711"));
    CHECK((notifier.try_error_number(2) && manager.text() == "ERRNO=2"));
    CHECK((notifier.try_exit_status(3) && manager.text() == "EXIT_STATUS=3"));
    CHECK((notifier.try_send("NOTIFYACCESS=all\nX_MINE=1") && manager.text() == "NOTIFYACCESS=all\nX_MINE=1"));
    CHECK((notifier.try_remove("state") && manager.text() == "FDSTOREREMOVE=1\nFDNAME=state"));
    CHECK(manager.is_quiet());
}

TEST_CASE("a reload begins with its time in the same message") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    const long long before = monotonic_microseconds();
    REQUIRE(notifier.try_reloading());
    const std::string text = manager.text(), expected = "RELOADING=1\nMONOTONIC_USEC=";
    REQUIRE(text.compare(0, expected.size(), expected) == 0);
    const long long said = std::stoll(text.substr(expected.size()));
    CHECK(before <= said);
    CHECK(said <= monotonic_microseconds());
}

TEST_CASE("a status can't smuggle in another assignment") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    CHECK((notifier.try_status("a\nREADY=1\r\n\tb\n") && manager.text() == "STATUS=a READY=1   b"));
}

TEST_CASE("a status is valid UTF-8 and fits the manager's buffer, or it would be dropped unseen") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Notifier notifier = Notifier::from_environment();
    CHECK((notifier.try_status("\xd0\xba\xff!") && manager.text() == "STATUS=\xd0\xba\xef\xbf\xbd!"));
    std::string lengthy;
    for (int i = 0; i < 5000; ++i) lengthy += "\xe2\x82\xac";
    REQUIRE(notifier.try_ready(lengthy));
    const std::string text = manager.text();
    CHECK(text.size() <= 4096);
    CHECK(text.size() > 3900);
    CHECK((text.size() - std::string("READY=1\nSTATUS=").size()) % 3 == 0);
}

TEST_CASE("a message that the manager would drop unseen is refused") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    Failure failure;
    CHECK((notifier.send(std::string(4096, 'x'), failure) && manager.text().size() == 4096));
    CHECK_FALSE(notifier.send(std::string(4097, 'x'), failure));
    CHECK(failure.message() ==
          "cannot notify the service manager at " + manager.address() + ": a message has at most 4096 bytes");
    CHECK(manager.is_quiet());
}

TEST_CASE("a span that is not whole microseconds is rounded up, and a negative one is none") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    CHECK((notifier.try_extend_timeout(Duration::nanoseconds(1001)) && manager.text() == "EXTEND_TIMEOUT_USEC=2"));
    CHECK((notifier.try_extend_timeout(Duration::seconds(-1)) && manager.text() == "EXTEND_TIMEOUT_USEC=0"));
    CHECK(
        (notifier.try_extend_timeout(Duration::longest()) && manager.text() == "EXTEND_TIMEOUT_USEC=9223372036854776"));
}

TEST_CASE("where nobody listens every call does nothing and succeeds") {
    ::unsetenv("NOTIFY_SOCKET");
    const bool empty = GENERATE(false, true);
    if (empty) ::setenv("NOTIFY_SOCKET", "", 1);
    Notifier notifier = Notifier::from_environment();
    Failure failure;
    CHECK_FALSE(static_cast<bool>(notifier));
    CHECK(notifier.native_handle() == -1);
    CHECK(notifier.ready(failure));
    CHECK(notifier.ready("text", failure));
    CHECK(notifier.status("text", failure));
    CHECK(notifier.store(0, "name", failure));
    CHECK(notifier.barrier(Duration::milliseconds(test::patience), failure));
    CHECK_FALSE(static_cast<bool>(failure));
    ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("a manager that is gone is told as a failure, and raises no signal") {
    const test::Directory directory;
    test::Manager manager(directory / "notify");
    Notifier notifier = Notifier::from_environment();
    manager.close();
    Failure failure;
    CHECK_FALSE(notifier.ready(failure));
    CHECK(failure.stage() == daemonize::Stage::notification);
    const std::string line = "cannot notify the service manager at " + manager.address() + ": ";
    INFO(failure.message());
    CHECK((failure.message() == line + "Connection refused" || failure.message() == line + "Broken pipe")); // gVisor
    CHECK_FALSE(notifier.try_status("still here"));
}

TEST_CASE("each notification without a Failure throws, but for those that are named so") {
    const test::Directory directory;
    test::Manager manager(directory / "notify");
    Notifier notifier = Notifier::from_environment();
    notifier.ready();
    CHECK(manager.text() == "READY=1");
    manager.close();
    using daemonize::Error;
    CHECK_THROWS_AS(notifier.ready(), Error);
    CHECK_THROWS_AS(notifier.ready("text"), Error);
    CHECK_THROWS_AS(notifier.status("text"), Error);
    CHECK_THROWS_AS(notifier.reloading(), Error);
    CHECK_THROWS_AS(notifier.stopping(), Error);
    CHECK_THROWS_AS(notifier.watchdog(), Error);
    CHECK_THROWS_AS(notifier.watchdog_trigger(), Error);
    CHECK_THROWS_AS(notifier.watchdog_timeout(Duration::seconds(1)), Error);
    CHECK_THROWS_AS(notifier.extend_timeout(Duration::seconds(1)), Error);
    CHECK_THROWS_AS(notifier.main_pid(1), Error);
    CHECK_THROWS_AS(notifier.error_number(1), Error);
    CHECK_THROWS_AS(notifier.exit_status(1), Error);
    CHECK_THROWS_AS(notifier.store(0, "name"), Error);
    CHECK_THROWS_AS(notifier.remove("name"), Error);
    CHECK_THROWS_AS(notifier.barrier(Duration::seconds(1)), Error);
    CHECK_THROWS_AS(notifier.send("X=1"), Error);
    CHECK_THROWS_AS(notifier.send("X=1", {0}), Error);
    CHECK_FALSE(notifier.try_ready());
    CHECK_FALSE(notifier.try_send("X=1", {0}));
    notifier = Notifier();
    notifier.ready(); // a manager that is not there is no failure
    CHECK(notifier.try_ready());
}

TEST_CASE("a full queue holds the sender up and loses nothing") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = Notifier::from_environment();
    constexpr int count = 3000;
    std::thread sender([&] {
        for (int i = 0; i < count; ++i) {
            if (!notifier.try_send("N=" + std::to_string(i))) return;
        }
    });
    int arrived = 0;
    while (arrived < count && manager.text() == "N=" + std::to_string(arrived)) ++arrived;
    sender.join();
    CHECK(arrived == count);
}

TEST_CASE("a notifier that was moved from is silent, and its successor speaks") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Notifier first = Notifier::from_environment();
    Notifier second = std::move(first);
    CHECK_FALSE(static_cast<bool>(first)); // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved)
    CHECK((first.try_ready() && manager.is_quiet()));
    CHECK((second.try_ready() && manager.text() == "READY=1"));
    first = std::move(second);
    CHECK((first.try_ready() && manager.text() == "READY=1"));
}

TEST_CASE("the socket is above the standard streams and is no program's that is started") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const std::string seen = test::in_child([] {
        ::close(0);
        const Notifier notifier = Notifier::from_environment();
        return std::to_string(notifier.native_handle() > 2) +
               std::to_string(::fcntl(notifier.native_handle(), F_GETFD) == FD_CLOEXEC);
    });
    CHECK(seen == "11");
}

TEST_CASE("a forked child speaks for itself") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Notifier notifier = Notifier::from_environment();
    const pid_t child = test::fork_clean();
    if (child == 0) std::_Exit(notifier.try_ready() ? 0 : 1);
    CHECK(manager.receive().sender == child);
    CHECK(::waitpid(child, nullptr, 0) == child);
}
