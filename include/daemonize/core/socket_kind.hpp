// SocketKind: the kind of a socket (public).
#ifndef DAEMONIZE_CORE_SOCKET_KIND_HPP
#define DAEMONIZE_CORE_SOCKET_KIND_HPP

namespace daemonize {

/// The kind of a socket.
enum class SocketKind {
    listening, ///< for accept(2)
    connected, ///< for read(2) and write(2): a stream to one peer, which may have closed it already
    datagram,  ///< for recvfrom(2)
    other      ///< another kind of socket, or no socket: a FIFO, a file of the descriptor store
};

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(SocketKind kind) noexcept {
    switch (kind) {
    case SocketKind::listening: return "listening";
    case SocketKind::connected: return "connected";
    case SocketKind::datagram: return "datagram";
    case SocketKind::other: return "other";
    }
    return "unknown";
}

} // namespace daemonize

#endif
