// inetd_socket(): the socket that inetd or xinetd passes as descriptor 0 (public).
#ifndef DAEMONIZE_POSIX_SOCKETS_INETD_SOCKET_HPP
#define DAEMONIZE_POSIX_SOCKETS_INETD_SOCKET_HPP

#include "../system/null_device.hpp"
#include "socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace daemonize {

namespace detail {

// inetd passes internet sockets. A socket of AF_UNIX may be the channel of a parent process to its child: Node has one.
inline bool is_inetd_socket(int number) noexcept {
    const int family = family_of(number);
    return family == AF_INET || family == AF_INET6;
}

// Duplicates the socket above 2, and opens the null device as each standard stream that was the socket. Returns an
// errno value, or 0.
inline int move_off_streams(Descriptor& socket) noexcept {
    struct stat status;
    if (DAEMONIZE_SYSTEM(fstat)(STDIN_FILENO, &status) != 0) return errno;
    Descriptor null;
    if (const StepError failed = open_null_device(null)) return failed.error;
    socket = duplicate(STDIN_FILENO);
    if (!socket) return errno;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (!refers_to(stream, status)) continue;
        if (retry([&] { return DAEMONIZE_SYSTEM(dup2)(null.get(), stream); }) != stream) return errno;
    }
    return 0;
}

} // namespace detail

/// Takes the socket that inetd or xinetd passed as descriptor 0. The socket is connected for `nowait` and listening, or
/// a datagram socket, for `wait`; its name is "inetd". Without such a socket the result is empty, which is no failure.
/// Each standard stream that was the socket becomes /dev/null: otherwise stray output would reach the peer. Fails at
/// Stage::sockets. Source: inetd(8).
[[nodiscard]] inline Socket inetd_socket(Failure& failure) noexcept {
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
[[nodiscard]] inline Socket inetd_socket() {
    Failure failure;
    Socket socket = inetd_socket(failure);
    detail::throw_if(failure);
    return socket;
}
#endif

} // namespace daemonize

#endif
