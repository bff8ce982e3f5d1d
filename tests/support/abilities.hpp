// The abilities that a test can need, and that a kernel, a container or a user may lack: NEEDS(other_users()). No package
// provides an ability. Each function here makes the system calls themselves, in a child of the test, and returns what
// this machine cannot do, with the error; an empty string if all calls succeed.
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

/// `attempt` returns false and sets errno if the machine lacks the ability.
template <class Attempt>
std::string unable(const std::string& ability, Attempt attempt) {
    const std::string error = in_child([&] { return std::string(attempt() ? "" : std::strerror(errno)); });
    return error.empty() ? "" : ability + ": " + error;
}

inline std::string root() { return ::geteuid() == 0 ? "" : "act as root: the user is " + std::to_string(::geteuid()); }

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

inline std::string private_mounts() {
    if (::geteuid() != 0) return root();
    const Directory directory;
    return unable("make private mounts", [&] {
        const char* path = directory.path().c_str();
        return own_mounts() && ::mount("none", path, "tmpfs", 0, "") == 0 &&
               ::mount(path, path, nullptr, MS_BIND, nullptr) == 0;
    });
}

/// Processes of numbers of their own, and the /proc that shows them.
inline std::string pid_namespace() {
    const std::string mounts = private_mounts();
    if (!mounts.empty()) return mounts;
    return unable("make a pid namespace", [] {
        if (!own_mounts() || ::unshare(CLONE_NEWPID) != 0) return false;
        const std::string error =
            in_child([] { return std::to_string(::mount("proc", "/proc", "proc", 0, "") == 0 ? 0 : errno); });
        errno = std::stoi(error);
        return errno == 0;
    });
}

inline std::string network_namespace() {
    if (::geteuid() != 0) return root();
    return unable("make a network namespace", [] { return ::unshare(CLONE_NEWNET) == 0; });
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
        const std::string name = path + "/daemonize-test-" + std::to_string(::getpid());
        const std::string reason = unable("write to " + path, [&] { return ::mkdir(name.c_str(), 0755) == 0; });
        if (!reason.empty()) return reason;
        ::rmdir(name.c_str());
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

/// Ports below 1024 that are root's alone: as another user.
inline std::string reserved_ports() {
    const std::string users = other_users();
    if (!users.empty()) return users;
    const std::string refused = in_child([] {
        become_nobody();
        struct sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(80);
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int result = ::bind(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address);
        return std::string(result != 0 && errno == EACCES ? "yes" : "");
    });
    return refused == "yes" ? "" : "refuse port 80 to an ordinary user";
}

/// A UNIX socket to which the kernel gives a name, and of which the kernel says that it listens.
inline std::string unix_sockets() {
    return unable("ask a UNIX socket whether it listens", [] {
        struct sockaddr_storage any = {};
        any.ss_family = AF_UNIX;
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int listens = 0;
        socklen_t size = sizeof listens;
        return ::bind(socket, reinterpret_cast<const struct sockaddr*>(&any), sizeof any.ss_family) == 0 &&
               ::listen(socket, 1) == 0 && ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
               (listens != 0 || (errno = ENOSYS) == 0);
    });
}

/// So many processes or threads of this user at a time, within RLIMIT_NPROC and the limits of control groups.
inline std::string processes(int count) {
    return unable("run " + std::to_string(count) + " processes", [&] {
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
    });
}

inline std::string ipv6() {
    return unable("use IPv6", [] {
        struct sockaddr_in6 address = {};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return ::bind(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0;
    });
}

inline std::string terminals() {
    return unable("make a terminal", [] {
        const int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        return controller >= 0 && ::grantpt(controller) == 0 && ::unlockpt(controller) == 0;
    });
}

} // namespace test

#endif
