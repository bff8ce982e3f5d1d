// The sockets that a service manager passed: systemd's by LISTEN_FDS, launchd's by name.
// Uses activation and socket; inetd_socket.hpp and listen_on.hpp are for the other two ways. Programs use it.
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

// Splits at colons; an empty text is one empty name, as the manager has it.
inline List<std::string> split_names(const std::string& text) {
    List<std::string> names;
    std::string name;
    for (const char c : text) {
        if (c != ':') {
            name += c;
            continue;
        }
        names.push_back(name);
        name.clear();
    }
    names.push_back(name);
    return names;
}

// What the variables promise: the names of the descriptors from 3 on, and none where they are for another process.
inline Failure read_activation(List<std::string>& names) {
    const Activation passed = activation();
    if (passed.wrong != nullptr) {
        return socket_failure(EINVAL, joined({passed.wrong, "=", std::getenv(passed.wrong)}), passed.reason);
    }
    const auto count = static_cast<std::size_t>(passed.count);
    const char* text = std::getenv("LISTEN_FDNAMES");
    if (count == 0 || text == nullptr) {
        const std::string unknown = "unknown";
        while (names.size() < count) names.push_back(unknown);
        return Failure();
    }
    names = split_names(text);
    if (names.size() == count) return Failure();
    return socket_failure(EINVAL, joined({"LISTEN_FDNAMES=", text}), joined({"there are ", count, " descriptors"}));
}

// Ours from here on: the programs that we start get neither them nor the variables. All or none are taken.
inline Failure take_activated(const List<std::string>& names, List<Socket>& sockets) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const int number = STDERR_FILENO + 1 + static_cast<int>(i);
        if (DAEMONIZE_SYSTEM(fcntl)(number, F_SETFD, FD_CLOEXEC) == 0) continue;
        const int error = errno; // its number is not the only one that is wrong
        return socket_failure(error, joined({names[i], " at descriptor ", number}));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        Socket socket(STDERR_FILENO + 1 + static_cast<int>(i), names[i]);
        sockets.push_back(std::move(socket));
    }
    return Failure();
}

inline void forget_activation() noexcept {
    for (const char* name : {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        static_cast<void>(::unsetenv(name)); // it fails for names with '=' alone
    }
}

inline List<Socket> take_activated(Failure& failure) noexcept {
    List<std::string> names;
    List<Socket> sockets;
    failure = read_activation(names);
    if (!failure) failure = take_activated(names, sockets);
    forget_activation();
    return sockets;
}

} // namespace detail

/// The descriptors that systemd, or whoever keeps to its protocol, passed to this very process, with their names
/// ("unknown" where they have none). Each is close-on-exec from here on, and the variables are taken out of the
/// environment, so that the programs that are started don't take them for theirs, and so that a second call finds none.
/// Stage::sockets where the variables make no sense, or a descriptor is not open.
///
/// Call it in the daemon: a Daemonizer keeps what was passed, and has the variables name the daemon. What is taken before
/// the launch has to be named to keep_fd(). Not beside threads that read the environment. Source:
/// sd_listen_fds_with_names(3).
inline std::vector<Socket> listen_fds(Failure& failure) noexcept {
    return detail::to_vector(detail::take_activated(failure));
}

#if defined(__APPLE__)

/// The sockets that launchd holds for this process under `name` in its property list. Stage::sockets; ESRCH where launchd
/// did not start it. Source: launch_activate_socket(3).
inline std::vector<Socket> launchd_sockets(const std::string& name, Failure& failure) noexcept {
    std::vector<Socket> sockets;
    int* numbers = nullptr;
    std::size_t count = 0;
    failure = Failure();
    if (const int error = DAEMONIZE_SYSTEM(launch_activate_socket)(name.c_str(), &numbers, &count)) {
        failure = detail::socket_failure(error, name);
        return sockets;
    }
    for (std::size_t i = 0; i < count; ++i) {
        sockets.push_back(Socket(detail::above_standard(numbers[i]).release(), name));
        if (DAEMONIZE_SYSTEM(fcntl)(sockets.back().get(), F_SETFD, FD_CLOEXEC) == 0) continue;
        failure = detail::socket_failure(errno, name);
    }
    std::free(numbers);
    if (failure) sockets.clear();
    return sockets;
}

#else

/// On macOS, the sockets that launchd holds for this process under `name`; elsewhere there are none.
inline std::vector<Socket> launchd_sockets(const std::string&, Failure& failure) noexcept {
    failure = Failure();
    return {};
}

#endif

#if DAEMONIZE_HAS_EXCEPTIONS()

/// As above; throws Error.
inline std::vector<Socket> listen_fds() {
    Failure failure;
    std::vector<Socket> sockets = listen_fds(failure);
    detail::throw_if(failure);
    return sockets;
}

/// As above; throws Error.
inline std::vector<Socket> launchd_sockets(const std::string& name) {
    Failure failure;
    std::vector<Socket> sockets = launchd_sockets(name, failure);
    detail::throw_if(failure);
    return sockets;
}

#endif

} // namespace daemonize

#endif
