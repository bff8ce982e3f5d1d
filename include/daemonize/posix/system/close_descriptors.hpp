// Closes every inherited descriptor above 2 except the kept descriptors, in a time that depends on the number of open
// descriptors (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_CLOSE_DESCRIPTORS_HPP
#define DAEMONIZE_POSIX_SYSTEM_CLOSE_DESCRIPTORS_HPP

#include "../../core/list.hpp"
#include "descriptor.hpp"

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sys/select.h>
#include <utility>

#if DAEMONIZE_ON_LINUX()
#include <sys/syscall.h>
#endif

namespace daemonize {
namespace detail {

// Adds a descriptor above 2 to a sorted list without repetition. Allocates nothing if the list has the capacity.
inline void insert_sorted(List<int>& list, int number) {
    if (number <= STDERR_FILENO) return;
    for (const int kept : list) {
        if (kept == number) return;
    }
    list.push_back(number);
    for (std::size_t i = list.size() - 1; i > 0 && list[i - 1] > number; --i) std::swap(list[i - 1], list[i]);
}

// The descriptors that stay open: sorted, above 2 and without repetition.
struct KeptDescriptors {
    const int* numbers;
    std::size_t count;

    bool include(int number) const noexcept {
        std::size_t from = 0, to = count;
        while (from < to) {
            const std::size_t middle = from + (to - from) / 2;
            if (numbers[middle] == number) return true;
            if (numbers[middle] < number)
                from = middle + 1;
            else
                to = middle;
        }
        return false;
    }
};

#if DAEMONIZE_ON_LINUX()

#if defined(SYS_close_range)
constexpr long close_range_number = SYS_close_range;
#else
constexpr long close_range_number = 436; // headers older than the kernel
#endif

// Closes first..last. Fails with ENOSYS on Linux before 5.9, and with EPERM under a container's seccomp filter.
inline bool close_range_of(unsigned first, unsigned last) noexcept {
    return DAEMONIZE_SYSTEM(syscall)(close_range_number, first, last, 0u) == 0;
}

// Closes the descriptors above 2 that /proc/self/fd lists. readdir(3) allocates memory, which is unsafe after a fork,
// so the function calls getdents64(2). procfs lists by number, so a close(2) moves no entry.
inline bool close_listed(const KeptDescriptors& kept) noexcept {
    const Descriptor folder = open_file("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    if (!folder) return false;
    alignas(8) char entries[4096];
    for (;;) {
        const long size = DAEMONIZE_SYSTEM(syscall)(SYS_getdents64, folder.get(), entries, sizeof entries);
        if (size <= 0) return size == 0;
        for (long at = 0; at < size;) {
            const char* entry = entries + at;
            unsigned short record_size = 0;
            std::memcpy(&record_size, entry + 16, sizeof record_size); // d_reclen
            at += record_size;
            int number = 0;
            const char* name = entry + 19; // d_name
            while (*name >= '0' && *name <= '9') number = number * 10 + (*name++ - '0');
            if (*name != '\0' || number <= STDERR_FILENO || number == folder.get() || kept.include(number)) continue;
            static_cast<void>(DAEMONIZE_SYSTEM(close)(number));
        }
    }
}

// Returns the size of this process's descriptor table, or 0 on failure. The size is a small multiple of the highest
// open number, whatever RLIMIT_NOFILE is. select(2) finds the size without a file system or a privilege: select(2)
// fails with EBADF for a closed descriptor inside the table, and ignores a descriptor beyond the table.
inline int descriptor_table_size() noexcept {
    static unsigned long bits[(1 << 20) / (CHAR_BIT * sizeof(unsigned long))];
    constexpr int word = CHAR_BIT * static_cast<int>(sizeof(unsigned long));
    for (int size = 64; size <= (1 << 20); size *= 2) {
        const int number = size - 1;
        if (is_open(number)) continue;
        unsigned long& holder = bits[number / word];
        holder = 1ul << (number % word);
        timeval at_once{0, 0};
        auto* const watched = static_cast<fd_set*>(static_cast<void*>(bits));
        const int ready = DAEMONIZE_SYSTEM(select)(size, watched, nullptr, nullptr, &at_once);
        holder = 0;
        if (ready == 0) return size;
        if (errno != EBADF) return 0;
    }
    return 0;
}

#else

inline bool close_range_of(unsigned, unsigned) noexcept { return false; }
inline bool close_listed(const KeptDescriptors&) noexcept { return false; }

// Returns the limit of open descriptors, or 0 if the limit is so large that a loop would take minutes.
inline int descriptor_table_size() noexcept {
    const long most = DAEMONIZE_SYSTEM(sysconf)(_SC_OPEN_MAX);
    return most > 0 && most <= (1 << 20) ? static_cast<int>(most) : 0;
}

#endif

// Closes the gaps between the kept descriptors. Returns false if close_range(2) fails.
inline bool close_gaps(const KeptDescriptors& kept) noexcept {
    int first = STDERR_FILENO + 1;
    for (std::size_t i = 0; i <= kept.count; ++i) {
        const int last = i == kept.count ? INT_MAX : kept.numbers[i] - 1;
        if (first <= last && !close_range_of(static_cast<unsigned>(first), static_cast<unsigned>(last))) return false;
        if (i < kept.count) first = kept.numbers[i] + 1;
    }
    return true;
}

// Closes every descriptor above 2 except the kept descriptors, by close_range(2), by /proc/self/fd or by number. The
// time depends on the number of open descriptors, never on RLIMIT_NOFILE.
inline StepError close_all_but(const KeptDescriptors& kept) noexcept {
    if (close_gaps(kept) || close_listed(kept)) return StepError();
    const int size = descriptor_table_size();
    for (int number = STDERR_FILENO + 1; number < size; ++number) {
        if (!kept.include(number)) static_cast<void>(DAEMONIZE_SYSTEM(close)(number));
    }
    return size != 0
               ? StepError()
               : step_error(
                     Stage::descriptors, EPERM, "",
                     "close_range is refused, /proc/self/fd cannot be read, and the size of the table is unknown");
}

} // namespace detail
} // namespace daemonize

#endif
