// The socket that inetd, or xinetd, passes as descriptor 0, and how it is told from any other.
// Uses socket; sockets.hpp and detect_host.hpp use it.
#ifndef DAEMONIZE_POSIX_SOCKETS_INETD_SOCKET_HPP
#define DAEMONIZE_POSIX_SOCKETS_INETD_SOCKET_HPP

#include "socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace daemonize {

namespace detail {

// inetd passes internet sockets. One of AF_UNIX is how other programs talk to their children: Node does.
inline bool is_inetd_socket(int number) noexcept {
    const int family = family_of(number);
    return family == AF_INET || family == AF_INET6;
}

// Takes a copy above 2, and puts the null device wherever the socket stood. An errno value, or 0.
inline int move_off_streams(Descriptor& socket) noexcept {
    struct stat facts;
    if (DAEMONIZE_SYSTEM(fstat)(STDIN_FILENO, &facts) != 0) return errno;
    Descriptor null;
    if (const StepError failed = open_null_device(null)) return failed.error;
    socket = duplicate(STDIN_FILENO);
    if (!socket) return errno;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (!refers_to(stream, facts)) continue;
        if (retry([&] { return DAEMONIZE_SYSTEM(dup2)(null.get(), stream); }) != stream) return errno;
    }
    return 0;
}

} // namespace detail

/// The socket that inetd or xinetd started this program with, as descriptor 0: connected where it said `nowait`, listening
/// (or a datagram socket) where it said `wait`; named "inetd". Empty, and no failure, where there is none. It is moved off
/// the standard streams, which become /dev/null where they were that socket: stray output would reach the peer.
/// Stage::sockets. Source: inetd(8).
inline Socket inetd_socket(Failure& failure) noexcept {
    failure = Failure();
    if (!detail::is_inetd_socket(STDIN_FILENO)) return Socket();
    detail::Descriptor moved;
    if (const int error = detail::move_off_streams(moved)) {
        failure = detail::socket_failure(error, "inetd at descriptor 0");
        return Socket();
    }
    return Socket(moved.release(), "inetd");
}

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above; throws Error.
inline Socket inetd_socket() {
    Failure failure;
    Socket socket = inetd_socket(failure);
    detail::throw_if(failure);
    return socket;
}
#endif

} // namespace daemonize

#endif
