// Sockets that raise no SIGPIPE where nobody reads them any more, and that no program inherits.
// Uses descriptors; whatever sends uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_SOCKET_PAIR_HPP
#define DAEMONIZE_POSIX_SYSTEM_SOCKET_PAIR_HPP

#include "descriptors.hpp"

#include <sys/socket.h>

namespace daemonize {
namespace detail {

#if defined(MSG_NOSIGNAL) && defined(SOCK_CLOEXEC)

constexpr int quiet_send = MSG_NOSIGNAL;
inline bool make_socket_pair(int (&ends)[2]) noexcept {
    return DAEMONIZE_SYSTEM(socketpair)(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
}
inline Descriptor open_socket(int family, int type) noexcept {
    return above_standard(DAEMONIZE_SYSTEM(socket)(family, type | SOCK_CLOEXEC, 0));
}

#else

constexpr int quiet_send = 0;
inline bool make_quiet(int socket) noexcept {
    const int on = 1;
    return DAEMONIZE_SYSTEM(fcntl)(socket, F_SETFD, FD_CLOEXEC) == 0 &&
           DAEMONIZE_SYSTEM(setsockopt)(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == 0;
}
inline bool make_socket_pair(int (&ends)[2]) noexcept {
    if (DAEMONIZE_SYSTEM(socketpair)(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
    if (make_quiet(ends[0]) && make_quiet(ends[1])) return true;
    const int error = errno;
    for (const int open : ends) static_cast<void>(DAEMONIZE_SYSTEM(close)(open));
    errno = error;
    return false;
}
inline Descriptor open_socket(int family, int type) noexcept {
    Descriptor opened = above_standard(DAEMONIZE_SYSTEM(socket)(family, type, 0));
    if (opened && !make_quiet(opened.get())) opened.reset();
    return opened;
}

#endif

} // namespace detail
} // namespace daemonize

#endif
