// User and group data bases of a test's own, so that what a launch makes of them does not hang on whom a machine knows.
#ifndef DAEMONIZE_TESTS_ACCOUNTS_HPP
#define DAEMONIZE_TESTS_ACCOUNTS_HPP

#include "catch.hpp"
#include "process.hpp"

#include <sched.h>
#include <sys/mount.h>

namespace test {

/// In a child of the test that is root: sees, from here on, the given lines in place of /etc/passwd and /etc/group.
/// False where this machine lets even root make no mounts of its own.
inline bool take_accounts(const Directory& directory, const std::string& passwd, const std::string& group) {
    write_file(directory / "passwd", "root:x:0:0:root:/root:/bin/sh\n" + passwd);
    write_file(directory / "group", "root:x:0:\n" + group);
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount((directory / "passwd").c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) == 0 &&
           ::mount((directory / "group").c_str(), "/etc/group", nullptr, MS_BIND, nullptr) == 0;
}

inline bool can_take_accounts() {
    const Directory directory;
    return run_launcher([&] { return take_accounts(directory, "", "") ? 0 : 1; }).with(0);
}

} // namespace test

#define NEEDS_ACCOUNTS()                                                                                               \
    do {                                                                                                               \
        if (::geteuid() != 0) SKIP_TEST("needs root");                                                                 \
        if (!test::can_take_accounts()) SKIP_TEST("needs mounts of its own");                                          \
    } while (false)

#endif
