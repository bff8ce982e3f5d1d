// Socket: owns a socket of Windows (public). posix/sockets/socket.hpp has the same interface.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_SOCKET_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_SOCKET_HPP

#include "../../core/socket_kind.hpp"
#include "winsock.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// Owns a socket. The socket is not inherited by child processes, and the destructor closes it. A Socket is for one
/// thread at a time. Winsock is started for the process; a program that calls its functions links with ws2_32.
class [[nodiscard]] Socket {
  public:
    /// Owns no socket.
    Socket() noexcept = default;

    /// Owns the SOCKET `number`, and queries its kind, family and type.
    [[nodiscard]] Socket(std::uintptr_t number, std::string name) noexcept : number_(number), name_(std::move(name)) {
        query();
    }

    Socket(Socket&& other) noexcept { swap(other); }
    Socket& operator=(Socket&& other) noexcept {
        Socket moved(std::move(other));
        moved.swap(*this);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (*this) static_cast<void>(detail::winsock_functions().close(number_));
    }

    /// Whether this object owns a socket.
    explicit operator bool() const noexcept { return number_ != detail::winsock::no_socket; }

    /// The SOCKET; INVALID_SOCKET if this object owns no socket.
    std::uintptr_t get() const noexcept { return number_; }

    /// Returns the SOCKET, and no longer owns it: the caller has to close it.
    [[nodiscard]] std::uintptr_t release() noexcept { return std::exchange(number_, detail::winsock::no_socket); }

    /// The kind of the socket.
    SocketKind kind() const noexcept { return kind_; }

    /// AF_INET or AF_INET6; 0 if Windows does not report it.
    int family() const noexcept { return family_; }

    /// SOCK_STREAM or SOCK_DGRAM; 0 if Windows does not report it.
    int type() const noexcept { return type_; }

    /// The name that the program gave the socket.
    const std::string& name() const noexcept { return name_; }

  private:
    int option(int which) const noexcept {
        const detail::Winsock& calls = detail::winsock_functions();
        int value = 0;
        int size = sizeof value;
        return calls.error == NO_ERROR && calls.get_option(number_, detail::winsock::level_socket, which,
                                                           reinterpret_cast<char*>(&value), &size) == 0
                   ? value
                   : 0;
    }

    void query() noexcept {
        const detail::Winsock& calls = detail::winsock_functions();
        unsigned char address[128] = {};
        int size = sizeof address;
        if (calls.error == NO_ERROR && calls.get_name(number_, address, &size) == 0) {
            family_ = address[0] | address[1] << 8;
        }
        type_ = option(detail::winsock::socket_type);
        if (type_ == detail::winsock::datagram) kind_ = SocketKind::datagram;
        if (type_ != detail::winsock::stream) return;
        const bool listens = option(detail::winsock::accept_connections) != 0;
        kind_ = listens ? SocketKind::listening : SocketKind::connected;
    }

    void swap(Socket& other) noexcept {
        std::swap(number_, other.number_);
        std::swap(name_, other.name_);
        std::swap(family_, other.family_);
        std::swap(type_, other.type_);
        std::swap(kind_, other.kind_);
    }

    std::uintptr_t number_ = detail::winsock::no_socket;
    std::string name_;
    int family_ = 0;
    int type_ = 0;
    SocketKind kind_ = SocketKind::other;
};

} // namespace daemonize

#endif
