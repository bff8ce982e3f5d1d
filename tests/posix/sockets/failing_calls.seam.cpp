// Sockets on machines without IPv6 and similar features, and failing calls.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/internet.hpp"

#include <string>

using daemonize::Failure;
using daemonize::Socket;

namespace {

seam::Hook refused_with(const char* name, int error) {
    return
        [=](const seam::Call& call, seam::Answer& answer) { return call.is(name) && seam::fail(call, error, answer); };
}

// The message if `name` fails. All descriptors are closed again.
std::string complaint(const char* name, int error, const std::string& address) {
    const auto before = test::open_descriptors();
    Failure failure;
    {
        const seam::Injection injection(refused_with(name, error));
        static_cast<void>(daemonize::listen_on("http", address, failure));
    }
    return failure.message() + (test::open_descriptors() == before ? "" : ", and something is left open");
}

} // namespace

TEST_CASE("a machine without IPv6 listens at all addresses that it has") {
    const int step = GENERATE(0, 1);
    Failure failure;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (step == 0)
            return call.is("socket") && call.arguments[0] == AF_INET6 && seam::fail(call, EAFNOSUPPORT, answer);
        if (!call.is("bind")) return false;
        const auto* address = reinterpret_cast<const struct sockaddr*>(call.arguments[1]);
        return address->sa_family == AF_INET6 && seam::fail(call, EADDRNOTAVAIL, answer);
    });
    const Socket socket = daemonize::listen_on("http", "*:0", failure);
    CHECK(failure.message().empty());
    CHECK(socket.family() == AF_INET);
    const int client = test::connected_to(test::port_of(socket.get()));
    CHECK(client != -1);
    ::close(client);
    CHECK_FALSE(daemonize::listen_on("http", "[::]:0", failure));
}

TEST_CASE("a call that fails on the way to a socket is told, and leaves nothing open") {
    const std::string text = "cannot use the socket http 127.0.0.1:0: ";
    CHECK(complaint("socket", EMFILE, "127.0.0.1:0") == text + "Too many open files");
    CHECK(complaint("setsockopt", ENOPROTOOPT, "127.0.0.1:0") == text + "Protocol not available");
    CHECK(complaint("bind", EACCES, "127.0.0.1:0") == text + "Permission denied");
    CHECK(complaint("listen", EADDRINUSE, "127.0.0.1:0") == text + "Address already in use");
    CHECK(complaint("setsockopt", EPERM, "[::1]:0") == "cannot use the socket http [::1]:0: Operation not permitted");
}

TEST_CASE("a socket's file that cannot be judged or removed stays, and that is told") {
    const test::Directory directory;
    const std::string path = directory / "http.sock";
    Failure failure;
    static_cast<void>(daemonize::listen_on("http", path, failure)); // and goes at once: a stale one
    const std::string text = "cannot use the socket http " + path + ": ";
    CHECK(complaint("lstat", EIO, path) == text + "Input/output error");
    CHECK(complaint("connect", EACCES, path) == text + "Permission denied");
    CHECK(complaint("fcntl", EBADF, path) == text + "Bad file descriptor");
    CHECK(complaint("unlink", EROFS, path) == text + "Read-only file system");
    CHECK(test::exists(path));
    CHECK(daemonize::listen_on("http", path, failure));
}

TEST_CASE("inetd's socket that cannot be moved is told") {
    const int socket = test::bound_socket();
    const char* name = GENERATE("fcntl", "open", "dup2");
    const std::string seen = test::in_child([&] {
        ::dup2(socket, 0);
        Failure failure;
        const seam::Injection injection(refused_with(name, EMFILE));
        const auto before = test::open_descriptors();
        const bool taken = static_cast<bool>(daemonize::inetd_socket(failure));
        return failure.message() + (taken || test::open_descriptors() != before ? " and taken" : "");
    });
    CHECK(seen == "cannot use the socket inetd at descriptor 0: Too many open files");
    ::close(socket);
}

TEST_CASE("a kernel that does not tell one process of a number from another is taken at its word") {
    const char* name = GENERATE("syscall", "fstatfs", "fstat");
    const std::string seen = test::in_child([&] {
        const int socket = test::bound_socket();
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_PIDFDID", "1", 1);
        ::setenv("LISTEN_FDS", "1", 1);
        if (socket != 3) ::dup2(socket, 3);
        Failure failure;
        const seam::Injection injection(refused_with(name, ENOSYS));
        return std::to_string(daemonize::listen_fds(failure).size()) + failure.message();
    });
    CHECK(seen == "1");
}
