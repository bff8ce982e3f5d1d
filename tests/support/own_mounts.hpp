// Private mounts and process numbers of a test: a file in place of a device, a small disk, an empty /proc.
#ifndef DAEMONIZE_TESTS_SUPPORT_OWN_MOUNTS_HPP
#define DAEMONIZE_TESTS_SUPPORT_OWN_MOUNTS_HPP

#include "support/process.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

namespace test {

/// In a child of the test that is root: makes further mounts private to this process. Returns false if even root may
/// not.
inline bool own_mounts() {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

inline void bind_over(const std::string& source, const std::string& target) {
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        throw std::runtime_error("cannot mount over " + target);
    }
}

/// An empty file system of memory, with mount options as tmpfs(5) has them.
inline void mount_memory(const std::string& target, const std::string& options) {
    if (::mount("none", target.c_str(), "tmpfs", 0, options.c_str()) != 0) {
        throw std::runtime_error("cannot mount " + target);
    }
}

/// Whether /proc/sys/kernel/pid_max is that of the pid namespace, as from Linux 6.14 on. Before, it is the machine's.
inline bool has_own_pid_max() {
    struct utsname system;
    int major = 0, minor = 0;
    return ::uname(&system) == 0 && std::sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 14));
}

} // namespace test

#endif
