// The abilities that a test can need, and that a kernel, a container or a user may lack: NEEDS(other_users()). No package
// provides an ability. Each function here returns what this machine cannot do, and an empty string if the machine can.
#ifndef DAEMONIZE_TESTS_SUPPORT_ABILITIES_HPP
#define DAEMONIZE_TESTS_SUPPORT_ABILITIES_HPP

#include "support/catch.hpp"
#include "support/own_mounts.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

namespace test {

/// Calls `attempt` in a child of the test. `attempt` makes the system calls themselves, and returns false with errno if
/// a call fails. The errors by which a kernel or a container refuses a call, and `also`, are a missing ability. Any other
/// error, such as EMFILE, throws, so that the test fails.
template <class Attempt>
std::string unable(const std::string& ability, Attempt attempt, std::set<int> also = {}) {
    const std::string answer =
        in_child([&] { return attempt() ? std::string() : std::to_string(errno) + " (" + std::strerror(errno) + ")"; });
    if (answer.empty()) return "";
    also.insert({EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP, EROFS, ENODEV});
    const int error = std::atoi(answer.c_str());
    if (also.count(error) != 0) return ability + ": " + std::strerror(error);
    throw std::runtime_error("cannot find out whether this machine can " + ability + ": " + answer);
}

inline std::string root() { return ::geteuid() == 0 ? "" : "act as root"; }

/// For root alone: files and processes of another user. Without privileges, or in a user namespace, root may lack it.
inline std::string other_users(uid_t id = nobody) {
    if (::geteuid() != 0) return root();
    const Directory directory;
    return unable("act as the user " + std::to_string(id), [&] {
        return ::chown(directory.path().c_str(), id, id) == 0 && ::setgroups(0, nullptr) == 0 &&
               ::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0;
    });
}

/// A user without rights: this one, or another one if this user is root.
inline std::string ordinary_user() { return ::geteuid() == 0 ? other_users() : ""; }

/// Capabilities of this process, by the numbers of capabilities(7).
inline std::string capabilities(const std::set<int>& numbers) {
    if (::geteuid() != 0) return root();
    const unsigned long long held = std::stoull(process_status("CapEff"), nullptr, 16);
    for (const int number : numbers) {
        if ((held >> number & 1) == 0) return "use the capability " + std::to_string(number);
    }
    return "";
}

inline std::string new_root() {
    if (::geteuid() != 0) return root();
    return unable("change the root directory", [] { return ::chroot("/tmp") == 0; });
}

/// unshare(2) fails with ENOSPC where sysctl allows no namespace, here and below.
inline std::string private_mounts() {
    if (::geteuid() != 0) return root();
    const Directory directory;
    return unable("make private mounts",
                  [&] {
                      const char* path = directory.path().c_str();
                      return own_mounts() && ::mount("none", path, "tmpfs", 0, "") == 0 &&
                             ::mount(path, path, nullptr, MS_BIND, nullptr) == 0;
                  },
                  {ENOSPC});
}

/// Processes of numbers of their own, and the /proc that shows them.
inline std::string pid_namespace() {
    const std::string mounts = private_mounts();
    if (!mounts.empty()) return mounts;
    return unable("make a pid namespace",
                  [] {
                      if (!own_mounts() || ::unshare(CLONE_NEWPID) != 0) return false;
                      const std::string error = in_child(
                          [] { return std::to_string(::mount("proc", "/proc", "proc", 0, "") == 0 ? 0 : errno); });
                      errno = std::stoi(error);
                      return errno == 0;
                  },
                  {ENOSPC});
}

inline std::string network_namespace() {
    if (::geteuid() != 0) return root();
    return unable("make a network namespace", [] { return ::unshare(CLONE_NEWNET) == 0; }, {ENOSPC});
}

inline std::string device_files() {
    if (::geteuid() != 0) return root();
    const Directory directory;
    return unable("make a device file",
                  [&] { return ::mknod((directory / "device").c_str(), S_IFCHR | 0644, makedev(1, 3)) == 0; });
}

/// Root's directories for services: /run, /var/lib and /var/log.
inline std::string system_directories() {
    if (::geteuid() != 0) return root();
    for (const std::string path : {"/run", "/var/lib", "/var/log"}) {
        const std::string reason = unable("write to " + path, [&] {
            std::string name = path + "/daemonize-test-XXXXXX";
            return ::mkdtemp(name.data()) != nullptr && ::rmdir(name.c_str()) == 0;
        });
        if (!reason.empty()) return reason;
    }
    return "";
}

/// The lock of a pid file.
inline std::string pid_files() {
#if defined(F_OFD_SETLK)
    const Directory directory;
    return unable("lock a file by F_OFD_SETLK", [&] {
        struct flock request = {};
        request.l_type = F_WRLCK;
        request.l_whence = SEEK_SET;
        const int file = ::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        return ::fcntl(file, F_OFD_SETLK, &request) == 0;
    });
#else
    return "";
#endif
}

inline std::string pidfds() {
    return unable("open a pidfd", [] { return ::syscall(SYS_pidfd_open, ::getpid(), 0) >= 0; });
}

/// The masks of signals in /proc/PID/status.
inline std::string signals_in_proc() {
    for (const char* name : {"SigCgt", "ShdPnd"}) {
        if (process_status(name) == "?") return std::string("show the signals of a process: no ") + name + " in /proc";
    }
    return "";
}

inline std::string ambient_capabilities() {
    return unable("use ambient capabilities",
                  [] { return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0) >= 0; });
}

/// Ports below 1024 that are root's alone, in the network namespace of this process.
inline std::string reserved_ports() {
    const std::string users = ordinary_user();
    if (!users.empty()) return users;
    const std::string answer = in_child([] {
        become_nobody();
        struct sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(80);
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int result = ::bind(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address);
        return std::string(result == 0 ? "" : std::strerror(errno));
    });
    if (answer == std::strerror(EACCES)) return "";
    if (answer.empty() || answer == std::strerror(EADDRINUSE)) return "refuse port 80 to an ordinary user";
    throw std::runtime_error("cannot find out whether port 80 is root's: " + answer);
}

/// A UNIX socket to which the kernel gives a name, and of which the kernel says that it listens.
inline std::string unix_sockets() {
    return unable("ask a UNIX socket whether it listens", [] {
        struct sockaddr_storage any = {};
        any.ss_family = AF_UNIX;
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int listens = 0;
        socklen_t size = sizeof listens;
        if (::bind(socket, reinterpret_cast<const struct sockaddr*>(&any), sizeof any.ss_family) != 0 ||
            ::listen(socket, 1) != 0 || ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) {
            return false;
        }
        if (listens == 0) errno = ENOSYS; // the kernel answers, and does not know
        return listens != 0;
    });
}

/// So many processes or threads of this user at a time, within RLIMIT_NPROC and the limits of control groups.
inline std::string processes(int count) {
    const auto start_all = [&] {
        int started = 0;
        while (started < count) {
            const pid_t child = ::fork();
            if (child == 0) ::_exit(0);
            if (child == -1) break;
            ++started;
        }
        const int error = errno;
        while (::waitpid(-1, nullptr, 0) > 0) { // until then they count
        }
        errno = error;
        return started == count;
    };
    return unable("run " + std::to_string(count) + " processes", start_all, {EAGAIN});
}

inline std::string ipv6() {
    const auto bind_loopback = [] {
        struct sockaddr_in6 address = {};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return socket >= 0 && ::bind(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0;
    };
    return unable("use IPv6", bind_loopback, {EAFNOSUPPORT, EADDRNOTAVAIL});
}

inline std::string terminals() {
    const auto open_both = [] {
        const int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        return controller >= 0 && ::grantpt(controller) == 0 && ::unlockpt(controller) == 0 &&
               ::open(::ptsname(controller), O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0;
    };
    return unable("make a terminal", open_both, {ENOENT}); // without /dev/ptmx or /dev/pts
}

} // namespace test

#endif
