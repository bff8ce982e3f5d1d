// The functions of Winsock, looked up at run time (internal): a program without sockets need not link with ws2_32, and
// no program has to include <winsock2.h> before <windows.h>.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_WINSOCK_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_WINSOCK_HPP

#include "load_library.hpp"

#include <cstdint>
#include <cstring>

namespace daemonize {
namespace detail {

// SOCKET.
using SocketNumber = std::uintptr_t;

// Constants of <winsock2.h>.
namespace winsock {
constexpr SocketNumber no_socket = static_cast<SocketNumber>(-1);
constexpr int ipv4 = 2;
constexpr int ipv6 = 23;
constexpr int stream = 1;
constexpr int datagram = 2;
constexpr int level_socket = 0xffff;
constexpr int level_ipv6 = 41;
constexpr int accept_connections = 0x0002; // SO_ACCEPTCONN
constexpr int exclusive_use = ~0x0004;     // SO_EXCLUSIVEADDRUSE
constexpr int socket_type = 0x1008;        // SO_TYPE
constexpr int v6_only = 27;
constexpr int most_waiting = 0x7fffffff; // SOMAXCONN
constexpr DWORD overlapped = 0x01;
constexpr DWORD not_inherited = 0x80;
constexpr DWORD no_such_family = 10047;  // WSAEAFNOSUPPORT
constexpr DWORD no_such_address = 10049; // WSAEADDRNOTAVAIL
} // namespace winsock

// The bytes of a sockaddr_in or of a sockaddr_in6.
struct WinsockAddress {
    unsigned char bytes[28] = {};
    int size = 0;

    int family() const noexcept { return bytes[0] | bytes[1] << 8; }
    unsigned char* host() noexcept { return bytes + (family() == winsock::ipv4 ? 4 : 8); }

    void set(int address_family, std::uint16_t port) noexcept {
        bytes[0] = static_cast<unsigned char>(address_family);
        bytes[2] = static_cast<unsigned char>(port >> 8);
        bytes[3] = static_cast<unsigned char>(port & 0xff);
        size = address_family == winsock::ipv4 ? 16 : 28;
    }
    void set_scope(std::uint32_t scope) noexcept { std::memcpy(bytes + 24, &scope, sizeof scope); }
};

// The functions of ws2_32.dll.
struct Winsock {
    DWORD error = NO_ERROR; // if it is set, no other member may be used
    int(WINAPI* start_up)(WORD, void*) = nullptr;
    SocketNumber(WINAPI* open)(int, int, int, void*, unsigned, DWORD) = nullptr;
    int(WINAPI* close)(SocketNumber) = nullptr;
    int(WINAPI* bind)(SocketNumber, const void*, int) = nullptr;
    int(WINAPI* listen)(SocketNumber, int) = nullptr;
    int(WINAPI* set_option)(SocketNumber, int, int, const char*, int) = nullptr;
    int(WINAPI* get_option)(SocketNumber, int, int, char*, int*) = nullptr;
    int(WINAPI* get_name)(SocketNumber, void*, int*) = nullptr;
    int(WINAPI* to_number)(int, const wchar_t*, void*) = nullptr;
    int(WINAPI* last_error)() = nullptr;

    DWORD failed() const noexcept { return static_cast<DWORD>(last_error()); }
};

inline Winsock load_winsock() noexcept {
    Winsock found;
    const HMODULE library = system_library(L"ws2_32.dll");
    if (library == nullptr || !find_function(library, "WSAStartup", found.start_up) ||
        !find_function(library, "WSASocketW", found.open) || !find_function(library, "closesocket", found.close) ||
        !find_function(library, "bind", found.bind) || !find_function(library, "listen", found.listen) ||
        !find_function(library, "setsockopt", found.set_option) ||
        !find_function(library, "getsockopt", found.get_option) ||
        !find_function(library, "getsockname", found.get_name) ||
        !find_function(library, "InetPtonW", found.to_number) ||
        !find_function(library, "WSAGetLastError", found.last_error)) {
        found.error = ::GetLastError();
        return found;
    }
    char data[1024]; // a WSADATA: about 400 bytes
    found.error = static_cast<DWORD>(found.start_up(0x0202, data));
    return found;
}

// Loads Winsock at the first call. Winsock stays loaded until the process ends.
inline const Winsock& winsock_functions() noexcept {
    static const Winsock functions = load_winsock();
    return functions;
}

} // namespace detail
} // namespace daemonize

#endif
