// ProcessInfo: the start time and the memory of another process (internal).
#ifndef DAEMONIZE_WINDOWS_SERVICE_PROCESS_INFO_HPP
#define DAEMONIZE_WINDOWS_SERVICE_PROCESS_INFO_HPP

#include "../../core/config.hpp"
#include "../system/windows_header.hpp"

#include <cstdint>

#include <psapi.h>

namespace daemonize {
namespace detail {

// A value that is 0 is unknown.
struct ProcessInfo {
    std::int64_t since = 0;   // seconds after 1970-01-01 UTC
    std::uint64_t memory = 0; // bytes
};

// FILETIME counts units of 100 ns after 1601-01-01 UTC.
inline std::int64_t to_unix_seconds(const FILETIME& time) noexcept {
    const std::uint64_t units = std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
    return static_cast<std::int64_t>(units / 10000000) - 11644473600;
}

// A process that this user may not open has unknown values.
inline ProcessInfo process_info(std::uint32_t id) noexcept {
    ProcessInfo info;
    const HANDLE process =
        id == 0 ? nullptr : DAEMONIZE_SYSTEM(OpenProcess)(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id);
    if (process == nullptr) return info;
    FILETIME start, end, kernel, user;
    if (DAEMONIZE_SYSTEM(GetProcessTimes)(process, &start, &end, &kernel, &user) != FALSE) {
        info.since = to_unix_seconds(start);
    }
    PROCESS_MEMORY_COUNTERS memory = {};
    if (DAEMONIZE_SYSTEM(K32GetProcessMemoryInfo)(process, &memory, sizeof memory) != FALSE) {
        info.memory = memory.WorkingSetSize;
    }
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(process));
    return info;
}

} // namespace detail
} // namespace daemonize

#endif
