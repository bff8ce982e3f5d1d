// SocketKind: what a socket is good for. ListenText: an internet address to listen at, as a program writes it, taken apart.
// Uses parse; the sockets of each platform use it.
#ifndef DAEMONIZE_CORE_LISTEN_ADDRESS_HPP
#define DAEMONIZE_CORE_LISTEN_ADDRESS_HPP

#include "number.hpp"

#include <string>

namespace daemonize {

/// What a socket is good for.
enum class SocketKind {
    listening, ///< accept(2) on it
    connected, ///< read and write: a stream to one peer, who may have gone already
    datagram,  ///< recvfrom(2) on it
    other      ///< another kind of socket, or no socket: a FIFO, a stored file
};

namespace detail {

constexpr const char* wrong_host = "the host must be an address in numbers, as 127.0.0.1 or [::1], or * for all";

struct ListenText {
    bool datagrams = false;
    bool every = false; // all addresses of the machine, of both families
    std::string host;   // a number, of IPv6 in brackets
    unsigned short port = 0;
};

// `127.0.0.1:80`, `[::1]:80`, `*:80`, `:80`, `80`, each also behind `udp:`. Returns what is wrong with it, or null.
inline const char* parse_listen_text(std::string text, ListenText& result) {
    if (text.compare(0, 4, "udp:") == 0) {
        result.datagrams = true;
        text.erase(0, 4);
    }
    const std::size_t colon = text.rfind(':');
    const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
    std::uint64_t number = 0;
    if (!parse_number(port.data(), port.size(), 65535, number)) return "the port must be a number up to 65535";
    result.port = static_cast<unsigned short>(number);
    result.host = colon == std::string::npos ? "" : text.substr(0, colon);
    result.every = result.host.empty() || result.host == "*";
    return nullptr;
}

} // namespace detail
} // namespace daemonize

#endif
