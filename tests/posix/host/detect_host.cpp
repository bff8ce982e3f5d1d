// detect_host(): the observations that show a host, and similar observations that do not.
#include "support/abilities.hpp"
#include "support/internet.hpp"

#include <daemonize.hpp>

#include <sched.h>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): posix_openpt
#include <sys/ioctl.h>
#include <sys/prctl.h>

using daemonize::Host;
using daemonize::HostKind;

namespace {

// In a child, started as by nobody: no variable, no terminal, /dev/null as standard input.
template <class Arrange>
std::string host_after(Arrange arrange) {
    return test::in_child([&] {
        ::clearenv();
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (::dup2(null, 0) != 0 || ::setsid() == -1) std::abort();
        arrange();
        daemonize::Failure failure;
        const Host host = daemonize::detect_host(failure);
        if (failure) return std::string(to_string(host)) + ": " + failure.message();
        return std::string(to_string(host.kind)) + ": " + host.why;
    });
}

// As a child of a process that calls itself `parent`.
std::string host_below(const char* parent) {
    return test::in_child([&] {
        ::prctl(PR_SET_NAME, parent);
        return host_after([] {});
    });
}

void name(const char* variable, const std::string& value) { ::setenv(variable, value.c_str(), 1); }

const char* const nothing = "unknown: no host was detected";

} // namespace

TEST_CASE("nothing known about it makes a host unknown") {
    CHECK(host_after([] {}) == nothing);
}

TEST_CASE("systemd is told by its notification socket") {
    CHECK(host_after([] { name("NOTIFY_SOCKET", "/run/systemd/notify"); }) == "systemd: NOTIFY_SOCKET is set");
    CHECK(host_after([] { name("NOTIFY_SOCKET", ""); }) == nothing);
}

TEST_CASE("systemd is told by the number of the process that it started") {
    CHECK(host_after([] { name("SYSTEMD_EXEC_PID", std::to_string(::getpid())); }) ==
          "systemd: SYSTEMD_EXEC_PID names this process");
}

TEST_CASE("what everything below a unit inherits tells nothing") {
    CHECK(host_after([] {
              name("INVOCATION_ID", "0123456789abcdef0123456789abcdef");
              name("SYSTEMD_EXEC_PID", std::to_string(::getppid()));
              name("JOURNAL_STREAM", "8:1234");
              name("LISTEN_PID", std::to_string(::getppid()));
          }) == nothing);
}

TEST_CASE("inetd is told by an internet socket at descriptor 0") {
    const int stream = test::bound_socket(), datagram = test::bound_socket(SOCK_DGRAM);
    const int client = test::connected_to(test::port_of(stream));
    for (const int socket : {stream, datagram, client}) {
        CHECK(host_after([&] { ::dup2(socket, 0); }) == "inetd: descriptor 0 is an internet socket");
        ::close(socket);
    }
}

TEST_CASE("the socket by which a parent talks to its child is not inetd's") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(host_after([&] {
              for (int i = 0; i < 3; ++i) ::dup2(pair[0], i);
          }) == nothing);
    ::close(pair[0]);
    ::close(pair[1]);
}

TEST_CASE("the first process of a container is told by its number") {
    NEEDS(pid_namespace());
    const std::string seen = test::in_child([] {
        if (::unshare(CLONE_NEWPID) != 0) return std::string("no namespace");
        return host_after([] {});
    });
    CHECK(seen == "container_init: the program is process 1");
}

TEST_CASE("a supervisor is told by its name") {
    for (const char* parent : {"s6-supervise", "runsv", "supervise"}) {
        CHECK(host_below(parent) == "supervisor: the parent process is " + std::string(parent));
    }
    for (const char* parent : {"runsvdir", "runs", "sh", ""}) CHECK(host_below(parent) == nothing);
}

TEST_CASE("a terminal is told by being the controlling one") {
    NEEDS(terminals());
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE((master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0));
    const std::string path = ::ptsname(master);
    const auto sit_at = [&](bool takes) {
        const int terminal = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (terminal < 0 || ::dup2(terminal, 0) != 0) std::abort();
        if (takes && ::ioctl(0, TIOCSCTTY, 0) != 0) std::abort();
    };
    CHECK(host_after([&] { sit_at(true); }) == "terminal: standard input is the controlling terminal");
    CHECK(host_after([&] { sit_at(false); }) == nothing);
    ::close(master);
}

TEST_CASE("a closed standard input tells nothing") {
    CHECK(host_after([] { ::close(0); }) == nothing);
}

TEST_CASE("the environment can say what the host is, whatever else is seen") {
    for (const HostKind kind :
         {HostKind::unknown, HostKind::terminal, HostKind::systemd, HostKind::inetd, HostKind::launchd,
          HostKind::container_init, HostKind::windows_scm, HostKind::supervisor}) {
        const std::string seen = host_after([&] {
            name("NOTIFY_SOCKET", "/run/systemd/notify");
            name("DAEMONIZE_HOST", to_string(kind));
        });
        CHECK(seen == to_string(kind) + std::string(": DAEMONIZE_HOST names it"));
    }
    const std::string known =
        ": the value is unknown; the known values are unknown, terminal, systemd, inetd, launchd, "
        "container_init, windows_scm, supervisor";
    CHECK(host_after([] { name("DAEMONIZE_HOST", "Systemd"); }) ==
          "unknown: cannot use the configuration DAEMONIZE_HOST=Systemd" + known);
    CHECK(host_after([] { name("DAEMONIZE_HOST", "a\nb"); }) ==
          "unknown: cannot use the configuration DAEMONIZE_HOST=a b" + known);
    CHECK(host_after([] { name("DAEMONIZE_HOST", ""); }) == nothing);
}

TEST_CASE("the throwing form refuses an unknown value of DAEMONIZE_HOST") {
    CHECK(test::in_child([] {
              name("DAEMONIZE_HOST", "windows");
              try {
                  return std::string(to_string(daemonize::detect_host()));
              } catch (const daemonize::Error& error) {
                  return std::string(to_string(error.failure().stage()));
              }
          }) == "configuration");
}

TEST_CASE("the name of a host that is no enumerator is unknown") {
    CHECK(to_string(static_cast<HostKind>(99)) == std::string("unknown"));
    CHECK(to_string(Host{HostKind::inetd, "a test"}) == std::string("inetd"));
}
