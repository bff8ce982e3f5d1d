// The parser of an internet address to listen at (internal).
#ifndef DAEMONIZE_CORE_LISTEN_ADDRESS_HPP
#define DAEMONIZE_CORE_LISTEN_ADDRESS_HPP

#include "number.hpp"

#include <string>

namespace daemonize {
namespace detail {

constexpr const char* wrong_host = "the host must be a numeric address like 127.0.0.1 or [::1], or * for all addresses";

struct ListenText {
    bool datagrams = false;
    bool every = false; // all addresses of the machine, IPv4 and IPv6
    std::string host;   // a numeric address; an IPv6 address in brackets
    unsigned short port = 0;
};

// Parses `127.0.0.1:80`, `[::1]:80`, `*:80`, `:80` or `80`, each with an optional `udp:` before it. Returns the error
// as a text, or null.
inline const char* parse_listen_text(std::string text, ListenText& result) {
    if (text.empty()) return "the address is empty";
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
