// listen_on(): addresses, options and failures.
#include "support/abilities.hpp"
#include "support/internet.hpp"

#include <daemonize.hpp>

#include <sys/un.h>

using daemonize::Failure;
using daemonize::Socket;
using daemonize::SocketKind;

namespace {

Socket listening(const std::string& address) {
    Failure failure;
    Socket socket = daemonize::listen_on("http", address, failure);
    if (failure) throw std::runtime_error(failure.message());
    return socket;
}

std::string complaint(const std::string& address, const std::string& name = "http") {
    Failure failure;
    const Socket socket = daemonize::listen_on(name, address, failure);
    if (socket || (failure && failure.stage() != daemonize::Stage::sockets)) return "not refused";
    return failure.message();
}

int option(const Socket& socket, int level, int which) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.get(), level, which, &value, &size) == 0 ? value : -1;
}

bool answers(const Socket& socket, int family) {
    const int client = test::connected_to(test::port_of(socket.get()), family);
    if (client == -1) return false;
    ::close(client);
    return true;
}

} // namespace

TEST_CASE("an address of the machine is listened at by its family") {
    const Socket socket = listening("127.0.0.1:0");
    CHECK(socket.kind() == SocketKind::listening);
    CHECK(socket.family() == AF_INET);
    CHECK(socket.type() == SOCK_STREAM);
    CHECK(socket.name() == "http");
    CHECK(socket.get() > 2);
    CHECK(::fcntl(socket.get(), F_GETFD) == FD_CLOEXEC);
    CHECK((::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK(option(socket, SOL_SOCKET, SO_REUSEADDR) == 1);
    CHECK(answers(socket, AF_INET));
}

TEST_CASE("an IPv6 address is IPv6 alone, and all addresses are both families") {
    NEEDS(ipv6());
    const Socket one = listening("[::1]:0"), any = listening("[::]:0");
    CHECK(one.family() == AF_INET6);
    CHECK(answers(one, AF_INET6));
    CHECK(option(any, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
    CHECK_FALSE(answers(any, AF_INET));
    CHECK(listening("0.0.0.0:" + std::to_string(test::port_of(any.get()))).family() == AF_INET);
    for (const char* address : {"*:0", ":0", "0"}) {
        const Socket both = listening(address);
        CHECK(option(both, IPPROTO_IPV6, IPV6_V6ONLY) == 0);
        CHECK(answers(both, AF_INET));
        CHECK(answers(both, AF_INET6));
    }
}

TEST_CASE("an address of one interface names it") {
    NEEDS(ipv6());
    CHECK(listening("[::1%lo]:0").family() == AF_INET6);
    CHECK(complaint("[::1%nothing0]:0").find("must be a numeric address") != std::string::npos);
}

TEST_CASE("datagrams are had by the prefix udp") {
    const Socket socket = listening("udp:127.0.0.1:0");
    CHECK(socket.kind() == SocketKind::datagram);
    CHECK(option(socket, SOL_SOCKET, SO_REUSEADDR) == 0);
    const int client = test::connected_to(test::port_of(socket.get()), AF_INET, SOCK_DGRAM);
    REQUIRE(::send(client, "hello", 5, 0) == 5);
    char text[8];
    CHECK(::recv(socket.get(), text, sizeof text, 0) == 5);
    ::close(client);
    CHECK(complaint("udp:127.0.0.1:" + std::to_string(test::port_of(socket.get()))).find("Address already in use") !=
          std::string::npos);
}

TEST_CASE("an address that cannot be had is told by the socket's name") {
    const Socket first = listening("127.0.0.1:0");
    const std::string address = "127.0.0.1:" + std::to_string(test::port_of(first.get()));
    CHECK(complaint(address) == "cannot use the socket http " + address + ": Address already in use");
    CHECK(complaint(address, "") == "cannot use the socket " + address + ": Address already in use");
    CHECK(complaint("192.0.2.1:0") == "cannot use the socket http 192.0.2.1:0: Cannot assign requested address");
}

TEST_CASE("a port below 1024 is root's") {
    NEEDS(reserved_ports());
    const test::Ended ended = test::run_launcher([] {
        test::become_nobody();
        return complaint("0.0.0.0:80") == "cannot use the socket http 0.0.0.0:80: Permission denied" ? 0 : 1;
    });
    CHECK(ended.with(0));
}

TEST_CASE("an address that is none is refused") {
    const std::string host = "the host must be a numeric address like 127.0.0.1 or [::1], or * for all addresses";
    const std::string port = "the port must be a number up to 65535";
    for (const char* address :
         {"localhost:80", "256.0.0.1:80", "::1:80", "[::1:80", "[]:80", "[::g]:80", "[::1%]:80"}) {
        CHECK(complaint(address) == "cannot use the socket http " + std::string(address) + ": " + host);
    }
    for (const char* address : {"x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", ":65536", ":-1", "udp:", ": 80"}) {
        CHECK(complaint(address, "").find(port) != std::string::npos);
    }
    CHECK(complaint("") == "cannot use the socket http: the address is empty");
    CHECK(complaint("", "") == "cannot use the socket: the address is empty");
    const std::string path = "/" + std::string(200, 'p');
    CHECK(complaint(path) == "cannot use the socket http " + path + ": the address is too long for a socket");
}

TEST_CASE("a path and an abstract name are listened at") {
    NEEDS(unix_sockets());
    const test::Directory directory;
    const Socket socket = listening(directory / "http.sock");
    CHECK(socket.kind() == SocketKind::listening);
    CHECK(socket.family() == AF_UNIX);
    const std::string name = "@daemonize-listen-" + std::to_string(::getpid());
    const Socket hidden = listening(name);
    CHECK(hidden.family() == AF_UNIX);
    CHECK(complaint(name) == "cannot use the socket http " + name + ": Address already in use");
}

TEST_CASE("what a dead process left at a path is replaced") {
    NEEDS(unix_sockets());
    const test::Directory directory;
    const std::string path = directory / "http.sock";
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        struct sockaddr_un name = {};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, path.data(), path.size());
        const int left = ::socket(AF_UNIX, type, 0);
        ::unlink(path.c_str());
        REQUIRE(::bind(left, reinterpret_cast<struct sockaddr*>(&name), sizeof name) == 0);
        ::close(left);
        CHECK(listening(path).kind() == SocketKind::listening);
    }
}

TEST_CASE("a path where somebody listens is refused, and stays his") {
    NEEDS(unix_sockets());
    const test::Directory directory;
    const std::string path = directory / "http.sock";
    const std::string message = "cannot use the socket http " + path + ": another process listens there";
    const auto descriptors = test::open_descriptors();
    {
        const Socket first = listening(path);
        CHECK(complaint(path) == message);
        CHECK(complaint(path) == message);
    }
    CHECK(test::open_descriptors() == descriptors);
    // One whose queue is full, and one for datagrams.
    struct sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        ::unlink(path.c_str());
        const int busy = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        REQUIRE(::bind(busy, reinterpret_cast<struct sockaddr*>(&name), sizeof name) == 0);
        int waiting[2] = {-1, -1};
        if (type == SOCK_STREAM) {
            REQUIRE(::listen(busy, 0) == 0);
            for (int& client : waiting) {
                client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                static_cast<void>(::connect(client, reinterpret_cast<struct sockaddr*>(&name), sizeof name));
            }
        }
        CHECK(complaint(path) == message);
        for (const int number : {busy, waiting[0], waiting[1]}) ::close(number);
    }
}

TEST_CASE("what is no socket is refused and left alone") {
    const test::Directory directory;
    const std::string path = directory / "file", link = directory / "link";
    const std::string reason = ": a file that is not a socket is there";
    test::write_file(path, "precious");
    CHECK(complaint(path) == "cannot use the socket http " + path + reason);
    CHECK(test::contents(path) == "precious");
    REQUIRE(::symlink((directory / "nowhere").c_str(), link.c_str()) == 0);
    CHECK(complaint(link) == "cannot use the socket http " + link + reason);
    CHECK(complaint(directory / "missing/sock") ==
          "cannot use the socket http " + directory / "missing/sock" + ": No such file or directory");
}

#if DAEMONIZE_HAS_EXCEPTIONS()
TEST_CASE("the throwing form says the same of a socket") {
    std::string said;
    try {
        static_cast<void>(daemonize::listen_on("http", "x:1"));
    } catch (const daemonize::Error& error) {
        said = error.what();
    }
    CHECK(said == complaint("x:1"));
    CHECK(daemonize::listen_on("http", "127.0.0.1:0"));
}
#endif
