// NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID with invalid values: one clear line, and no message is sent.
#include "support/catch.hpp"
#include "support/manager.hpp"

#include <daemonize.hpp>

using daemonize::Duration;
using daemonize::Failure;
using daemonize::Notifier;

namespace {

struct Variable {
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }
    const char* name_;
};

// The message about the current environment.
std::string complaint() {
    Failure failure;
    const Notifier notifier = Notifier::from_environment(failure);
    if (failure && (notifier || failure.stage() != daemonize::Stage::notification)) return "not silent";
    return failure.message();
}

std::string complaint_of(const std::string& address) {
    const Variable variable("NOTIFY_SOCKET", address);
    return complaint();
}

} // namespace

TEST_CASE("an address that nobody listens at is refused by its text") {
    const test::Directory directory;
    const std::string reported = "cannot notify the service manager at ", path = directory / "gone";
    CHECK(complaint_of(path) == reported + path + ": No such file or directory");
    const std::string rule = ": NOTIFY_SOCKET must be an absolute path, an abstract name with @, or a vsock address";
    CHECK(complaint_of("notify.sock") == reported + "notify.sock" + rule);
    CHECK(complaint_of("tcp:1:2") == reported + "tcp:1:2" + rule);
    const std::string lengthy = "/" + std::string(107, 'x');
    CHECK(complaint_of(lengthy) == reported + lengthy + ": the address is too long for a socket");
    CHECK(complaint_of("@" + std::string(200, 'x')) ==
          reported + "@" + std::string(200, 'x') + ": the address is too long for a socket");
    CHECK(complaint_of("/") == reported + "/: the address names no socket");
    CHECK(complaint_of("@") == reported + "@: the address names no socket");
    CHECK(complaint_of("@daemonize-nobody-" + std::to_string(::getpid())) ==
          reported + "@daemonize-nobody-" + std::to_string(::getpid()) + ": Connection refused");
    test::write_file(path, "");
    CHECK(complaint_of(path) == reported + path + ": Connection refused");
}

TEST_CASE("the longest path there can be is no trouble") {
    const test::Directory directory;
    const std::string path = directory / std::string(107 - directory.path().size() - 1, 'n');
    REQUIRE(path.size() == 107);
    const test::Manager manager(path);
    CHECK(complaint().empty());
}

TEST_CASE("a vsock address that is none is refused") {
    const std::string address =
        GENERATE(as<std::string>{}, "vsock:", "vsock:2", "vsock:2:", "vsock::1", "vsock:4294967295:1", "vsock:any:1",
                 "vsock:2:x", "vsock-stream:2:1:3", "vsock-dgram:-1:1", "vsock-seqpacket:2:4294967295");
    CHECK(complaint_of(address) ==
          "cannot notify the service manager at " + address + ": a vsock address in NOTIFY_SOCKET is vsock:CID:PORT");
}

#if DAEMONIZE_HAS_EXCEPTIONS()
TEST_CASE("the throwing form says the same") {
    const Variable variable("NOTIFY_SOCKET", "notify.sock");
    std::string said;
    try {
        static_cast<void>(Notifier::from_environment());
    } catch (const daemonize::Error& error) {
        said = error.what();
    }
    CHECK(said == complaint());
    CHECK_FALSE(said.empty());
}
#endif

TEST_CASE("a sign of life is due after half the time that the manager waits") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Failure failure;
    const auto interval = [&] { return Notifier::from_environment(failure).watchdog_interval(); };
    CHECK(interval() == Duration());
    const Variable time("WATCHDOG_USEC", "3000000");
    CHECK(interval() == Duration::milliseconds(1500));
    const Variable pid("WATCHDOG_PID", std::to_string(::getpid()));
    CHECK(interval() == Duration::milliseconds(1500));
    ::setenv("WATCHDOG_PID", std::to_string(::getppid()).c_str(), 1);
    CHECK(interval() == Duration());
    ::unsetenv("WATCHDOG_PID");
    ::setenv("WATCHDOG_USEC", "1", 1);
    CHECK(interval() == Duration::nanoseconds(500));
    ::setenv("WATCHDOG_USEC", "18446744073709551614", 1);
    CHECK(interval() > Duration::seconds(1000000000));
    CHECK_FALSE(static_cast<bool>(failure));
    ::unsetenv("NOTIFY_SOCKET");
    CHECK(interval() == Duration());
}

TEST_CASE("a watchdog that makes no sense is refused") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const std::string value =
        GENERATE(as<std::string>{}, "0", "", "soon", "-1", "1s", " 1", "18446744073709551615", "99999999999999999999");
    const Variable time("WATCHDOG_USEC", value);
    CHECK(complaint() == "cannot notify the service manager in time: WATCHDOG_USEC=" + value +
                             " is not a number of microseconds above 0");
    ::setenv("WATCHDOG_USEC", "1000", 1);
    for (const char* who : {"0", "", "me", "-5", "4294967297"}) {
        const Variable pid("WATCHDOG_PID", who);
        CHECK(complaint() == "cannot notify the service manager in time: WATCHDOG_PID=" + std::string(who) +
                                 " is not a process number");
    }
}

TEST_CASE("the watchdog's time can be changed, and the interval follows") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Failure failure;
    Notifier notifier = Notifier::from_environment(failure);
    REQUIRE(notifier.try_watchdog_timeout(Duration::seconds(20)));
    CHECK(manager.text() == "WATCHDOG_USEC=20000000");
    CHECK(notifier.watchdog_interval() == Duration::seconds(10));
}
