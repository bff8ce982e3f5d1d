// What the system tells of another process: since when it runs, how much memory it holds, whether it takes a signal,
// whether it holds the lock of a file. What it does not tell, by its kind or its rights, is unknown, and no failure.
// Uses process_status and read_file; Instance uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_OTHER_PROCESS_HPP
#define DAEMONIZE_POSIX_SYSTEM_OTHER_PROCESS_HPP

#include "own_process.hpp"
#include "read_file.hpp"

#include <ctime>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>

namespace daemonize {
namespace detail {

struct ProcessInfo {
    std::int64_t since = 0;   // seconds since the Epoch; 0: unknown
    std::uint64_t memory = 0; // resident bytes; 0: unknown
};

enum class Answer { no, yes, unknown };

#if DAEMONIZE_ON_LINUX()

inline std::string read_proc(pid_t pid, const std::string& name) {
    return read_file(joined({"/proc/", pid, "/", name}));
}

// Field `number` of /proc/PID/stat, as proc(5) counts them, from 3 on; 0 where it has none. The second, the program's name,
// may hold anything, so that counting begins behind its last parenthesis.
inline std::uint64_t stat_field(const std::string& stat, int number) noexcept {
    std::size_t at = stat.rfind(')');
    for (int field = 2; field < number && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
    std::uint64_t value = 0;
    if (at == std::string::npos) return 0;
    const char* digits = stat.c_str() + at + 1;
    parse_number(digits, std::strspn(digits, "0123456789"), UINT64_MAX, value);
    return value;
}

inline ProcessInfo process_info(pid_t pid) {
    ProcessInfo facts;
    const std::string stat = read_proc(pid, "stat");
    const std::string status = read_proc(pid, "status");
    if (const char* kilobytes = status_value(status.c_str(), "\nVmRSS:")) {
        if (parse_number(kilobytes, std::strspn(kilobytes, "0123456789"), UINT64_MAX / 1024, facts.memory)) {
            facts.memory *= 1024;
        }
    }
    const long ticks = DAEMONIZE_SYSTEM(sysconf)(_SC_CLK_TCK);
    const std::uint64_t started = stat_field(stat, 22); // in ticks since the boot
    struct timespec now = {}, up = {};
    if (ticks <= 0 || started == 0 || DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_REALTIME, &now) != 0 ||
        DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_BOOTTIME, &up) != 0) {
        return facts;
    }
    const std::int64_t begun = static_cast<std::int64_t>(started / static_cast<std::uint64_t>(ticks));
    facts.since = static_cast<std::int64_t>(now.tv_sec) - static_cast<std::int64_t>(up.tv_sec) + begun;
    return facts;
}

inline Answer takes_signal(pid_t pid, int number) {
    const std::string status = read_proc(pid, "status");
    const char* caught = status_value(status.c_str(), "\nSigCgt:");
    if (caught == nullptr) return Answer::unknown;
    return (parse_signal_set(caught) >> (number - 1) & 1) != 0 ? Answer::yes : Answer::no;
}

// Whether one of the process's descriptors leads to the file and holds its OFD write lock: /proc/PID/fdinfo lists the
// locks of each.
inline Answer holds_lock(pid_t pid, const struct stat& file) {
    const std::string folder = joined({"/proc/", pid, "/fd"});
    DIR* listing = ::opendir(folder.c_str());
    if (listing == nullptr) return errno == ENOENT ? Answer::no : Answer::unknown;
    Answer answer = Answer::no;
    while (const dirent* entry = ::readdir(listing)) {
        struct stat facts;
        const std::string path = joined({folder, "/", entry->d_name});
        if (DAEMONIZE_SYSTEM(stat)(path.c_str(), &facts) != 0) continue;
        if (facts.st_dev != file.st_dev || facts.st_ino != file.st_ino) continue;
        const std::string info = read_proc(pid, joined({"fdinfo/", entry->d_name}));
        if (info.find("OFDLCK") != std::string::npos && info.find(" WRITE ") != std::string::npos) answer = Answer::yes;
    }
    static_cast<void>(::closedir(listing)); // nothing was written
    return answer;
}

#else

inline ProcessInfo process_info(pid_t) { return ProcessInfo(); }
inline Answer takes_signal(pid_t, int) { return Answer::unknown; }
// There the file's number is all that names its owner, and only the owner can write it.
inline Answer holds_lock(pid_t, const struct stat&) { return Answer::yes; }

#endif

} // namespace detail
} // namespace daemonize

#endif
