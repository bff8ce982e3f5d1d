// listen_fds() and launchd_sockets(): the sockets that a service manager passed (public).
#ifndef DAEMONIZE_POSIX_SOCKETS_LISTEN_FDS_HPP
#define DAEMONIZE_POSIX_SOCKETS_LISTEN_FDS_HPP

#include "inetd_socket.hpp"
#include "listen_environment.hpp"
#include "listen_on.hpp"
#include "socket.hpp"

#include <string>
#include <vector>

#if defined(__APPLE__)
#include <launch.h>
#endif

namespace daemonize {

namespace detail {

// Takes over all descriptors, or no descriptor. With FD_CLOEXEC, programs that are started do not inherit the
// descriptors.
inline std::vector<Socket> take_activated(std::vector<std::string> names, Failure& failure) {
    std::vector<Socket> sockets;
    sockets.reserve(names.size()); // the last allocation, before any descriptor is taken
    int number = STDERR_FILENO;
    for (const std::string& name : names) {
        if (DAEMONIZE_SYSTEM(fcntl)(++number, F_SETFD, FD_CLOEXEC) == 0) continue;
        failure = socket_failure(errno, joined({name, " at descriptor ", number}));
        return sockets;
    }
    number = STDERR_FILENO;
    for (std::string& name : names) sockets.emplace_back(++number, std::move(name));
    return sockets;
}

} // namespace detail

/// Takes the descriptors that systemd, or a manager with the same protocol, passed to this process, with their names
/// ("unknown" for a descriptor without a name). The descriptors become close-on-exec and the variables are removed from
/// the environment: a program that is started does not take the descriptors for its own, and a second call returns no
/// socket. Fails at Stage::sockets if a variable is invalid or a descriptor is not open; then no descriptor is taken.
///
/// Call it in the daemon: a Daemonizer keeps the descriptors and makes the variables name the daemon. Pass descriptors
/// that are taken before the launch to keep_fd(). Not safe while another thread reads the environment. Source:
/// sd_listen_fds_with_names(3).
[[nodiscard]] inline std::vector<Socket> listen_fds(Failure& failure) noexcept {
    failure = Failure();
    std::vector<Socket> sockets = detail::guard_memory(Stage::sockets, failure, [&] {
        std::vector<std::string> names = detail::read_activation(failure);
        return failure ? std::vector<Socket>() : detail::take_activated(std::move(names), failure);
    });
    detail::unset_activation();
    return sockets;
}

#if defined(__APPLE__)

/// Takes the sockets that launchd holds for this process under `name` in its property list. Fails at Stage::sockets,
/// with ESRCH if launchd did not start the process. Source: launch_activate_socket(3).
[[nodiscard]] inline std::vector<Socket> launchd_sockets(const std::string& name, Failure& failure) noexcept {
    std::vector<Socket> sockets;
    int* numbers = nullptr;
    std::size_t count = 0;
    failure = Failure();
    if (const int error = DAEMONIZE_SYSTEM(launch_activate_socket)(name.c_str(), &numbers, &count)) {
        failure = detail::socket_failure(error, name);
        return sockets;
    }
    const auto take = [&] {
        sockets.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            std::string copy = name; // before the descriptor has an owner that could be lost
            sockets.emplace_back(detail::above_standard(numbers[i]).release(), std::move(copy));
            if (DAEMONIZE_SYSTEM(fcntl)(sockets.back().get(), F_SETFD, FD_CLOEXEC) == 0) continue;
            failure = detail::socket_failure(errno, name);
        }
    };
    if (!detail::call_within_memory(take)) failure = detail::out_of_memory(Stage::sockets);
    std::free(numbers);
    if (failure) sockets.clear();
    return sockets;
}

#else

/// On macOS, takes the sockets that launchd holds for this process under `name`. On other systems the result is empty.
[[nodiscard]] inline std::vector<Socket> launchd_sockets(const std::string&, Failure& failure) noexcept {
    failure = Failure();
    return {};
}

#endif

/// A name is no null pointer.
template <class... Others>
std::vector<Socket> launchd_sockets(std::nullptr_t, Others&&...) = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()

/// As above; throws Error.
[[nodiscard]] inline std::vector<Socket> listen_fds() {
    Failure failure;
    std::vector<Socket> sockets = listen_fds(failure);
    detail::throw_if(failure);
    return sockets;
}

/// As above; throws Error.
[[nodiscard]] inline std::vector<Socket> launchd_sockets(const std::string& name) {
    Failure failure;
    std::vector<Socket> sockets = launchd_sockets(name, failure);
    detail::throw_if(failure);
    return sockets;
}

#endif

} // namespace daemonize

#endif
