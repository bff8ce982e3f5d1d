// Identity: which user and groups the daemon is to run as, looked up before the fork; and becoming it for good.
// Uses fault; the launch uses it.
#ifndef DAEMONIZE_POSIX_STEPS_IDENTITY_HPP
#define DAEMONIZE_POSIX_STEPS_IDENTITY_HPP

#include "../../core/list.hpp"
#include "../../core/number.hpp"
#include "../system/step_error.hpp"

#include <climits>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>

#if DAEMONIZE_ON_LINUX()
#include <sys/prctl.h>
#endif

namespace daemonize {
namespace detail {

// The identity that a daemon takes. Not `changes`: it keeps the launcher's.
struct Identity {
    bool changes = false;
    bool changes_user = false;
    uid_t uid = 0;
    gid_t gid = 0;
    List<gid_t> groups;      // all of them, the primary one too
    List<gid_t> seen_groups; // room to read back as many, after the fork
    std::string user;
    std::string group;
};

// The numbers -1 mean "unchanged" to chown and setresuid, and are nobody's.
inline bool parse_id(const std::string& text, std::uint64_t& number) noexcept {
    return parse_number(text.data(), text.size(), 0xfffffffe, number);
}

// getpwnam_r and its siblings say ERANGE until the buffer is large enough for a group with many members.
inline bool is_to_ask_again(int error, std::string& buffer) {
    if (error == ERANGE && buffer.size() <= (1u << 24)) {
        buffer.resize(buffer.size() * 4);
        return true;
    }
    return error == EINTR;
}

inline Failure find_group(const std::string& name, gid_t& gid) {
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
    std::uint64_t number = 0;
    if (parse_id(name, number)) {
        gid = static_cast<gid_t>(number);
        return Failure();
    }
    if (error != 0 && error != ENOENT && error != ESRCH) return posix_failure(Stage::group, error, name);
    return posix_failure(Stage::group, EINVAL, name, "there is no such group");
}

// Finds a user by name or number. `named` says whether the user data base knows it, and so its primary group.
inline Failure find_user(const std::string& name, Identity& identity, bool& named) {
    std::string buffer(1024, '\0');
    struct passwd entry;
    struct passwd* found = nullptr;
    int error = 0;
    do {
        error = DAEMONIZE_SYSTEM(getpwnam_r)(name.c_str(), &entry, &buffer[0], buffer.size(), &found);
    } while (is_to_ask_again(error, buffer));
    std::uint64_t number = 0;
    const bool is_number = parse_id(name, number);
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

// All groups of a user that the group data base names, `primary` among them: what initgroups(3) would set, asked for
// before the fork since it reads files and allocates.
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

// The same, or why not. getgrouplist(3) can't say that it could not read the data base: it knows of no group then, but the
// primary one. So the data base is asked for that one first, which can fail, and has to give the same list twice.
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
    return posix_failure(Stage::group, EAGAIN, joined({"of ", user}), "the group data base says now this, now that");
}

#if defined(__APPLE__)

// setgid and setuid set all the ids there when root calls them; a saved id can't be asked for.
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

// With it set, as some callers leave it, every capability of root's would survive in the permitted set.
inline bool forget_kept_capabilities() noexcept {
    return DAEMONIZE_SYSTEM(prctl)(PR_SET_KEEPCAPS, 0UL, 0UL, 0UL, 0UL) == 0;
}
inline bool give_up_new_privileges() noexcept {
    return DAEMONIZE_SYSTEM(prctl)(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0;
}

#else

inline bool forget_kept_capabilities() noexcept { return true; }
inline bool give_up_new_privileges() noexcept {
    errno = ENOTSUP;
    return false;
}

#endif

// Whether this process has just the identity's groups. Supplementary groups of root that stay behind are the
// commonest hole there is.
inline bool has_only_groups(Identity& identity) noexcept {
    const std::size_t most = identity.seen_groups.size();
    const int count = DAEMONIZE_SYSTEM(getgroups)(static_cast<int>(most), identity.seen_groups.data());
    for (int i = 0; i < count; ++i) {
        bool wanted = false;
        for (gid_t group : identity.groups)
            wanted = wanted || group == identity.seen_groups[static_cast<std::size_t>(i)];
        if (!wanted) return false;
    }
    if (count < 0 && errno == EINVAL) errno = 0; // there are more
    return count >= 0;
}

// Whether it has every one of them. The primary group need not be among the others.
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

// What to say of an identity that was read back, and is not the one that was set; or of the reading that failed.
inline StepError unproved(Stage stage, const char* name, const char* reason) noexcept {
    return errno != 0 ? step_error(stage, errno, name) : step_error(stage, EPERM, name, reason);
}

// Takes the identity's groups; the user comes last, since it takes the right to do the rest.
inline StepError take_groups(Identity& identity) noexcept {
    const char* name = identity.group.c_str();
    const auto count = convert<GroupCount>(identity.groups.size());
    if (DAEMONIZE_SYSTEM(setgroups)(count, identity.groups.data()) != 0 || !set_every_gid(identity.gid)) {
        return step_error(Stage::group, errno, name);
    }
    errno = 0;
    if (!has_only_gid(identity.gid)) return unproved(Stage::group, name, "the group did not change");
    if (!has_only_groups(identity)) return unproved(Stage::group, name, "the launcher's groups did not go");
    if (!has_every_group(identity)) return unproved(Stage::group, name, "not all of its groups came");
    return StepError();
}

// Becomes the user, and proves that there is no way back.
inline StepError become_user(const Identity& identity) noexcept {
    const char* name = identity.user.c_str();
    const bool to_root = identity.uid == 0;
    if ((!to_root && !forget_kept_capabilities()) || !set_every_uid(identity.uid)) {
        return step_error(Stage::user, errno, name);
    }
    errno = 0;
    if (!has_only_uid(identity.uid)) return unproved(Stage::user, name, "the user did not change");
    // What an intruder would try.
    if (!to_root && (DAEMONIZE_SYSTEM(setuid)(0) == 0 || DAEMONIZE_SYSTEM(seteuid)(0) == 0)) {
        return step_error(Stage::user, EPERM, name, "root could be regained");
    }
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
