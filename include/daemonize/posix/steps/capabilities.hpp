// The capabilities that the daemon keeps after the change of the user, by capabilities(7) (internal). They are checked
// before the fork, and set and verified after the fork.
#ifndef DAEMONIZE_POSIX_STEPS_CAPABILITIES_HPP
#define DAEMONIZE_POSIX_STEPS_CAPABILITIES_HPP

#include "../system/step_error.hpp"

#include <cstdint>
#include <string>
#include <vector>

#if DAEMONIZE_ON_LINUX()
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace daemonize {
namespace detail {

// The arguments of keep_capabilities() and ambient_capabilities().
struct CapabilityOption {
    std::vector<int> kept;
    std::vector<int> ambient; // kept too
};

// The capabilities of a daemon, as sets of bits. Bit N is the capability N.
struct Capabilities {
    bool are_set = false; // false: the kernel's rules for a change of the user decide
    std::uint64_t kept = 0;
    std::uint64_t ambient = 0; // a part of `kept`
    std::string names;         // of all kept ones, for messages
    std::string ambient_names;

    bool has(int number) const noexcept { return (kept >> number & 1) != 0; }
};

#if DAEMONIZE_ON_LINUX()

constexpr int most_capabilities = 64; // bits of capget(2)

inline std::string capability_name(int number) {
    static const char* const names[] = {"CHOWN",
                                        "DAC_OVERRIDE",
                                        "DAC_READ_SEARCH",
                                        "FOWNER",
                                        "FSETID",
                                        "KILL",
                                        "SETGID",
                                        "SETUID",
                                        "SETPCAP",
                                        "LINUX_IMMUTABLE",
                                        "NET_BIND_SERVICE",
                                        "NET_BROADCAST",
                                        "NET_ADMIN",
                                        "NET_RAW",
                                        "IPC_LOCK",
                                        "IPC_OWNER",
                                        "SYS_MODULE",
                                        "SYS_RAWIO",
                                        "SYS_CHROOT",
                                        "SYS_PTRACE",
                                        "SYS_PACCT",
                                        "SYS_ADMIN",
                                        "SYS_BOOT",
                                        "SYS_NICE",
                                        "SYS_RESOURCE",
                                        "SYS_TIME",
                                        "SYS_TTY_CONFIG",
                                        "MKNOD",
                                        "LEASE",
                                        "AUDIT_WRITE",
                                        "AUDIT_CONTROL",
                                        "SETFCAP",
                                        "MAC_OVERRIDE",
                                        "MAC_ADMIN",
                                        "SYSLOG",
                                        "WAKE_ALARM",
                                        "BLOCK_SUSPEND",
                                        "AUDIT_READ",
                                        "PERFMON",
                                        "BPF",
                                        "CHECKPOINT_RESTORE"};
    constexpr int count = static_cast<int>(sizeof names / sizeof *names);
    return number >= 0 && number < count ? joined({"CAP_", names[number]}) : joined({number});
}

// The three sets of this thread that capget(2) reads and capset(2) writes.
struct CapabilitySets {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
};

// glibc has no functions for capget(2) and capset(2).
inline bool get_capabilities(CapabilitySets& sets) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (DAEMONIZE_SYSTEM(syscall)(SYS_capget, &header, data) != 0) return false;
    const auto whole = [](std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; };
    sets.effective = whole(data[0].effective, data[1].effective);
    sets.permitted = whole(data[0].permitted, data[1].permitted);
    sets.inheritable = whole(data[0].inheritable, data[1].inheritable);
    return true;
}

inline bool set_capabilities(const CapabilitySets& sets) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2];
    for (int i = 0; i < 2; ++i) {
        data[i].effective = static_cast<std::uint32_t>(sets.effective >> (32 * i));
        data[i].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * i));
        data[i].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * i));
    }
    return DAEMONIZE_SYSTEM(syscall)(SYS_capset, &header, data) == 0;
}

// Whether the kernel keeps the permitted set when the user changes from root. The launcher may have set the flag
// already.
inline bool set_keep_capabilities(bool value) noexcept {
    return DAEMONIZE_SYSTEM(prctl)(PR_SET_KEEPCAPS, value ? 1UL : 0UL, 0UL, 0UL, 0UL) == 0;
}

// Checks one capability, and adds it to the set and to the names.
inline Failure add_capability(int number, bool is_ambient, const CapabilitySets& own, Capabilities& capabilities) {
    int in_bounding_set = -1;
    errno = EINVAL;
    if (number >= 0 && number < most_capabilities) {
        in_bounding_set = DAEMONIZE_SYSTEM(prctl)(PR_CAPBSET_READ, static_cast<unsigned long>(number), 0UL, 0UL, 0UL);
    }
    if (in_bounding_set < 0) {
        return posix_failure(Stage::options, errno,
                             joined({is_ambient ? "ambient" : "keep", "_capabilities(", number, ")"}),
                             errno == EINVAL ? "no capability has this number" : "");
    }
    const std::uint64_t bit = std::uint64_t{1} << number;
    const std::string name = capability_name(number);
    const auto refuse = [&](int error, const char* reason) {
        return posix_failure(Stage::capabilities, error, name, reason);
    };
    if (number == CAP_SETUID) return refuse(EINVAL, "the daemon could become root again");
    if ((own.permitted & bit) == 0) return refuse(EPERM, "the launcher does not have it");
    if (is_ambient && in_bounding_set == 0 && (own.inheritable & bit) == 0) {
        return refuse(EPERM, "it is not in the bounding set of the launcher");
    }
    const auto add = [&](std::uint64_t& set, std::string& names) {
        if ((set & bit) == 0) append(names, {names.empty() ? "" : " ", name});
        set |= bit;
    };
    add(capabilities.kept, capabilities.names);
    if (is_ambient) add(capabilities.ambient, capabilities.ambient_names);
    return Failure();
}

// Checks the options. `daemon_is_root`: root gets every capability again at execve(2). `runs_threads`: capset(2)
// changes the calling thread only, and in the foreground other threads live on.
inline void find_capabilities(const CapabilityOption& option, bool daemon_is_root, bool runs_threads,
                              Capabilities& capabilities, std::vector<Failure>& problems) {
    CapabilitySets own;
    capabilities.are_set = true;
    if (!get_capabilities(own)) return problems.push_back(posix_failure(Stage::capabilities, errno));
    const auto add = [&](const std::vector<int>& numbers, bool is_ambient) {
        for (const int number : numbers) {
            if (Failure failure = add_capability(number, is_ambient, own, capabilities)) {
                problems.push_back(std::move(failure));
            }
        }
    };
    add(option.kept, false);
    add(option.ambient, true);
    if (daemon_is_root) {
        problems.push_back(
            posix_failure(Stage::capabilities, EINVAL, "",
                          "the daemon is root, and execve(2) gives root every capability: name a user()"));
    }
    if (runs_threads) {
        problems.push_back(posix_failure(Stage::capabilities, EINVAL, "",
                                         "other threads run in the foreground, and would have other capabilities"));
    }
}

// Whether this thread has exactly these capabilities. The kernel keeps the ambient set within the inheritable one.
inline bool has_exactly(const Capabilities& capabilities) noexcept {
    CapabilitySets now;
    if (!get_capabilities(now)) return false;
    errno = 0;
    if (now.permitted != capabilities.kept || now.effective != capabilities.kept) return false;
    if (now.inheritable != capabilities.ambient) return false;
    for (int number = 0; number < most_capabilities; ++number) {
        if ((capabilities.ambient >> number & 1) == 0) continue;
        const auto bit = static_cast<unsigned long>(number);
        if (DAEMONIZE_SYSTEM(prctl)(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, bit, 0UL, 0UL) != 1) return false;
    }
    return true;
}

// Sets and verifies the capabilities, after the change of the user. The bounding set stays. capset(2) takes the ambient
// capabilities away that are not in the new inheritable set. Allocates nothing.
inline StepError take_capabilities(const Capabilities& capabilities) noexcept {
    const char* const names = capabilities.names.c_str();
    if (!set_capabilities({capabilities.kept, capabilities.kept, capabilities.ambient})) {
        return step_error(Stage::capabilities, errno, names);
    }
    for (int number = 0; number < most_capabilities; ++number) {
        if ((capabilities.ambient >> number & 1) == 0) continue;
        const auto bit = static_cast<unsigned long>(number);
        if (DAEMONIZE_SYSTEM(prctl)(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0UL, 0UL) != 0) {
            return step_error(Stage::capabilities, errno, capabilities.ambient_names.c_str());
        }
    }
    if (!set_keep_capabilities(false)) return step_error(Stage::capabilities, errno, names);
    if (has_exactly(capabilities)) return StepError();
    return errno != 0 ? step_error(Stage::capabilities, errno, names)
                      : step_error(Stage::capabilities, EPERM, names, "the daemon has other capabilities");
}

// Whether the kernel opens files for the daemon without a check of their permissions.
inline bool overrides_permissions(const Capabilities& capabilities) noexcept {
    return capabilities.has(CAP_DAC_OVERRIDE) || capabilities.has(CAP_DAC_READ_SEARCH);
}

#else

inline bool set_keep_capabilities(bool) noexcept { return true; }
inline void find_capabilities(const CapabilityOption&, bool, bool, Capabilities&, std::vector<Failure>& problems) {
    problems.push_back(posix_failure(Stage::capabilities, ENOTSUP, "", "only Linux has capabilities"));
}
inline StepError take_capabilities(const Capabilities&) noexcept { return StepError(); }
inline bool overrides_permissions(const Capabilities&) noexcept { return false; }

#endif

} // namespace detail
} // namespace daemonize

#endif
