// User and group databases of a test, so that the result of a launch does not depend on the users of the machine.
#ifndef DAEMONIZE_TESTS_SUPPORT_ACCOUNTS_HPP
#define DAEMONIZE_TESTS_SUPPORT_ACCOUNTS_HPP

#include "support/abilities.hpp"

namespace test {

/// In a child of the test that is root: mounts the given lines over /etc/passwd and /etc/group. Returns false if even
/// root may not make private mounts on this machine.
inline bool take_accounts(const Directory& directory, const std::string& passwd, const std::string& group) {
    write_file(directory / "passwd", "root:x:0:0:root:/root:/bin/sh\n" + passwd);
    write_file(directory / "group", "root:x:0:\n" + group);
    if (!own_mounts()) return false;
    bind_over(directory / "passwd", "/etc/passwd");
    bind_over(directory / "group", "/etc/group");
    return true;
}

inline std::string accounts() {
    const std::string unable = other_users();
    return unable.empty() ? private_mounts() : unable;
}

} // namespace test

#endif
