// The sockets of a service: passed sockets, bound sockets, and the connection of inetd.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using daemonize::Context;
using daemonize::HostKind;
using daemonize::Service;
using test::Said;

TEST_CASE("sockets that were passed are the service's, and then none is bound") {
    NEEDS(pid_files());
    const test::Directory directory;
    const int passed = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::listen(passed, 1) == 0);
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .host(HostKind::systemd)
            .listen("http", "127.0.0.1:0")
            .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
            .run(argc, argv, [](Context& context) {
                for (const daemonize::Socket& socket : context.sockets()) std::puts(socket.name().c_str());
                std::printf("%d\n", std::getenv("LISTEN_FDS") == nullptr);
                context.ready();
            });
    };
    CHECK(test::run(body, {}).output == "http\n1\n");
    CHECK(test::run(body, {}, [&] {
              ::dup2(passed, 3);
              ::setenv("LISTEN_FDS", "1", 1);
              ::setenv("LISTEN_FDNAMES", "given", 1);
              ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
          }).output == "given\n1\n");
    ::close(passed);
}

TEST_CASE("an address that cannot be bound ends the start by name") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .listen("http", "203.0.113.1:80")
            .posix([&](daemonize::Daemonizer& daemonizer) {
                daemonizer.pid_file(directory / "pid").before_drop([] { std::fputs("too late\n", stderr); });
            })
            .run(argc, argv, [](Context&) {});
    };
    const std::string line = "tested: cannot use the socket http 203.0.113.1:80: Cannot assign requested address\n";
    Said said = test::run(body, {});
    CHECK(said.code == 67);
    CHECK(said.error == line);
    said = test::run(body, {"start"});
    CHECK(said.code == 1);
    CHECK(said.error == line);
    CHECK(!test::exists(directory / "pid"));
    CHECK(orphanage.is_empty());
}

TEST_CASE("under inetd the connection is the service's socket, and stray output does not reach the peer") {
    int ends[2];
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(server, reinterpret_cast<struct sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(server, 1) == 0);
    REQUIRE(::getsockname(server, reinterpret_cast<struct sockaddr*>(&address), &size) == 0);
    ends[0] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(ends[0], reinterpret_cast<struct sockaddr*>(&address), size) == 0);
    ends[1] = ::accept(server, nullptr, nullptr);
    const Said said = test::run(
        [](int argc, char** argv) {
            return Service("tested").run(argc, argv, [](Context& context) {
                context.ready();
                std::puts("stray");
                std::fflush(stdout);
                const daemonize::Socket connection = std::move(context.sockets().at(0));
                const bool right = context.host().kind == HostKind::inetd &&
                                   connection.kind() == daemonize::SocketKind::connected && connection.get() > 2;
                return right && ::send(connection.get(), "hello", 5, MSG_NOSIGNAL) == 5 ? 0 : 3;
            });
        },
        {},
        [&] {
            for (int i = 0; i < 3; ++i) ::dup2(ends[1], i);
            ::close(ends[1]);
        });
    ::close(ends[1]);
    CHECK(said.code == 0);
    char text[16];
    CHECK(std::string(text, static_cast<std::size_t>(::recv(ends[0], text, sizeof text, MSG_WAITALL))) == "hello");
    ::close(ends[0]);
    ::close(server);
}
