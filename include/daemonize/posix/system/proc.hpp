// Reads /proc: the threads, ignored signals, start time, memory and held locks of processes (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_PROC_HPP
#define DAEMONIZE_POSIX_SYSTEM_PROC_HPP

#include "../../core/number.hpp"
#include "files.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>

namespace daemonize {
namespace detail {

// The highest signal that a 64-bit set holds, plus 1.
constexpr int signal_end = NSIG < 65 ? NSIG : 65;

struct ProcessStatus {
    std::uint64_t threads = 0; // 0: unknown
    std::uint64_t ignored = 0; // bit N - 1: signal N is ignored
};

struct ProcessInfo {
    std::int64_t since = 0;   // the start time, in seconds since the Epoch; 0: unknown
    std::uint64_t memory = 0; // resident bytes; 0: unknown
};

// The answer about another process. A system without /proc, and a process of another user, give `unknown`.
enum class Answer { no, yes, unknown };

// Returns the value behind `name` in the text of /proc/PID/status, or nullptr.
inline const char* status_value(const char* text, const char* name) noexcept {
    const char* found = std::strstr(text, name);
    if (found == nullptr) return nullptr;
    found += std::strlen(name);
    while (*found == ' ' || *found == '\t') ++found;
    return found;
}

// Reads a set of signals in hexadecimal digits: proc(5).
inline std::uint64_t parse_signal_set(const char* value) noexcept {
    std::uint64_t set = 0;
    for (; *value != '\0'; ++value) {
        const char* digits = "0123456789abcdef";
        const char* digit = std::strchr(digits, *value);
        if (digit == nullptr) break;
        set = set << 4 | static_cast<std::uint64_t>(digit - digits);
    }
    return set;
}

inline ProcessStatus parse_process_status(const char* text) noexcept {
    ProcessStatus status;
    if (const char* value = status_value(text, "\nThreads:")) {
        parse_number(value, std::strspn(value, "0123456789"), UINT64_MAX, status.threads);
    }
    if (const char* value = status_value(text, "\nSigIgn:")) status.ignored = parse_signal_set(value);
    return status;
}

// Finds the ignored signals of this process by one sigaction(2) each. libc refuses the signals that it uses itself.
inline std::uint64_t ask_ignored_signals() noexcept {
    std::uint64_t ignored = 0;
    for (int number = 1; number < signal_end; ++number) {
        struct sigaction action;
        if (DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &action) != 0) continue;
        if (action.sa_handler == SIG_IGN) ignored |= std::uint64_t{1} << (number - 1);
    }
    return ignored;
}

// Returns the threads and the ignored signals of this process. /proc/self/status is read whole, because the groups of
// some users fill pages of it. Without /proc, or if the text ends before the line SigCgt, sigaction(2) finds the
// ignored signals, and the number of threads may be unknown.
inline ProcessStatus process_status() {
    const std::string text = read_file("/proc/self/status");
    ProcessStatus status = parse_process_status(text.c_str());
    if (text.find("\nSigCgt:") == std::string::npos) status.ignored = ask_ignored_signals();
    return status;
}

#if DAEMONIZE_ON_LINUX()

inline std::string read_proc(pid_t pid, const std::string& name) {
    return read_file(joined({"/proc/", pid, "/", name}));
}

// Returns field `number` of /proc/PID/stat, from 3 on, or 0: proc(5). Field 2, the program's name, may hold spaces and
// parentheses, so the count starts behind the last parenthesis.
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
    ProcessInfo info;
    const std::string stat = read_proc(pid, "stat");
    const std::string status = read_proc(pid, "status");
    if (const char* kilobytes = status_value(status.c_str(), "\nVmRSS:")) {
        if (parse_number(kilobytes, std::strspn(kilobytes, "0123456789"), UINT64_MAX / 1024, info.memory)) {
            info.memory *= 1024;
        }
    }
    const long ticks = DAEMONIZE_SYSTEM(sysconf)(_SC_CLK_TCK);
    const std::uint64_t started = stat_field(stat, 22); // in ticks since the boot
    struct timespec now = {}, up = {};
    if (ticks <= 0 || started == 0 || DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_REALTIME, &now) != 0 ||
        DAEMONIZE_SYSTEM(clock_gettime)(CLOCK_BOOTTIME, &up) != 0) {
        return info;
    }
    const std::int64_t begun = static_cast<std::int64_t>(started / static_cast<std::uint64_t>(ticks));
    info.since = now.tv_sec - up.tv_sec + begun;
    return info;
}

// Whether the process has a handler for the signal.
inline Answer takes_signal(pid_t pid, int number) {
    const std::string status = read_proc(pid, "status");
    const char* caught = status_value(status.c_str(), "\nSigCgt:");
    if (caught == nullptr) return Answer::unknown;
    return (parse_signal_set(caught) >> (number - 1) & 1) != 0 ? Answer::yes : Answer::no;
}

// Whether a descriptor of the process with the folder `process` in /proc refers to the file and holds its OFD write
// lock. fdinfo lists the locks of each descriptor. `descriptor` becomes the number of that descriptor in the process.
inline Answer holds_lock(const std::string& process, const struct stat& file, int& descriptor) {
    const std::string folder = joined({process, "/fd"});
    const DirectoryListing listing(folder.c_str());
    if (listing.directory == nullptr) return errno == ENOENT ? Answer::no : Answer::unknown;
    Answer answer = Answer::no;
    while (const dirent* entry = ::readdir(listing.directory)) {
        struct stat status;
        const std::string path = joined({folder, "/", entry->d_name});
        if (DAEMONIZE_SYSTEM(stat)(path.c_str(), &status) != 0 || !is_same_file(status, file)) continue;
        const std::string info = read_file(joined({process, "/fdinfo/", entry->d_name}));
        if (info.find("OFDLCK") == std::string::npos || info.find(" WRITE ") == std::string::npos) continue;
        descriptor = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
        answer = Answer::yes;
    }
    return answer;
}

inline Answer holds_lock(pid_t pid, const struct stat& file) {
    int descriptor = -1;
    return holds_lock(joined({"/proc/", pid}), file, descriptor);
}

#else

inline ProcessInfo process_info(pid_t) { return ProcessInfo(); }
inline Answer takes_signal(pid_t, int) { return Answer::unknown; }
// Without OFD locks the number in the file names the daemon, and only the owner of the file can write it.
inline Answer holds_lock(pid_t, const struct stat&) { return Answer::yes; }
inline Answer holds_lock(const std::string&, const struct stat&, int&) { return Answer::unknown; }

#endif

} // namespace detail
} // namespace daemonize

#endif
