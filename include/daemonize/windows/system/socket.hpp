// Socket: a socket of Windows that the service owns; and listen_on(), which opens one. The same face as POSIX's.
// Uses winsock; Context hands sockets to the body.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_SOCKET_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_SOCKET_HPP

#include "../../core/listen_address.hpp"
#include "winsock.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// Owns a socket: not inherited by programs that are started, closed by the destructor unless it was released. Not for
/// several threads at once. Winsock has been started for the process; a program that calls it links with ws2_32.
class Socket {
  public:
    Socket() noexcept = default;

    /// Takes over an open SOCKET, and asks Windows what it is.
    Socket(std::uintptr_t number, std::string name) noexcept : number_(number), name_(std::move(name)) { ask(); }

    Socket(Socket&& other) noexcept { swap(other); }
    Socket& operator=(Socket&& other) noexcept {
        Socket(std::move(other)).swap(*this);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (*this) static_cast<void>(detail::winsock_functions().close(number_));
    }

    explicit operator bool() const noexcept { return number_ != detail::winsock::no_socket; }

    /// The SOCKET, INVALID_SOCKET where there is none; release() gives it away with the duty to close it.
    std::uintptr_t get() const noexcept { return number_; }
    std::uintptr_t release() noexcept { return std::exchange(number_, detail::winsock::no_socket); }

    SocketKind kind() const noexcept { return kind_; }

    /// AF_INET, AF_INET6; 0 where Windows does not tell.
    int family() const noexcept { return family_; }

    /// SOCK_STREAM, SOCK_DGRAM; 0 where Windows does not tell.
    int type() const noexcept { return type_; }

    /// What the program calls it.
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

    void ask() noexcept {
        const detail::Winsock& calls = detail::winsock_functions();
        unsigned char address[128] = {};
        int size = sizeof address;
        if (calls.error == NO_ERROR && calls.name_of(number_, address, &size) == 0) {
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

namespace detail {

// Numbers alone: a name may mean several addresses, and asks a server that may not be up yet.
inline bool parse_host(const Winsock& calls, const ListenText& text, WinsockAddress& address) {
    address.set(text.every ? winsock::ipv6 : winsock::ipv4, text.port);
    if (text.every) return true;
    const std::string& host = text.host;
    if (calls.to_number(winsock::ipv4, widen(host).c_str(), address.host()) == 1) return true;
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return false;
    const std::size_t percent = host.find('%');
    const std::size_t end = percent == std::string::npos ? host.size() - 1 : percent;
    address = WinsockAddress();
    address.set(winsock::ipv6, text.port);
    std::uint64_t scope = 0; // an interface, by its number
    if (percent != std::string::npos) {
        if (!parse_number(&host[percent + 1], host.size() - percent - 2, UINT32_MAX, scope)) return false;
        address.set_scope(static_cast<std::uint32_t>(scope));
    }
    return calls.to_number(winsock::ipv6, widen(host.substr(1, end - 1)).c_str(), address.host()) == 1;
}

inline bool set_option(const Winsock& calls, SocketNumber socket, int level, int which, int value) noexcept {
    return calls.set_option(socket, level, which, reinterpret_cast<const char*>(&value), sizeof value) == 0;
}

// A Windows error, or 0. Without exclusive use another program could bind the same port, and take our connections; one
// that is restarted has its port at once all the same.
inline DWORD open_listening(const Winsock& calls, const ListenText& text, const WinsockAddress& address,
                            const std::string& name, Socket& socket) {
    const int type = text.datagrams ? winsock::datagram : winsock::stream;
    const SocketNumber number =
        calls.open(address.family(), type, 0, nullptr, 0, winsock::overlapped | winsock::not_inherited);
    if (number == winsock::no_socket) return calls.failed();
    const bool is_ipv6 = address.family() == winsock::ipv6;
    if (!set_option(calls, number, winsock::level_socket, winsock::exclusive_use, 1) ||
        (is_ipv6 && !set_option(calls, number, winsock::level_ipv6, winsock::v6_only, text.every ? 0 : 1)) ||
        calls.bind(number, address.bytes, address.size) != 0 ||
        (!text.datagrams && calls.listen(number, winsock::most_waiting) != 0)) {
        const DWORD error = calls.failed();
        static_cast<void>(calls.close(number)); // the first failure counts
        return error;
    }
    socket = Socket(number, name);
    return NO_ERROR;
}

} // namespace detail

/// Listens at an address: `0.0.0.0:80`, `[::1]:8080`, `[fe80::1%7]:80`, `*:80`, `:80` or `80` (all addresses of both
/// families); `udp:` before it for datagrams. Port 0 has Windows choose. Hosts are numbers. There are no paths here.
/// Blocking, for this program alone, and not inherited. Stage::sockets.
inline Socket listen_on(const std::string& name, const std::string& address, Failure& failure) noexcept {
    failure = Failure();
    const std::string what = name.empty() ? address : name + " " + address;
    Socket socket;
    const auto refuse = [&](const char* reason) {
        failure = Failure(Stage::sockets, detail::win32_error(detail::win32::invalid_parameter), what, reason);
        return Socket();
    };
    if (!address.empty() && (address[0] == '/' || address[0] == '@'))
        return refuse("Windows has internet addresses alone");
    detail::ListenText text;
    if (const char* wrong = detail::parse_listen_text(address, text)) return refuse(wrong);
    const detail::Winsock& calls = detail::winsock_functions();
    DWORD error = calls.error;
    if (error == NO_ERROR) {
        detail::WinsockAddress where;
        if (!detail::parse_host(calls, text, where)) return refuse(detail::wrong_host);
        error = detail::open_listening(calls, text, where, name, socket);
        if (text.every && (error == detail::winsock::no_such_family || error == detail::winsock::no_such_address)) {
            where = detail::WinsockAddress(); // a machine without IPv6
            where.set(detail::winsock::ipv4, text.port);
            error = detail::open_listening(calls, text, where, name, socket);
        }
    }
    if (error != NO_ERROR) failure = detail::windows_failure(Stage::sockets, error, what);
    return socket;
}

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above; throws Error.
inline Socket listen_on(const std::string& name, const std::string& address) {
    Failure failure;
    Socket socket = listen_on(name, address, failure);
    if (failure) throw Error(std::move(failure));
    return socket;
}
#endif

} // namespace daemonize

#endif
