// SocketAddress: the address of a socket; the paths and abstract names of AF_UNIX (internal).
#ifndef DAEMONIZE_POSIX_SOCKETS_SOCKET_ADDRESS_HPP
#define DAEMONIZE_POSIX_SOCKETS_SOCKET_ADDRESS_HPP

#include "../../core/config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

namespace daemonize {
namespace detail {

struct SocketAddress {
    struct sockaddr_storage storage = {};
    socklen_t size = 0;

    const struct sockaddr* get() const noexcept { return reinterpret_cast<const struct sockaddr*>(&storage); }
    int family() const noexcept { return storage.ss_family; }

    template <class Address>
    void set(const Address& address, std::size_t used = sizeof(Address)) noexcept {
        std::memcpy(&storage, &address, sizeof address);
        size = static_cast<socklen_t>(used);
    }
};

#if DAEMONIZE_ON_LINUX()
constexpr bool has_abstract_names = true;
#else
constexpr bool has_abstract_names = false;
#endif

// Parses an absolute path, or `@` and an abstract name. Returns the error as a text, or null.
inline const char* to_unix_address(const std::string& text, SocketAddress& address) noexcept {
    struct sockaddr_un local = {};
    local.sun_family = AF_UNIX;
    const bool is_abstract = !text.empty() && text[0] == '@';
    if (is_abstract && !has_abstract_names) return "only Linux has abstract socket names";
    if (text.size() < 2) return "the address names no socket";
    if (text.size() >= sizeof local.sun_path) return "the address is too long for a socket";
    std::memcpy(local.sun_path, text.data(), text.size());
    // An abstract name begins with a zero byte, and the size of the address gives its length. A path ends with a zero
    // byte.
    if (is_abstract) local.sun_path[0] = '\0';
    address.set(local, offsetof(struct sockaddr_un, sun_path) + text.size() + (is_abstract ? 0 : 1));
    return nullptr;
}

} // namespace detail
} // namespace daemonize

#endif
