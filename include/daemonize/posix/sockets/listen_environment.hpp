// Which descriptors a service manager passed to this very process, by LISTEN_PID, LISTEN_PIDFDID and LISTEN_FDS:
// sd_listen_fds(3).
// Uses pidfd; environment, plan and sockets use it.
#ifndef DAEMONIZE_POSIX_SOCKETS_LISTEN_ENVIRONMENT_HPP
#define DAEMONIZE_POSIX_SOCKETS_LISTEN_ENVIRONMENT_HPP

#include "../../core/number.hpp"
#include "../system/process_handle.hpp"

#include <cstdlib>
#include <cstring>
#include <sys/types.h>
#include <unistd.h>

#if DAEMONIZE_ON_LINUX()
#include <sys/vfs.h>
#endif

namespace daemonize {
namespace detail {

// How many, from 3 on; or the variable that says nothing sensible of it, and what it should have been.
struct Activation {
    int count = 0;
    const char* wrong = nullptr;
    const char* reason = "";
};

#if DAEMONIZE_ON_LINUX()

// The number that a process has for good, unlike its pid: the inode of its pidfd. 0 where the kernel gives it none (before
// 6.9), or where an inode is too small for it.
inline std::uint64_t own_pidfd_id() noexcept {
    constexpr auto pidfs = 0x50494446u; // PID_FS_MAGIC
    if (sizeof(ino_t) < sizeof(std::uint64_t)) return 0;
    const Descriptor self = open_pidfd(DAEMONIZE_SYSTEM(getpid)());
    struct statfs system;
    struct stat facts;
    if (!self || DAEMONIZE_SYSTEM(fstatfs)(self.get(), &system) != 0) return 0;
    if (static_cast<std::uint64_t>(system.f_type) != pidfs) return 0;
    return DAEMONIZE_SYSTEM(fstat)(self.get(), &facts) == 0 ? facts.st_ino : 0;
}

#else

inline std::uint64_t own_pidfd_id() noexcept { return 0; }

#endif

// Whether the variables name this process; where they don't, or one of them is wrong, `result` is the answer.
inline bool is_activated(Activation& result) noexcept {
    const char* pid = std::getenv("LISTEN_PID");
    if (pid == nullptr) return false;
    const pid_t named = parse_pid(pid, std::strlen(pid));
    if (named == 0) {
        result.wrong = "LISTEN_PID";
        result.reason = "it is no process's number";
    }
    if (named != DAEMONIZE_SYSTEM(getpid)()) return false;
    const char* id = std::getenv("LISTEN_PIDFDID");
    if (id == nullptr) return true;
    std::uint64_t number = 0;
    if (!parse_number(id, std::strlen(id), UINT64_MAX, number)) {
        result.wrong = "LISTEN_PIDFDID";
        result.reason = "it is no process's number";
        return false;
    }
    const std::uint64_t own = own_pidfd_id();
    return own == 0 || own == number; // else another process had our number before us
}

inline Activation activation() noexcept {
    Activation result;
    if (!is_activated(result)) return result;
    const char* count = std::getenv("LISTEN_FDS");
    if (count == nullptr) return result;
    std::uint64_t number = 0;
    if (parse_number(count, std::strlen(count), 1 << 20, number) && number > 0) {
        result.count = static_cast<int>(number);
    } else {
        result.wrong = "LISTEN_FDS";
        result.reason = "it is not how many descriptors there are";
    }
    return result;
}

} // namespace detail
} // namespace daemonize

#endif
