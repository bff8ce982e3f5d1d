// Socket: owns a socket that was passed to the program or that the program opened (public).
#ifndef DAEMONIZE_POSIX_SOCKETS_SOCKET_HPP
#define DAEMONIZE_POSIX_SOCKETS_SOCKET_HPP

#include "../../core/socket_kind.hpp"
#include "../system/pipes.hpp"

#include <string>
#include <utility>

namespace daemonize {

namespace detail {

// Returns the value of a socket option that is a number, or `fallback` if getsockopt(2) fails.
inline int socket_option(int socket, int option, int fallback) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    return DAEMONIZE_SYSTEM(getsockopt)(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : fallback;
}

// Returns the address family, or 0 for a file that is no socket.
inline int family_of(int socket) noexcept {
    struct sockaddr_storage name = {};
    socklen_t size = sizeof name;
    auto* address = reinterpret_cast<struct sockaddr*>(&name);
    return DAEMONIZE_SYSTEM(getsockname)(socket, address, &size) == 0 ? name.ss_family : 0;
}

#if defined(__APPLE__)

// macOS has no SO_ACCEPTCONN for getsockopt(2). There a stream without a peer counts as listening.
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
    // getpeername(2) would not do: it fails for a connection that the peer has reset.
    return is_listening(socket) ? SocketKind::listening : SocketKind::connected;
}

inline Failure socket_failure(int error, std::string_view detail, std::string_view reason = {}) noexcept {
    return posix_failure(Stage::sockets, error, detail, reason);
}

} // namespace detail

/// Owns a socket: close-on-exec, and closed by the destructor. For one thread at a time.
class [[nodiscard]] Socket {
  public:
    /// Owns no socket.
    Socket() noexcept = default;

    /// Takes over an open descriptor and asks the kernel for its family, type and kind.
    [[nodiscard]] Socket(int number, std::string name) noexcept
        : number_(number), name_(std::move(name)), family_(detail::family_of(number)),
          type_(detail::socket_option(number, SO_TYPE, 0)), kind_(detail::socket_kind(number, type_)) {}

    /// Whether the object owns a socket.
    explicit operator bool() const noexcept { return static_cast<bool>(number_); }

    /// The descriptor; -1 if there is none.
    int get() const noexcept { return number_.get(); }

    /// Gives the descriptor away: the caller closes it.
    [[nodiscard]] int release() noexcept { return number_.release(); }

    /// The kind of the socket.
    SocketKind kind() const noexcept { return kind_; }

    /// AF_INET, AF_INET6, AF_UNIX and so on; 0 for a file that is no socket.
    int family() const noexcept { return family_; }

    /// SOCK_STREAM, SOCK_DGRAM and so on; 0 for a file that is no socket.
    int type() const noexcept { return type_; }

    /// The name that the unit or the program gave.
    const std::string& name() const noexcept { return name_; }

  private:
    detail::Descriptor number_;
    std::string name_;
    int family_ = 0;
    int type_ = 0;
    SocketKind kind_ = SocketKind::other;
};

} // namespace daemonize

#endif
