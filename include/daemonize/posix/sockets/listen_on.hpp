// listen_on(): opens a listening socket (public).
#ifndef DAEMONIZE_POSIX_SOCKETS_LISTEN_ON_HPP
#define DAEMONIZE_POSIX_SOCKETS_LISTEN_ON_HPP

#include "../../core/listen_address.hpp"
#include "socket.hpp"
#include "socket_address.hpp"

#include <arpa/inet.h>
#include <cstddef>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

struct ListenAddress {
    SocketAddress address;
    int type = SOCK_STREAM;
    bool every = false; // all addresses of the machine, IPv4 and IPv6
    std::string path;   // the path of AF_UNIX; empty for an abstract name

    int family() const noexcept { return address.family(); }
};

inline void set_ipv4(SocketAddress& address, in_addr host, unsigned short port) noexcept {
    struct sockaddr_in internet = {};
    internet.sin_family = AF_INET;
    internet.sin_addr = host;
    internet.sin_port = htons(port);
    address.set(internet);
}

inline void set_ipv6(SocketAddress& address, const in6_addr& host, unsigned scope, unsigned short port) noexcept {
    struct sockaddr_in6 internet = {};
    internet.sin6_family = AF_INET6;
    internet.sin6_addr = host;
    internet.sin6_scope_id = scope;
    internet.sin6_port = htons(port);
    address.set(internet);
}

// Parses a numeric address. Host names are refused: a host name may have several addresses, and the name server may not
// run yet.
inline bool parse_host(const ListenText& text, ListenAddress& result) {
    const std::string& host = text.host;
    const unsigned short port = text.port;
    result.every = text.every;
    if (text.every) {
        set_ipv6(result.address, in6addr_any, 0, port);
        return true;
    }
    in_addr four;
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
        set_ipv4(result.address, four, port);
        return true;
    }
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return false;
    const std::size_t percent = host.find('%');
    const std::size_t end = percent == std::string::npos ? host.size() - 1 : percent;
    in6_addr six;
    if (::inet_pton(AF_INET6, host.substr(1, end - 1).c_str(), &six) != 1) return false;
    unsigned scope = 0;
    if (percent != std::string::npos) {
        const std::string name = host.substr(percent + 1, host.size() - percent - 2);
        scope = DAEMONIZE_SYSTEM(if_nametoindex)(name.c_str());
        if (scope == 0) return false;
    }
    set_ipv6(result.address, six, scope, port);
    return true;
}

// Returns the error as a text, or null.
inline const char* parse_listen_address(std::string text, ListenAddress& result) {
    if (!text.empty() && (text[0] == '/' || text[0] == '@')) {
        if (text[0] == '/') result.path = text;
        return to_unix_address(text, result.address);
    }
    ListenText taken;
    if (const char* wrong = parse_listen_text(std::move(text), taken)) return wrong;
    if (taken.datagrams) result.type = SOCK_DGRAM;
    return parse_host(taken, result) ? nullptr : wrong_host;
}

inline bool set_option(int socket, int level, int option, int value) noexcept {
    constexpr socklen_t size = sizeof value;
    return DAEMONIZE_SYSTEM(setsockopt)(socket, level, option, &value, size) == 0;
}

// Without SO_REUSEADDR, bind(2) fails with EADDRINUSE after a restart until the old connections have ended. Datagram
// sockets do not get SO_REUSEADDR, because two datagram sockets could then have the same port. IPV6_V6ONLY is always
// set, because its default depends on the system.
inline bool set_listen_options(int socket, const ListenAddress& address) noexcept {
    if (address.family() == AF_INET6 && !set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, address.every ? 0 : 1)) {
        return false;
    }
    return address.family() == AF_UNIX || address.type == SOCK_DGRAM || set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
}

// Returns an errno value, or 0.
inline int open_listening(const ListenAddress& address, Descriptor& socket) noexcept {
    socket = open_socket(address.family(), address.type);
    if (!socket || !set_listen_options(socket.get(), address) ||
        DAEMONIZE_SYSTEM(bind)(socket.get(), address.address.get(), address.address.size) != 0 ||
        (address.type == SOCK_STREAM && DAEMONIZE_SYSTEM(listen)(socket.get(), SOMAXCONN) != 0)) {
        const int error = errno;
        socket.reset();
        return error;
    }
    return 0;
}

// Removes the file of a socket at which no process listens: a process that was killed leaves such a file. A pid file
// keeps two services apart that start at the same moment; this function does not.
inline Failure remove_stale(const ListenAddress& address, const std::string& what) {
    struct stat status;
    const char* path = address.path.c_str();
    if (DAEMONIZE_SYSTEM(lstat)(path, &status) != 0) return socket_failure(errno, what);
    if (!S_ISSOCK(status.st_mode)) return socket_failure(EEXIST, what, "a file that is not a socket is there");
    const Descriptor probe = open_socket(AF_UNIX, SOCK_STREAM);
    // connect(2) fails with EAGAIN while the queue of the listening process is full. EPROTOTYPE: a datagram socket.
    if (!probe || DAEMONIZE_SYSTEM(fcntl)(probe.get(), F_SETFL, O_NONBLOCK) != 0) return socket_failure(errno, what);
    if (DAEMONIZE_SYSTEM(connect)(probe.get(), address.address.get(), address.address.size) == 0 || errno == EAGAIN ||
        errno == EPROTOTYPE) {
        return socket_failure(EADDRINUSE, what, "another process listens there");
    }
    if (errno != ECONNREFUSED) return socket_failure(errno, what);
    return DAEMONIZE_SYSTEM(unlink)(path) == 0 ? Failure() : socket_failure(errno, what);
}

inline Socket listen_at(const std::string& name, const std::string& address, Failure& failure) {
    std::string copy = name; // every allocation of a success comes before bind(2), which makes the file of a path
    const std::string what = joined({name, name.empty() || address.empty() ? "" : " ", address});
    ListenAddress where;
    if (const char* wrong = parse_listen_address(address, where)) {
        failure = socket_failure(EINVAL, what, wrong);
        return Socket();
    }
    Descriptor socket;
    int error = open_listening(where, socket);
    if (error == EADDRINUSE && !where.path.empty()) {
        failure = remove_stale(where, what);
        if (failure) return Socket();
        error = open_listening(where, socket);
    }
    if (where.every && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL)) { // no IPv6 here
        struct sockaddr_in6 six;
        std::memcpy(&six, &where.address.storage, sizeof six);
        set_ipv4(where.address, in_addr{htonl(INADDR_ANY)}, ntohs(six.sin6_port));
        error = open_listening(where, socket);
    }
    if (error != 0) {
        failure = socket_failure(error, what);
        return Socket();
    }
    return Socket(socket.release(), std::move(copy));
}

} // namespace detail

/// Opens a socket that listens at an address: `0.0.0.0:80`, `[::1]:8080`, `[fe80::1%eth0]:80`, `/run/x.sock`,
/// `@abstract` (Linux), or `*:80`, `:80` or `80` for all addresses, IPv4 and IPv6. `udp:` before an internet address
/// opens a datagram socket. The kernel chooses the port for port 0. Names of hosts are refused. The socket is
/// close-on-exec and blocking. Fails at Stage::sockets.
///
/// The umask sets the mode of a path. The socket of a process that was killed is replaced; the call fails for a path at
/// which a process listens, and for the path of another file. The path stays when the socket is closed. Ports below
/// 1024 need privileges: Daemonizer::before_drop() runs before the privileges are dropped. Source: ip(7), ipv6(7),
/// unix(7).
[[nodiscard]] inline Socket listen_on(const std::string& name, const std::string& address, Failure& failure) noexcept {
    failure = Failure();
    return detail::guard_memory(Stage::sockets, failure, [&] { return detail::listen_at(name, address, failure); });
}

/// A name or an address is no null pointer.
template <class... Others>
Socket listen_on(std::nullptr_t, Others&&...) = delete;
template <class... Others>
Socket listen_on(const std::string&, std::nullptr_t, Others&&...) = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above; throws Error.
[[nodiscard]] inline Socket listen_on(const std::string& name, const std::string& address) {
    Failure failure;
    Socket socket = listen_on(name, address, failure);
    detail::throw_if(failure);
    return socket;
}
#endif

} // namespace daemonize

#endif
