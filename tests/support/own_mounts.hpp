// Private mounts of a test: a file in place of a device, a small disk, an empty /proc.
#ifndef DAEMONIZE_TESTS_SUPPORT_OWN_MOUNTS_HPP
#define DAEMONIZE_TESTS_SUPPORT_OWN_MOUNTS_HPP

#include "support/catch.hpp"
#include "support/process.hpp"

#include <sched.h>
#include <sys/mount.h>

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

inline bool can_mount() {
    return in_child([] { return std::string(own_mounts() ? "yes" : "no"); }) == "yes";
}

} // namespace test

#define NEEDS_OWN_MOUNTS()                                                                                             \
    do {                                                                                                               \
        if (::geteuid() != 0) SKIP_TEST("needs root");                                                                 \
        if (!test::can_mount()) SKIP_TEST("needs mounts of its own");                                                  \
    } while (false)

#endif
