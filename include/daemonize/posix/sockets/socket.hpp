// Socket: a socket that somebody passed to the program, or that it opened itself, and what the kernel says of it.
// Uses descriptors; sockets.hpp and its neighbours use it.
#ifndef DAEMONIZE_POSIX_SOCKETS_SOCKET_HPP
#define DAEMONIZE_POSIX_SOCKETS_SOCKET_HPP

#include "../../core/list.hpp"
#include "../../core/listen_address.hpp"
#include "../system/pipes.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

// A socket option that is a number; `unknown` where the kernel does not tell.
inline int socket_option(int socket, int option, int unknown) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    return DAEMONIZE_SYSTEM(getsockopt)(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : unknown;
}

// 0 for what is no socket.
inline int family_of(int socket) noexcept {
    struct sockaddr_storage name = {};
    socklen_t size = sizeof name;
    auto* address = reinterpret_cast<struct sockaddr*>(&name);
    return DAEMONIZE_SYSTEM(getsockname)(socket, address, &size) == 0 ? name.ss_family : 0;
}

#if defined(__APPLE__)

// There SO_ACCEPTCONN cannot be asked for; a stream without a peer is one to be accepted from.
inline bool is_listening(int socket) noexcept {
    struct sockaddr_storage name = {};
    socklen_t size = sizeof name;
    return DAEMONIZE_SYSTEM(getpeername)(socket, reinterpret_cast<struct sockaddr*>(&name), &size) != 0;
}

#else

inline bool is_listening(int socket) noexcept { return socket_option(socket, SO_ACCEPTCONN, 0) != 0; }

#endif

inline SocketKind socket_kind(int socket, int type) noexcept {
    if (type == SOCK_DGRAM) return SocketKind::datagram;
    if (type != SOCK_STREAM && type != SOCK_SEQPACKET) return SocketKind::other;
    // No question for the peer: one that has reset its connection is none any more.
    return is_listening(socket) ? SocketKind::listening : SocketKind::connected;
}

} // namespace detail

/// Owns a socket: close-on-exec, closed by the destructor unless it was released. Not for several threads at once.
class Socket {
  public:
    Socket() noexcept = default;

    /// Takes over an open descriptor, and asks the kernel what it is.
    Socket(int number, std::string name) noexcept
        : number_(number), name_(std::move(name)), family_(detail::family_of(number)),
          type_(detail::socket_option(number, SO_TYPE, 0)), kind_(detail::socket_kind(number, type_)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(number_); }

    /// The descriptor, -1 where there is none; release() gives it away with the duty to close it.
    int get() const noexcept { return number_.get(); }
    int release() noexcept { return number_.release(); }

    SocketKind kind() const noexcept { return kind_; }

    /// AF_INET, AF_INET6, AF_UNIX…; 0 for what is no socket.
    int family() const noexcept { return family_; }

    /// SOCK_STREAM, SOCK_DGRAM…; 0 for what is no socket.
    int type() const noexcept { return type_; }

    /// What the unit, or the program, calls it.
    const std::string& name() const noexcept { return name_; }

  private:
    detail::Descriptor number_;
    std::string name_;
    int family_ = 0;
    int type_ = 0;
    SocketKind kind_ = SocketKind::other;
};

namespace detail {

// As programs have them.
inline std::vector<Socket> to_vector(List<Socket> sockets) {
    std::vector<Socket> all(sockets.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::move(sockets[i]);
    return all;
}

inline Failure socket_failure(int error, std::string_view what, std::string_view reason = {}) {
    return posix_failure(Stage::sockets, error, what, reason);
}

} // namespace detail
} // namespace daemonize

#endif
