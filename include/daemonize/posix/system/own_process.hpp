// What the kernel says of this process that a launch must know: its threads, and the signals that it ignores.
// Uses read_file; the launch uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_OWN_PROCESS_HPP
#define DAEMONIZE_POSIX_SYSTEM_OWN_PROCESS_HPP

#include "../../core/number.hpp"
#include "read_file.hpp"

#include <csignal>
#include <cstring>
#include <string>

namespace daemonize {
namespace detail {

// One above the highest signal that a 64-bit set holds.
constexpr int signal_end = NSIG < 65 ? NSIG : 65;

struct ProcessStatus {
    std::uint64_t threads = 0; // 0: not known
    std::uint64_t ignored = 0; // bit N - 1: signal N is ignored
};

// The value behind `name` in the text of /proc/self/status; nullptr where it has none.
inline const char* status_value(const char* text, const char* name) noexcept {
    const char* found = std::strstr(text, name);
    if (found == nullptr) return nullptr;
    found += std::strlen(name);
    while (*found == ' ' || *found == '\t') ++found;
    return found;
}

// A set of signals as proc(5) writes it, in hexadecimal digits.
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

// Asks each signal in turn, where /proc does not tell.
inline std::uint64_t ask_ignored_signals() noexcept {
    std::uint64_t ignored = 0;
    for (int number = 1; number < signal_end; ++number) {
        struct sigaction action;
        if (DAEMONIZE_SYSTEM(sigaction)(number, nullptr, &action) != 0) continue; // one that libc keeps for itself
        if (action.sa_handler == SIG_IGN) ignored |= std::uint64_t{1} << (number - 1);
    }
    return ignored;
}

// /proc/self/status answers both questions, and is read whole: the groups of some users fill pages of it. Elsewhere, and
// where it ends before the line behind that of the ignored ones, the signals are asked one by one; the number of threads
// stays unknown where it has none.
inline ProcessStatus process_status() {
    const std::string text = read_file("/proc/self/status");
    ProcessStatus status = parse_process_status(text.c_str());
    if (text.find("\nSigCgt:") == std::string::npos) status.ignored = ask_ignored_signals();
    return status;
}

} // namespace detail
} // namespace daemonize

#endif
