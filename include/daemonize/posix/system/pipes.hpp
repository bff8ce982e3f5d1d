// Pipes, socket pairs and sockets: close-on-exec, above 2, and for sockets without SIGPIPE (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_PIPES_HPP
#define DAEMONIZE_POSIX_SYSTEM_PIPES_HPP

#include "descriptor.hpp"

#include <sys/socket.h>

namespace daemonize {
namespace detail {

// Takes over both ends and moves them above 2. On failure both are closed and errno is set.
inline bool own_ends(const int (&ends)[2], Descriptor& first, Descriptor& second) noexcept {
    Descriptor one(ends[0]), other(ends[1]);
    one = above_standard(one.release());
    if (one) other = above_standard(other.release());
    if (!one || !other) return false;
    first = std::move(one);
    second = std::move(other);
    return true;
}

// pipe2(2), or pipe(2) and FD_CLOEXEC on systems without pipe2(2).
#if DAEMONIZE_ON_LINUX()
inline bool open_pipe(int (&ends)[2]) noexcept { return DAEMONIZE_SYSTEM(pipe2)(ends, O_CLOEXEC) == 0; }
#else
inline bool open_pipe(int (&ends)[2]) noexcept {
    if (DAEMONIZE_SYSTEM(pipe)(ends) != 0) return false;
    for (const int end : ends) static_cast<void>(DAEMONIZE_SYSTEM(fcntl)(end, F_SETFD, FD_CLOEXEC)); // it is open
    return true;
}
#endif

// Makes a pipe. On failure returns false and sets errno.
inline bool make_pipe(Descriptor& read_end, Descriptor& write_end) noexcept {
    int ends[2];
    return open_pipe(ends) && own_ends(ends, read_end, write_end);
}

#if defined(MSG_NOSIGNAL) && defined(SOCK_CLOEXEC)

// The flag of send(2) by which a lost peer gives EPIPE and no SIGPIPE.
constexpr int no_sigpipe = MSG_NOSIGNAL;

// Makes a pair of connected stream sockets. On failure returns false and sets errno.
inline bool make_socket_pair(Descriptor& first, Descriptor& second) noexcept {
    int ends[2];
    if (DAEMONIZE_SYSTEM(socketpair)(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    return own_ends(ends, first, second);
}

// Opens a socket. On failure the result is empty and errno is set.
inline Descriptor open_socket(int family, int type) noexcept {
    return above_standard(DAEMONIZE_SYSTEM(socket)(family, type | SOCK_CLOEXEC, 0));
}

#else

// Such systems have the socket option SO_NOSIGPIPE.
constexpr int no_sigpipe = 0;

inline bool set_socket_flags(int socket) noexcept {
    const int on = 1;
    return DAEMONIZE_SYSTEM(fcntl)(socket, F_SETFD, FD_CLOEXEC) == 0 &&
           DAEMONIZE_SYSTEM(setsockopt)(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == 0;
}
inline bool make_socket_pair(Descriptor& first, Descriptor& second) noexcept {
    int ends[2];
    if (DAEMONIZE_SYSTEM(socketpair)(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
    Descriptor one, other;
    if (!own_ends(ends, one, other) || !set_socket_flags(one.get()) || !set_socket_flags(other.get())) return false;
    first = std::move(one);
    second = std::move(other);
    return true;
}
inline Descriptor open_socket(int family, int type) noexcept {
    Descriptor opened = above_standard(DAEMONIZE_SYSTEM(socket)(family, type, 0));
    if (opened && !set_socket_flags(opened.get())) opened.reset();
    return opened;
}

#endif

} // namespace detail
} // namespace daemonize

#endif
