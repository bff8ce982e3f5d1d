// What a service manager hears, byte by byte: sd_notify(3).
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

Notifier connected() {
    Failure failure;
    Notifier notifier = Notifier::from_environment(failure);
    if (failure) throw std::runtime_error(failure.message());
    return notifier;
}

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
    Notifier notifier = connected();
    CHECK(static_cast<bool>(notifier));
    CHECK(::fcntl(notifier.native_handle(), F_GETFD) == FD_CLOEXEC);
    CHECK((notifier.ready() && manager.text() == "READY=1"));
    CHECK((notifier.ready("serving 80") && manager.text() == "READY=1\nSTATUS=serving 80"));
    CHECK((notifier.status("66% of the check") && manager.text() == "STATUS=66% of the check"));
    CHECK((notifier.stopping() && manager.text() == "STOPPING=1"));
    CHECK((notifier.watchdog() && manager.text() == "WATCHDOG=1"));
    CHECK((notifier.watchdog_trigger() && manager.text() == "WATCHDOG=trigger"));
    CHECK((notifier.extend_timeout(std::chrono::seconds(20)) && manager.text() == "EXTEND_TIMEOUT_USEC=20000000"));
    CHECK((notifier.main_pid(4711) && manager.text() == "MAINPID=4711"));
    CHECK((notifier.error_number(2) && manager.text() == "ERRNO=2"));
    CHECK((notifier.exit_status(3) && manager.text() == "EXIT_STATUS=3"));
    CHECK((notifier.send("NOTIFYACCESS=all\nX_MINE=1") && manager.text() == "NOTIFYACCESS=all\nX_MINE=1"));
    CHECK((notifier.remove("state") && manager.text() == "FDSTOREREMOVE=1\nFDNAME=state"));
    CHECK(manager.is_quiet());
}

TEST_CASE("a reload begins with its time in the same message") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = connected();
    const long long before = monotonic_microseconds();
    REQUIRE(notifier.reloading());
    const std::string text = manager.text(), expected = "RELOADING=1\nMONOTONIC_USEC=";
    REQUIRE(text.compare(0, expected.size(), expected) == 0);
    const long long said = std::stoll(text.substr(expected.size()));
    CHECK(before <= said);
    CHECK(said <= monotonic_microseconds());
}

TEST_CASE("a status can't smuggle in another assignment") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = connected();
    CHECK((notifier.status("a\nREADY=1\r\n\tb\n") && manager.text() == "STATUS=a READY=1   b"));
}

TEST_CASE("a status is valid UTF-8 and fits the manager's buffer, or it would be dropped unseen") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Notifier notifier = connected();
    CHECK((notifier.status("\xd0\xba\xff!") && manager.text() == "STATUS=\xd0\xba\xef\xbf\xbd!"));
    std::string lengthy;
    for (int i = 0; i < 5000; ++i) lengthy += "\xe2\x82\xac";
    REQUIRE(notifier.ready(lengthy));
    const std::string text = manager.text();
    CHECK(text.size() <= 4096);
    CHECK(text.size() > 3900);
    CHECK((text.size() - std::string("READY=1\nSTATUS=").size()) % 3 == 0);
}

TEST_CASE("a message that the manager would drop unseen is refused") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = connected();
    Failure failure;
    CHECK((notifier.send(std::string(4096, 'x'), failure) && manager.text().size() == 4096));
    CHECK_FALSE(notifier.send(std::string(4097, 'x'), failure));
    CHECK(failure.message() ==
          "cannot notify the service manager at " + manager.address() + ": a message has room for 4096 bytes");
    CHECK(manager.is_quiet());
}

TEST_CASE("a span that is not whole microseconds is rounded up, and a negative one is none") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = connected();
    CHECK((notifier.extend_timeout(Duration::nanoseconds(1001)) && manager.text() == "EXTEND_TIMEOUT_USEC=2"));
    CHECK((notifier.extend_timeout(Duration::seconds(-1)) && manager.text() == "EXTEND_TIMEOUT_USEC=0"));
    CHECK((notifier.extend_timeout(Duration::longest()) && manager.text() == "EXTEND_TIMEOUT_USEC=9223372036854776"));
}

TEST_CASE("where nobody listens every call does nothing and succeeds") {
    ::unsetenv("NOTIFY_SOCKET");
    const bool empty = GENERATE(false, true);
    if (empty) ::setenv("NOTIFY_SOCKET", "", 1);
    Notifier notifier = connected();
    Failure failure;
    CHECK_FALSE(static_cast<bool>(notifier));
    CHECK(notifier.native_handle() == -1);
    CHECK(notifier.ready(failure));
    CHECK(notifier.ready("text", failure));
    CHECK(notifier.status("text", failure));
    CHECK(notifier.store(0, "name", failure));
    CHECK(notifier.barrier(Duration::seconds(1), failure));
    CHECK_FALSE(static_cast<bool>(failure));
    ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("a manager that is gone is told as a failure, and raises no signal") {
    const test::Directory directory;
    test::Manager manager(directory / "notify");
    Notifier notifier = connected();
    manager.close();
    Failure failure;
    CHECK_FALSE(notifier.ready(failure));
    CHECK(failure.stage() == daemonize::Stage::notification);
    CHECK(failure.message() == "cannot notify the service manager at " + manager.address() + ": Connection refused");
    CHECK_FALSE(notifier.status("still here"));
}

TEST_CASE("a full queue holds the sender up and loses nothing") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const Notifier notifier = connected();
    constexpr int count = 3000;
    std::thread sender([&] {
        for (int i = 0; i < count; ++i) {
            if (!notifier.send("N=" + std::to_string(i))) return;
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
    Notifier first = connected();
    Notifier second = std::move(first);
    CHECK_FALSE(static_cast<bool>(first)); // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved)
    CHECK((first.ready() && manager.is_quiet()));
    CHECK((second.ready() && manager.text() == "READY=1"));
    first = std::move(second);
    CHECK((first.ready() && manager.text() == "READY=1"));
}

TEST_CASE("the socket is above the standard streams and is no program's that is started") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const std::string seen = test::in_child([] {
        ::close(0);
        const Notifier notifier = connected();
        return std::to_string(notifier.native_handle() > 2) +
               std::to_string(::fcntl(notifier.native_handle(), F_GETFD) == FD_CLOEXEC);
    });
    CHECK(seen == "11");
}

TEST_CASE("a forked child speaks for itself") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Notifier notifier = connected();
    const pid_t child = test::fork_clean();
    if (child == 0) std::_Exit(notifier.ready() ? 0 : 1);
    CHECK(manager.receive().sender == child);
    CHECK(::waitpid(child, nullptr, 0) == child);
}
