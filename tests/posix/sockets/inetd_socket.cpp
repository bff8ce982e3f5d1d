// A program started by inetd or xinetd: the socket at descriptor 0, and other files at descriptor 0.
#include "support/catch.hpp"
#include "support/internet.hpp"

#include <daemonize.hpp>

using daemonize::Failure;
using daemonize::Socket;

namespace {

std::string stream_of(int number) {
    const std::string target = test::link_target("/proc/self/fd/" + std::to_string(number));
    return target.compare(0, 7, "socket:") == 0 ? "socket" : target;
}

std::string described(const Socket& socket) {
    static const char* const kinds[] = {"listening", "connected", "datagram", "other"};
    if (!socket) return "none";
    return socket.name() + " " + kinds[static_cast<int>(socket.kind())] + (socket.get() > 2 ? "" : " too low") +
           (::fcntl(socket.get(), F_GETFD) == FD_CLOEXEC ? "" : " inherited");
}

// In a child whose streams from 0 to `last` are the socket, and the others a file: what becomes of all.
std::string started_with(int socket, int last) {
    return test::in_child([&] {
        const int file = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 3; ++i) {
            if (::dup2(i <= last ? socket : file, i) != i) std::abort();
        }
        Failure failure;
        const Socket taken = daemonize::inetd_socket(failure);
        std::string result = described(taken) + ":";
        for (int i = 0; i < 3; ++i) result += " " + stream_of(i);
        Failure again;
        if (daemonize::inetd_socket(again) || again) result += ", and once more";
        return result + failure.message();
    });
}

} // namespace

TEST_CASE("a connection that inetd accepted is taken off all the standard streams") {
    const int listener = test::bound_socket();
    const int client = test::connected_to(test::port_of(listener));
    const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    CHECK(started_with(server, 2) == "inetd connected: /dev/null /dev/null /dev/null");
    CHECK(started_with(server, 1) == "inetd connected: /dev/null /dev/null /dev/zero");
    CHECK(started_with(server, 0) == "inetd connected: /dev/null /dev/zero /dev/zero");
    for (const int number : {listener, client, server}) ::close(number);
}

TEST_CASE("stray output does not reach the peer, and what is written to the socket does") {
    const int listener = test::bound_socket();
    const int client = test::connected_to(test::port_of(listener));
    const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const std::string reported = test::in_child([&] {
        for (int i = 0; i < 3; ++i) ::dup2(server, i);
        Failure failure;
        const Socket taken = daemonize::inetd_socket(failure);
        const bool written =
            ::write(1, "stray", 5) == 5 && ::write(2, "stray", 5) == 5 && ::write(taken.get(), "meant", 5) == 5;
        return std::string(written ? "written" : "not written");
    });
    ::close(server);
    CHECK(reported == "written");
    char text[64];
    const ssize_t size = ::recv(client, text, sizeof text, MSG_WAITALL);
    CHECK(std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0) == "meant");
    ::close(listener);
    ::close(client);
}

TEST_CASE("a connection that the peer has reset is a connection still") {
    const int listener = test::bound_socket();
    const int client = test::connected_to(test::port_of(listener));
    const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const struct linger at_once = {1, 0};
    REQUIRE(::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    ::close(client);
    struct pollfd watched = {server, POLLIN, 0};
    REQUIRE(::poll(&watched, 1, test::patience) == 1);
    CHECK(started_with(server, 2) == "inetd connected: /dev/null /dev/null /dev/null");
    ::close(server);
    ::close(listener);
}

TEST_CASE("what inetd passes for a service that waits is listening, or a datagram socket") {
    const int stream = test::bound_socket(), datagram = test::bound_socket(SOCK_DGRAM);
    CHECK(started_with(stream, 2) == "inetd listening: /dev/null /dev/null /dev/null");
    CHECK(started_with(datagram, 2) == "inetd datagram: /dev/null /dev/null /dev/null");
    ::close(stream);
    ::close(datagram);
}

TEST_CASE("a socket by which a parent talks to its child is not inetd's, and stays where it is") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(started_with(pair[0], 2) == "none: socket socket socket");
    ::close(pair[0]);
    ::close(pair[1]);
    test::Pipe pipe;
    CHECK(started_with(pipe.read_end(), -1) == "none: /dev/zero /dev/zero /dev/zero");
}

TEST_CASE("a closed standard input is not inetd's") {
    const std::string seen = test::in_child([] {
        ::close(0);
        Failure failure;
        return described(daemonize::inetd_socket(failure)) + failure.message();
    });
    CHECK(seen == "none");
}

TEST_CASE("without a place for the failure inetd's socket is returned") {
    const int datagram = test::bound_socket(SOCK_DGRAM);
    const std::string taken = test::in_child([&] {
        for (int i = 0; i < 3; ++i) ::dup2(datagram, i);
        return described(daemonize::inetd_socket());
    });
    CHECK(taken == "inetd datagram");
    ::close(datagram);
}
