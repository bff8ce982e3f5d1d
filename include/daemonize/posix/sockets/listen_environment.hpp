// The variables LISTEN_*, by which a service manager passes descriptors, such as LISTEN_FDS and LISTEN_FDNAMES
// (internal).
#ifndef DAEMONIZE_POSIX_SOCKETS_LISTEN_ENVIRONMENT_HPP
#define DAEMONIZE_POSIX_SOCKETS_LISTEN_ENVIRONMENT_HPP

#include "../../core/number.hpp"
#include "../system/process_handle.hpp"
#include "socket.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

#if DAEMONIZE_ON_LINUX()
#include <sys/vfs.h>
#endif

namespace daemonize {
namespace detail {

// The result of sd_listen_fds(3).
struct Activation {
    int count = 0;               // of descriptors, from 3 on
    const char* wrong = nullptr; // the variable with an invalid value
    const char* reason = "";     // why it is invalid
};

#if DAEMONIZE_ON_LINUX()

// Returns the inode of the pidfd of this process, a number that no later process gets. 0 on Linux before 6.9, and if
// ino_t is too small for the inode.
inline std::uint64_t own_pidfd_id() noexcept {
    constexpr auto pidfs = 0x50494446u; // PID_FS_MAGIC
    if (sizeof(ino_t) < sizeof(std::uint64_t)) return 0;
    const Descriptor self = open_pidfd(DAEMONIZE_SYSTEM(getpid)());
    struct statfs system;
    struct stat status;
    if (!self || DAEMONIZE_SYSTEM(fstatfs)(self.get(), &system) != 0) return 0;
    if (static_cast<std::uint64_t>(system.f_type) != pidfs) return 0;
    return DAEMONIZE_SYSTEM(fstat)(self.get(), &status) == 0 ? status.st_ino : 0;
}

#else

inline std::uint64_t own_pidfd_id() noexcept { return 0; }

#endif

// Whether the variables name this process. An invalid variable is stored in `result`.
inline bool is_activated(Activation& result) noexcept {
    const char* pid = std::getenv("LISTEN_PID");
    if (pid == nullptr) return false;
    const pid_t named = parse_pid(pid, std::strlen(pid));
    if (named == 0) {
        result.wrong = "LISTEN_PID";
        result.reason = "it is not a process number";
    }
    if (named != DAEMONIZE_SYSTEM(getpid)()) return false;
    const char* id = std::getenv("LISTEN_PIDFDID");
    if (id == nullptr) return true;
    std::uint64_t number = 0;
    if (!parse_number(id, std::strlen(id), UINT64_MAX, number)) {
        result.wrong = "LISTEN_PIDFDID";
        result.reason = "it is not a process number";
        return false;
    }
    const std::uint64_t own = own_pidfd_id();
    return own == 0 || own == number; // another inode: an earlier process had the same process number
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
        result.reason = "it is not a number of descriptors";
    }
    return result;
}

// Splits a text at its colons. As in systemd, an empty text is one empty name.
inline std::vector<std::string> split_names(const std::string& text) {
    std::vector<std::string> names(1);
    for (const char c : text) {
        if (c == ':') {
            names.emplace_back();
        } else {
            names.back() += c;
        }
    }
    return names;
}

// Returns the names of the descriptors from 3 on. The result is empty if the variables name another process.
inline std::vector<std::string> read_activation(Failure& failure) {
    const Activation passed = activation();
    if (passed.wrong != nullptr) {
        failure = socket_failure(EINVAL, joined({passed.wrong, "=", std::getenv(passed.wrong)}), passed.reason);
        return {};
    }
    const auto count = static_cast<std::size_t>(passed.count);
    const char* text = std::getenv("LISTEN_FDNAMES");
    if (count == 0 || text == nullptr) return std::vector<std::string>(count, "unknown");
    std::vector<std::string> names = split_names(text);
    if (names.size() == count) return names;
    failure = socket_failure(EINVAL, joined({"LISTEN_FDNAMES=", text}), joined({"there are ", count, " descriptors"}));
    return {};
}

inline void unset_activation() noexcept {
    for (const char* name : {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        static_cast<void>(::unsetenv(name)); // fails only for a name with '='
    }
}

} // namespace detail
} // namespace daemonize

#endif
