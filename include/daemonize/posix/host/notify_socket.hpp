// NotifySocket: sends single messages to the address in NOTIFY_SOCKET, as sd_notify(3) does (internal).
#ifndef DAEMONIZE_POSIX_HOST_NOTIFY_SOCKET_HPP
#define DAEMONIZE_POSIX_HOST_NOTIFY_SOCKET_HPP

#include "../../core/number.hpp"
#include "../sockets/socket_address.hpp"
#include "../system/pipes.hpp"

#include <string>
#include <sys/uio.h>

#if DAEMONIZE_ON_LINUX() && __has_include(<linux/vm_sockets.h>)
#include <linux/vm_sockets.h>
#endif

namespace daemonize {
namespace detail {

// The address of the service manager. The socket type 0 means the first type that this machine has: SOCK_DGRAM,
// SOCK_SEQPACKET or SOCK_STREAM.
struct NotifyAddress {
    SocketAddress address;
    int type = SOCK_DGRAM;
};

#if defined(VMADDR_CID_ANY)

inline bool parse_vsock_number(const std::string& text, unsigned& number) noexcept {
    std::uint64_t value = 0;
    if (!parse_number(text.data(), text.size(), 0xfffffffe, value)) return false; // 0xffffffff means "any"
    number = static_cast<unsigned>(value);
    return true;
}

inline bool parse_vsock_machine(const std::string& text, unsigned& machine) noexcept {
    if (text == "hypervisor" || text == "local" || text == "host") {
        machine = text == "hypervisor" ? 0 : text == "local" ? 1 : 2;
        return true;
    }
    return parse_vsock_number(text, machine);
}

// `rest` is the text behind the socket type: CID:PORT. Returns the error as a text, or null.
inline const char* to_vsock_address(const std::string& rest, SocketAddress& address) {
    const std::size_t colon = rest.find(':');
    struct sockaddr_vm peer = {};
    peer.svm_family = AF_VSOCK;
    if (colon == std::string::npos || !parse_vsock_machine(rest.substr(0, colon), peer.svm_cid) ||
        !parse_vsock_number(rest.substr(colon + 1), peer.svm_port)) {
        return "a vsock address in NOTIFY_SOCKET is vsock:CID:PORT";
    }
    address.set(peer);
    return nullptr;
}

// The manager of a virtual machine sends from a port below 1024, and the host accepts its notifications by that port.
// Only root may bind such a port; for other users EACCES or EPERM is success, and the message is sent from any port.
inline bool take_privileged_port(int socket) noexcept {
    struct sockaddr_vm own = {};
    own.svm_family = AF_VSOCK;
    own.svm_cid = VMADDR_CID_ANY;
    for (own.svm_port = 1023; own.svm_port > 0; --own.svm_port) {
        SocketAddress address;
        address.set(own);
        if (DAEMONIZE_SYSTEM(bind)(socket, address.get(), address.size) == 0) return true;
        if (errno != EADDRINUSE) return errno == EACCES || errno == EPERM;
    }
    return false;
}

#else

inline const char* to_vsock_address(const std::string&, SocketAddress&) noexcept {
    return "this system has no vsock sockets";
}
inline bool take_privileged_port(int) noexcept { return true; }

#endif

// Returns the error as a text, or null.
inline const char* parse_notify_address(const std::string& text, NotifyAddress& result) {
    if (text[0] == '/' || text[0] == '@') return to_unix_address(text, result.address);
    static const struct {
        const char* prefix;
        int type;
    } kinds[] = {{"vsock:", 0},
                 {"vsock-dgram:", SOCK_DGRAM},
                 {"vsock-seqpacket:", SOCK_SEQPACKET},
                 {"vsock-stream:", SOCK_STREAM}};
    for (const auto& kind : kinds) {
        const std::size_t size = std::strlen(kind.prefix);
        if (text.compare(0, size, kind.prefix) != 0) continue;
        result.type = kind.type;
        return to_vsock_address(text.substr(size), result.address);
    }
    return "NOTIFY_SOCKET must be an absolute path, an abstract name with @, or a vsock address";
}

// Sends all of `text`, and the descriptors with its first byte. Blocks while the queue of the receiver is full, as
// sd_notify(3) does: without the message a start would time out. Returns an errno value, or 0.
inline int send_notification(int socket, const std::string& text, const int* descriptors, std::size_t count) noexcept {
    union {
        char bytes[1100]; // SCM_MAX_FD, 253 descriptors, fit in
        struct cmsghdr header;
    } control = {};
    struct iovec part = {const_cast<char*>(text.data()), text.size()};
    struct msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const std::size_t size = sizeof(int) * count;
    if (CMSG_SPACE(size) > sizeof control.bytes) return E2BIG;
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = convert<decltype(message.msg_controllen)>(CMSG_SPACE(size));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = convert<decltype(control.header.cmsg_len)>(CMSG_LEN(size));
        std::memcpy(CMSG_DATA(&control.header), descriptors, size);
    }
    for (;;) { // a stream may take a part of the message
        const ssize_t sent = retry([&] { return DAEMONIZE_SYSTEM(sendmsg)(socket, &message, no_sigpipe); });
        if (sent < 0) return errno;
        if (static_cast<std::size_t>(sent) >= part.iov_len) return 0;
        if (sent == 0) return EIO;
        part.iov_base = static_cast<char*>(part.iov_base) + sent;
        part.iov_len -= static_cast<std::size_t>(sent);
        message.msg_control = nullptr;
        message.msg_controllen = 0;
    }
}

// Shuts the connection down and waits until the peer has read all bytes and closed its side. Returns an errno value, or
// 0.
inline int finish_connection(int socket) noexcept {
    if (DAEMONIZE_SYSTEM(shutdown)(socket, SHUT_WR) != 0) return errno;
    char byte;
    const ssize_t received = retry([&] { return DAEMONIZE_SYSTEM(recv)(socket, &byte, sizeof byte, 0); });
    if (received < 0) return errno;
    return received == 0 ? 0 : EPROTO;
}

// A datagram socket is connected once and stays open: the connected socket works in a new root directory and as another
// user, where the path is out of reach. The other types are of vsock, which has no paths: each message has a separate
// connection.
class NotifySocket {
  public:
    NotifySocket() noexcept = default;
    NotifySocket(NotifySocket&& other) noexcept : socket_(std::move(other.socket_)), to_(other.to_) {
        other.to_ = NotifyAddress();
    }
    NotifySocket& operator=(NotifySocket&& other) noexcept {
        socket_ = std::move(other.socket_);
        to_ = other.to_;
        other.to_ = NotifyAddress();
        return *this;
    }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket() = default;

    explicit operator bool() const noexcept { return to_.address.size != 0; }
    int get() const noexcept { return socket_.get(); }

    // Returns an errno value, or 0.
    int open(const NotifyAddress& to) noexcept {
        static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
        Descriptor socket;
        NotifyAddress chosen = to;
        for (const int type : types) {
            if (to.type != 0 && to.type != type) continue;
            chosen.type = type;
            socket = open_socket(to.address.family(), type);
            if (socket || !is_unknown_type(errno)) break;
        }
        if (!socket) return errno;
        if (chosen.type == SOCK_DGRAM) {
            if (const int error = connect(socket.get(), to.address)) return error;
            socket_ = std::move(socket);
        }
        to_ = chosen;
        return 0;
    }

    // Returns an errno value, or 0.
    int send(const std::string& text, const int* descriptors, std::size_t count) const noexcept {
        if (count > 0 && to_.address.family() != AF_UNIX) return EOPNOTSUPP; // vsock drops descriptors silently
        if (socket_) return send_notification(socket_.get(), text, descriptors, count);
        const Descriptor socket = open_socket(to_.address.family(), to_.type);
        if (!socket) return errno;
        if (const int error = connect(socket.get(), to_.address)) return error;
        if (const int error = send_notification(socket.get(), text, nullptr, 0)) return error;
        return finish_connection(socket.get());
    }

  private:
    static bool is_unknown_type(int error) noexcept {
        return error == ENODEV || error == ESOCKTNOSUPPORT || error == EPROTONOSUPPORT || error == EOPNOTSUPP;
    }

    static int connect(int socket, const SocketAddress& address) noexcept {
        if (address.family() != AF_UNIX && !take_privileged_port(socket)) return errno;
        const int result = retry([&] { return DAEMONIZE_SYSTEM(connect)(socket, address.get(), address.size); });
        return result == 0 ? 0 : errno;
    }

    Descriptor socket_;
    NotifyAddress to_;
};

} // namespace detail
} // namespace daemonize

#endif
