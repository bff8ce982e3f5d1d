// Sockets of the loopback, made like those of a client and of inetd.
#ifndef DAEMONIZE_TESTS_SUPPORT_INTERNET_HPP
#define DAEMONIZE_TESTS_SUPPORT_INTERNET_HPP

#include "support/process.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace test {

inline int port_of(int socket) {
    struct sockaddr_storage name = {};
    socklen_t size = sizeof name;
    if (::getsockname(socket, reinterpret_cast<struct sockaddr*>(&name), &size) != 0) return -1;
    if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<struct sockaddr_in*>(&name)->sin_port);
    return ntohs(reinterpret_cast<struct sockaddr_in6*>(&name)->sin6_port);
}

/// A client's socket, connected to this port of the loopback; -1 if no process listens.
inline int connected_to(int port, int family = AF_INET, int type = SOCK_STREAM) {
    const int client = ::socket(family, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in four = {};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    four.sin_port = htons(static_cast<unsigned short>(port));
    struct sockaddr_in6 six = {};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = four.sin_port;
    const int result = family == AF_INET ? ::connect(client, reinterpret_cast<struct sockaddr*>(&four), sizeof four)
                                         : ::connect(client, reinterpret_cast<struct sockaddr*>(&six), sizeof six);
    if (result == 0) return client;
    ::close(client);
    return -1;
}

/// A stream or datagram socket on a loopback port that the kernel chooses; a stream socket listens.
inline int bound_socket(int type = SOCK_STREAM) {
    const int number = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(number, reinterpret_cast<struct sockaddr*>(&name), sizeof name) != 0 ||
        (type == SOCK_STREAM && ::listen(number, 5) != 0)) {
        throw std::runtime_error("cannot bind to the loopback");
    }
    return number;
}

} // namespace test

#endif
