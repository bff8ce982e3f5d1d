// The user and the groups of the daemon: looked up before the fork, set and verified after the fork (internal).
#ifndef DAEMONIZE_POSIX_STEPS_IDENTITY_HPP
#define DAEMONIZE_POSIX_STEPS_IDENTITY_HPP

#include "../../core/list.hpp"
#include "../../core/number.hpp"
#include "../system/step_error.hpp"
#include "capabilities.hpp"

#include <climits>
#include <cstring>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>

#if DAEMONIZE_ON_LINUX()
#include <sys/prctl.h>
#endif

namespace daemonize {
namespace detail {

// The user and the groups of a daemon.
struct Identity {
    bool changes = false; // false: the daemon keeps the launcher's groups
    bool changes_user = false;
    uid_t uid = 0;
    gid_t gid = 0;
    List<gid_t> groups;      // with the primary group
    List<gid_t> seen_groups; // memory for getgroups(2) after the fork
    std::string user;
    std::string group;
};

// The argument of user() or group().
struct AccountOption {
    std::string text;   // a name or a number
    bool is_id = false; // the argument was a number, which is not looked up as a name
};

// Parses a user or group ID. -1 is no ID: chown(2) and setresuid(2) take -1 for "unchanged".
inline bool parse_id(const std::string& text, std::uint64_t& number) noexcept {
    return parse_number(text.data(), text.size(), 0xfffffffe, number);
}

// Whether to repeat getpwnam_r(3) or a similar call. ERANGE asks for a larger buffer, as a group with many members
// needs. The largest buffer has 1 MiB: a broken database must not take all memory.
inline bool is_to_ask_again(int error, std::string& buffer) {
    if (error == ERANGE && buffer.size() < (1u << 20)) {
        buffer.resize(buffer.size() * 4);
        return true;
    }
    return error == EINTR;
}

// Looks up a group by name or number.
inline Failure find_group(const AccountOption& option, gid_t& gid) {
    const std::string& name = option.text;
    std::uint64_t number = 0;
    const bool is_number = parse_id(name, number);
    if (option.is_id) {
        if (!is_number) return posix_failure(Stage::group, EINVAL, name, "-1 is no group ID");
        gid = static_cast<gid_t>(number);
        return Failure();
    }
    std::string buffer(1024, '\0');
    struct group entry;
    struct group* found = nullptr;
    int error = 0;
    do {
        error = DAEMONIZE_SYSTEM(getgrnam_r)(name.c_str(), &entry, &buffer[0], buffer.size(), &found);
    } while (is_to_ask_again(error, buffer));
    if (found != nullptr) {
        gid = entry.gr_gid;
        return Failure();
    }
    if (is_number) {
        gid = static_cast<gid_t>(number);
        return Failure();
    }
    if (error != 0 && error != ENOENT && error != ESRCH) return posix_failure(Stage::group, error, name);
    return posix_failure(Stage::group, EINVAL, name, "there is no such group");
}

// Looks up a user by name or number. `named` is whether the user database has the user, and so a primary group.
inline Failure find_user(const AccountOption& option, Identity& identity, bool& named) {
    const std::string& name = option.text;
    std::uint64_t number = 0;
    const bool is_number = parse_id(name, number);
    if (option.is_id && !is_number) return posix_failure(Stage::user, EINVAL, name, "-1 is no user ID");
    std::string buffer(1024, '\0');
    struct passwd entry;
    struct passwd* found = nullptr;
    int error = 0;
    if (!option.is_id) {
        do {
            error = DAEMONIZE_SYSTEM(getpwnam_r)(name.c_str(), &entry, &buffer[0], buffer.size(), &found);
        } while (is_to_ask_again(error, buffer));
    }
    if (found == nullptr && is_number) {
        const auto uid = static_cast<uid_t>(number);
        do {
            error = DAEMONIZE_SYSTEM(getpwuid_r)(uid, &entry, &buffer[0], buffer.size(), &found);
        } while (is_to_ask_again(error, buffer));
    }
    named = found != nullptr;
    if (!named && is_number) {
        identity.uid = static_cast<uid_t>(number);
        return Failure();
    }
    if (!named && error != 0 && error != ENOENT && error != ESRCH) {
        return posix_failure(Stage::user, error, name);
    }
    if (!named) return posix_failure(Stage::user, EINVAL, name, "there is no such user");
    identity.uid = entry.pw_uid;
    identity.gid = entry.pw_gid;
    identity.user = entry.pw_name;
    return Failure();
}

#if defined(__APPLE__)
using ListedGroup = int;
#else
using ListedGroup = gid_t;
#endif

// Returns the groups of a user by the group database, with `primary`, as initgroups(3) would set them. The lookup reads
// files and allocates, so it runs before the fork.
inline List<gid_t> list_groups(const std::string& user, gid_t primary) {
    List<ListedGroup> list;
    list.resize(64);
    for (;;) {
        int count = static_cast<int>(list.size());
        if (DAEMONIZE_SYSTEM(getgrouplist)(user.c_str(), convert<ListedGroup>(primary), list.data(), &count) >= 0) {
            List<gid_t> groups;
            for (int i = 0; i < count; ++i) groups.push_back(convert<gid_t>(list[static_cast<std::size_t>(i)]));
            return groups;
        }
        list.resize(list.size() * 2);
    }
}

// Looks up the groups of a user. getgrouplist(3) reports no error: if the group database cannot be read,
// getgrouplist(3) returns the primary group alone. getgrgid_r(3) reports such an error, so getgrgid_r(3) is called
// first, and two lists must be equal.
inline Failure find_groups(const std::string& user, gid_t primary, List<gid_t>& groups) {
    std::string buffer(1024, '\0');
    struct group entry;
    struct group* found = nullptr;
    int error = 0;
    do {
        error = DAEMONIZE_SYSTEM(getgrgid_r)(primary, &entry, &buffer[0], buffer.size(), &found);
    } while (is_to_ask_again(error, buffer));
    if (found == nullptr && error != 0 && error != ENOENT && error != ESRCH) {
        return posix_failure(Stage::group, error, joined({"of ", user}));
    }
    groups = list_groups(user, primary);
    const List<gid_t> again = list_groups(user, primary);
    bool is_same = again.size() == groups.size();
    for (std::size_t i = 0; is_same && i < groups.size(); ++i) is_same = again[i] == groups[i];
    if (is_same) return Failure();
    return posix_failure(Stage::group, EAGAIN, joined({"of ", user}), "the group database gave two different answers");
}

// Removes the primary group of the user database from `groups`, and `gid` too, which is added again as the primary
// group.
inline void replace_primary_group(List<gid_t>& groups, gid_t primary, gid_t gid) noexcept {
    for (std::size_t i = groups.size(); i-- > 0;) {
        if (groups[i] == primary || groups[i] == gid) groups.erase(i);
    }
}

// Looks up the identity for user() and group(). Only root may change the identity.
inline Failure find_identity(const std::optional<AccountOption>& user, const std::optional<AccountOption>& group,
                             Identity& identity) {
    bool named = false;
    identity.uid = geteuid();
    identity.gid = getegid();
    if (user) identity.user = user->text;
    if (group) identity.group = group->text;
    Failure failure;
    if (user) failure = find_user(*user, identity, named);
    const gid_t primary = identity.gid;
    if (!failure && group) failure = find_group(*group, identity.gid);
    if (!failure && user && !named && !group) {
        failure = posix_failure(Stage::user, EINVAL, user->text,
                                "the user database does not have this number, so name a group() too");
    }
    if (!failure && named) failure = find_groups(identity.user, primary, identity.groups);
    if (failure) return failure;

    const bool other_primary = group && identity.gid != primary;
    if (named && other_primary) replace_primary_group(identity.groups, primary, identity.gid);
    if (identity.groups.empty() || other_primary) identity.groups.push_back(identity.gid);
    identity.seen_groups.resize(identity.groups.size());
    if (identity.group.empty()) identity.group = joined({"of ", identity.user});

    if (geteuid() == 0) {
        identity.changes = true;
        identity.changes_user = user.has_value();
    } else if (identity.uid != geteuid() || identity.uid != getuid()) {
        return posix_failure(Stage::user, EPERM, user ? user->text : "", "only root may become another user");
    } else if (identity.gid != getegid() || identity.gid != getgid()) {
        return posix_failure(Stage::group, EPERM, group ? group->text : "", "only root may take another group");
    }
    return Failure();
}

#if defined(__APPLE__)

// setgid(2) and setuid(2) of macOS set the real, effective and saved ID for root. No call returns the saved ID.
inline bool set_every_gid(gid_t gid) noexcept { return DAEMONIZE_SYSTEM(setgid)(gid) == 0; }
inline bool set_every_uid(uid_t uid) noexcept { return DAEMONIZE_SYSTEM(setuid)(uid) == 0; }
inline bool has_only_gid(gid_t gid) noexcept { return getgid() == gid && getegid() == gid; }
inline bool has_only_uid(uid_t uid) noexcept { return getuid() == uid && geteuid() == uid; }

#else

inline bool set_every_gid(gid_t gid) noexcept { return DAEMONIZE_SYSTEM(setresgid)(gid, gid, gid) == 0; }
inline bool set_every_uid(uid_t uid) noexcept { return DAEMONIZE_SYSTEM(setresuid)(uid, uid, uid) == 0; }

inline bool has_only_gid(gid_t gid) noexcept {
    gid_t real = 0, effective = 0, saved = 0;
    if (DAEMONIZE_SYSTEM(getresgid)(&real, &effective, &saved) != 0) return false;
    return real == gid && effective == gid && saved == gid;
}

inline bool has_only_uid(uid_t uid) noexcept {
    uid_t real = 0, effective = 0, saved = 0;
    if (DAEMONIZE_SYSTEM(getresuid)(&real, &effective, &saved) != 0) return false;
    return real == uid && effective == uid && saved == uid;
}

#endif

#if DAEMONIZE_ON_LINUX()

inline bool give_up_new_privileges() noexcept {
    return DAEMONIZE_SYSTEM(prctl)(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0;
}

#else

inline bool give_up_new_privileges() noexcept {
    errno = ENOTSUP;
    return false;
}

#endif

// Whether this process has only groups of the identity. A daemon that keeps a supplementary group of root is a common
// security hole.
inline bool has_only_groups(Identity& identity) noexcept {
    const std::size_t most = identity.seen_groups.size();
    const int count = DAEMONIZE_SYSTEM(getgroups)(static_cast<int>(most), identity.seen_groups.data());
    for (int i = 0; i < count; ++i) {
        bool wanted = false;
        for (gid_t group : identity.groups)
            wanted = wanted || group == identity.seen_groups[static_cast<std::size_t>(i)];
        if (!wanted) return false;
    }
    if (count < 0 && errno == EINVAL) errno = 0; // the process has more groups than the identity
    return count >= 0;
}

// Whether this process has every group of the identity. getgroups(2) may leave out the primary group.
inline bool has_every_group(Identity& identity) noexcept {
    const std::size_t most = identity.seen_groups.size();
    const int count = DAEMONIZE_SYSTEM(getgroups)(static_cast<int>(most), identity.seen_groups.data());
    for (gid_t group : identity.groups) {
        bool has = group == identity.gid;
        for (int i = 0; i < count; ++i) has = has || group == identity.seen_groups[static_cast<std::size_t>(i)];
        if (!has) return false;
    }
    return true;
}

#if DAEMONIZE_ON_LINUX()
using GroupCount = std::size_t;
#else
using GroupCount = int;
#endif

// The error for an identity that could not be read back (errno is set), or that differs from the identity that was set.
inline StepError unverified(Stage stage, const char* name, const char* reason) noexcept {
    return errno != 0 ? step_error(stage, errno, name) : step_error(stage, EPERM, name, reason);
}

// Sets and verifies the groups. Runs before become_user(), because only root may set groups.
inline StepError take_groups(Identity& identity) noexcept {
    const char* name = identity.group.c_str();
    const auto count = convert<GroupCount>(identity.groups.size());
    if (DAEMONIZE_SYSTEM(setgroups)(count, identity.groups.data()) != 0 || !set_every_gid(identity.gid)) {
        return step_error(Stage::group, errno, name);
    }
    errno = 0;
    if (!has_only_gid(identity.gid)) return unverified(Stage::group, name, "the group did not change");
    if (!has_only_groups(identity)) return unverified(Stage::group, name, "a group of the launcher remains");
    if (!has_every_group(identity)) return unverified(Stage::group, name, "a group is missing");
    return StepError();
}

// Sets and verifies the user. With `keeps_capabilities` setresuid(2) leaves root's capabilities in the permitted set,
// and take_capabilities() follows.
inline StepError change_user(const Identity& identity, bool keeps_capabilities) noexcept {
    const char* name = identity.user.c_str();
    if ((identity.uid != 0 && !set_keep_capabilities(keeps_capabilities)) || !set_every_uid(identity.uid)) {
        return step_error(Stage::user, errno, name);
    }
    errno = 0;
    return has_only_uid(identity.uid) ? StepError() : unverified(Stage::user, name, "the user did not change");
}

// Verifies that the process cannot become root again.
inline StepError verify_no_root(const Identity& identity) noexcept {
    if (identity.uid == 0) return StepError();
    const bool is_root = DAEMONIZE_SYSTEM(setuid)(0) == 0 || DAEMONIZE_SYSTEM(seteuid)(0) == 0;
    return is_root ? step_error(Stage::user, EPERM, identity.user.c_str(), "root could be regained") : StepError();
}

// Sets and verifies the user, without any capability.
inline StepError become_user(const Identity& identity) noexcept {
    if (const StepError failed = change_user(identity, false)) return failed;
    return verify_no_root(identity);
}

} // namespace detail
} // namespace daemonize

#endif
