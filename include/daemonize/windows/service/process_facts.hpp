// What Windows tells of a process: since when it runs, and how much memory it has.
// Uses status_text; the verb status uses it.
#ifndef DAEMONIZE_WINDOWS_SERVICE_PROCESS_FACTS_HPP
#define DAEMONIZE_WINDOWS_SERVICE_PROCESS_FACTS_HPP

#include "../../service/status_report.hpp"
#include "../system/windows_header.hpp"

#include <ctime>
#include <string>

#include <psapi.h>

namespace daemonize {
namespace detail {

inline std::string local_time_text(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    struct tm parts = {};
    char text[32];
    if (::localtime_s(&parts, &time) != 0) return std::to_string(seconds);
    return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
}

// Windows counts units of 100 ns since 1601.
inline std::int64_t to_unix_seconds(const FILETIME& time) noexcept {
    const std::uint64_t units = std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
    return static_cast<std::int64_t>(units / 10000000) - 11644473600;
}

// Fills in what Windows tells to who asks; the rest stays as it is.
inline void tell_process(std::uint32_t id, StatusText& text) {
    const HANDLE process =
        id == 0 ? nullptr : DAEMONIZE_SYSTEM(OpenProcess)(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id);
    if (process == nullptr) return;
    FILETIME made, ended, in_kernel, in_program;
    if (DAEMONIZE_SYSTEM(GetProcessTimes)(process, &made, &ended, &in_kernel, &in_program) != FALSE) {
        text.since = to_unix_seconds(made);
        text.since_text = local_time_text(text.since);
    }
    PROCESS_MEMORY_COUNTERS memory = {};
    if (DAEMONIZE_SYSTEM(K32GetProcessMemoryInfo)(process, &memory, sizeof memory) != FALSE) {
        text.memory = memory.WorkingSetSize;
    }
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(process));
}

} // namespace detail
} // namespace daemonize

#endif
