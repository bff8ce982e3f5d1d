// listen_on(): opens a listening socket on Windows (public). posix/sockets/listen_on.hpp has the same interface.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_LISTEN_ON_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_LISTEN_ON_HPP

#include "../../core/listen_address.hpp"
#include "error.hpp"
#include "socket.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace daemonize {
namespace detail {

// The address of a host in numbers. Empty for a host name: a name can have several addresses, and its server may not
// run yet.
inline std::optional<WinsockAddress> parse_host(const Winsock& calls, const ListenText& text) {
    WinsockAddress address;
    address.set(text.every ? winsock::ipv6 : winsock::ipv4, text.port);
    if (text.every) return address;
    const std::string& host = text.host;
    if (calls.to_number(winsock::ipv4, widen(host).c_str(), address.host()) == 1) return address;
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
    const std::size_t percent = host.find('%');
    const std::size_t end = percent == std::string::npos ? host.size() - 1 : percent;
    address = WinsockAddress();
    address.set(winsock::ipv6, text.port);
    std::uint64_t scope = 0; // the number of an interface
    if (percent != std::string::npos) {
        if (!parse_number(&host[percent + 1], host.size() - percent - 2, UINT32_MAX, scope)) return std::nullopt;
        address.set_scope(static_cast<std::uint32_t>(scope));
    }
    if (calls.to_number(winsock::ipv6, widen(host.substr(1, end - 1)).c_str(), address.host()) != 1)
        return std::nullopt;
    return address;
}

[[nodiscard]] inline bool set_option(const Winsock& calls, SocketNumber socket, int level, int which,
                                     int value) noexcept {
    return calls.set_option(socket, level, which, reinterpret_cast<const char*>(&value), sizeof value) == 0;
}

// SO_EXCLUSIVEADDRUSE stops other programs from a bind to the same port. A restarted program gets its port back at once
// all the same.
inline Socket open_listening(const Winsock& calls, const ListenText& text, const WinsockAddress& address,
                             const std::string& name, DWORD& error) {
    const int type = text.datagrams ? winsock::datagram : winsock::stream;
    const SocketNumber number =
        calls.open(address.family(), type, 0, nullptr, 0, winsock::overlapped | winsock::not_inherited);
    const bool is_ipv6 = address.family() == winsock::ipv6;
    error = NO_ERROR;
    if (number == winsock::no_socket) {
        error = calls.failed();
    } else if (!set_option(calls, number, winsock::level_socket, winsock::exclusive_use, 1) ||
               (is_ipv6 && !set_option(calls, number, winsock::level_ipv6, winsock::v6_only, text.every ? 0 : 1)) ||
               calls.bind(number, address.bytes, address.size) != 0 ||
               (!text.datagrams && calls.listen(number, winsock::most_waiting) != 0)) {
        error = calls.failed();
        static_cast<void>(calls.close(number)); // the first failure is reported
    }
    return error == NO_ERROR ? Socket(number, name) : Socket();
}

} // namespace detail

/// Opens a socket that listens at an address: `0.0.0.0:80`, `[::1]:8080`, `[fe80::1%7]:80`, `*:80`, `:80` or `80` (all
/// addresses of both families). The prefix `udp:` selects datagrams. Port 0 selects a free port. A host must be an
/// address in numbers. The socket is blocking, exclusive to this program, and not inherited. `name` is the name of the
/// Socket. Stage::sockets.
[[nodiscard]] inline Socket listen_on(const std::string& name, const std::string& address, Failure& failure) noexcept {
    failure = Failure();
    const std::string what = name.empty() || address.empty() ? name + address : name + " " + address;
    const auto refuse = [&](const char* reason) {
        failure = Failure(Stage::sockets, detail::win32_error(detail::win32::invalid_parameter), what, reason);
        return Socket();
    };
    if (!address.empty() && (address[0] == '/' || address[0] == '@')) {
        return refuse("a service of Windows listens at internet addresses only");
    }
    detail::ListenText text;
    if (const char* wrong = detail::parse_listen_text(address, text)) return refuse(wrong);
    Socket socket;
    const detail::Winsock& calls = detail::winsock_functions();
    DWORD error = calls.error;
    if (error == NO_ERROR) {
        std::optional<detail::WinsockAddress> parsed = detail::parse_host(calls, text);
        if (!parsed) return refuse(detail::wrong_host);
        socket = detail::open_listening(calls, text, *parsed, name, error);
        if (text.every && (error == detail::winsock::no_such_family || error == detail::winsock::no_such_address)) {
            detail::WinsockAddress ipv4; // a machine without IPv6
            ipv4.set(detail::winsock::ipv4, text.port);
            socket = detail::open_listening(calls, text, ipv4, name, error);
        }
    }
    if (error != NO_ERROR) failure = detail::windows_failure(Stage::sockets, error, what);
    return socket;
}

/// A name or an address is no null pointer.
template <class... Others>
Socket listen_on(std::nullptr_t, Others&&...) = delete;
template <class... Others>
Socket listen_on(const std::string&, std::nullptr_t, Others&&...) = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above. Throws Error.
[[nodiscard]] inline Socket listen_on(const std::string& name, const std::string& address) {
    Failure failure;
    Socket socket = listen_on(name, address, failure);
    detail::throw_if(failure);
    return socket;
}
#endif

} // namespace daemonize

#endif
