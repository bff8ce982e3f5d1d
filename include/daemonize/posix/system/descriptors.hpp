// Descriptors: owning one, keeping ours out of 0-2, and closing all that a daemon must not inherit.
// Uses fault; the rest of posix may use it.
#ifndef DAEMONIZE_POSIX_SYSTEM_DESCRIPTORS_HPP
#define DAEMONIZE_POSIX_SYSTEM_DESCRIPTORS_HPP

#include "step_error.hpp"

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#if DAEMONIZE_ON_LINUX()
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#endif

namespace daemonize {
namespace detail {

// Owns one descriptor.
class Descriptor {
  public:
    Descriptor() noexcept = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }
    int release() noexcept {
        const int number = number_;
        number_ = -1;
        return number;
    }

    // What we close holds nothing unwritten, so a failed close loses nothing, and the number is gone either way.
    void reset(int number = -1) noexcept {
        const int error = errno;
        if (number_ >= 0) static_cast<void>(DAEMONIZE_SYSTEM(close)(number_));
        errno = error;
        number_ = number;
    }

  private:
    int number_ = -1;
};

// A second descriptor of the same file, above 2 and close-on-exec; none, with errno, where it cannot be had.
inline Descriptor duplicate(int number) noexcept {
    return Descriptor(retry([&] { return DAEMONIZE_SYSTEM(fcntl)(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }));
}

// Moves a descriptor of ours off 0-2, which it got because the program was started with one of them closed: there it
// would be taken for a standard stream. Leaves errno set and nothing open where it fails.
inline Descriptor above_standard(int number) noexcept {
    Descriptor given(number);
    if (number < 0 || number > STDERR_FILENO) return given;
    return duplicate(number);
}

// Opens a file, close-on-exec; none, with errno, where it cannot be opened.
inline Descriptor open_file(const char* path, int flags, mode_t mode = 0) noexcept {
    return Descriptor(retry([&] { return DAEMONIZE_SYSTEM(open)(path, flags | O_CLOEXEC, mode); }));
}

// The same above 2, for one that stays open.
inline Descriptor open_above(const char* path, int flags, mode_t mode = 0) noexcept {
    return above_standard(open_file(path, flags, mode).release());
}

inline bool is_open(int number) noexcept { return DAEMONIZE_SYSTEM(fcntl)(number, F_GETFD) != -1; }

#if DAEMONIZE_ON_LINUX()
inline bool is_null_device(const struct stat& facts) noexcept {
    return S_ISCHR(facts.st_mode) && facts.st_rdev == makedev(1, 3);
}
#else
inline bool is_null_device(const struct stat& facts) noexcept { return S_ISCHR(facts.st_mode); }
#endif

#if DAEMONIZE_ON_LINUX()
inline bool make_pipe(int (&ends)[2]) noexcept { return DAEMONIZE_SYSTEM(pipe2)(ends, O_CLOEXEC) == 0; }
#else
inline bool make_pipe(int (&ends)[2]) noexcept {
    if (DAEMONIZE_SYSTEM(pipe)(ends) != 0) return false;
    for (const int end : ends) static_cast<void>(DAEMONIZE_SYSTEM(fcntl)(end, F_SETFD, FD_CLOEXEC)); // it is open
    return true;
}
#endif

// Opens /dev/null, and makes sure that it is the device: a file that somebody left there would fill, and be read.
inline StepError open_null_device(Descriptor& null) noexcept {
    constexpr const char* path = "/dev/null";
    null = open_above(path, O_RDWR | O_NOCTTY);
    struct stat facts;
    if (!null || DAEMONIZE_SYSTEM(fstat)(null.get(), &facts) != 0) return step_error(Stage::null_device, errno, path);
    return is_null_device(facts) ? StepError()
                                 : step_error(Stage::null_device, ENODEV, path, "it is not the null device");
}

// Which descriptors stay: sorted, above 2 and without repetition.
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

// Closes first..last; false with ENOSYS from an old kernel, EPERM from a container's seccomp filter.
inline bool close_range_of(unsigned first, unsigned last) noexcept {
    return DAEMONIZE_SYSTEM(syscall)(close_range_number, first, last, 0u) == 0;
}

// Closes what /proc/self/fd lists above 2. readdir(3) allocates, which after a fork it may not: hence the bare call.
// Closing moves nothing in the listing: procfs goes by number.
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

// How many descriptors this process's table has room for: a small multiple of the highest that is open, whatever
// the limit says. select(2) finds it, with no file system and no privilege: it refuses a closed descriptor inside the
// table (EBADF) and overlooks one beyond it. 0 where even that can't be asked.
inline int descriptor_table_size() noexcept {
    static unsigned long bits[(1 << 20) / (CHAR_BIT * sizeof(unsigned long))];
    constexpr int word = CHAR_BIT * static_cast<int>(sizeof(unsigned long));
    for (int size = 64; size <= (1 << 20); size *= 2) {
        const int number = size - 1;
        if (is_open(number)) continue;
        unsigned long& holder = bits[number / word];
        holder = 1ul << (number % word);
        timeval at_once{0, 0};
        const int ready = DAEMONIZE_SYSTEM(select)(size, reinterpret_cast<fd_set*>(bits), nullptr, nullptr, &at_once);
        holder = 0;
        if (ready == 0) return size;
        if (errno != EBADF) return 0;
    }
    return 0;
}

#else

inline bool close_range_of(unsigned, unsigned) noexcept { return false; }
inline bool close_listed(const KeptDescriptors&) noexcept { return false; }

// Elsewhere the limit is small; where it is not, the caller says so instead of closing for minutes.
inline int descriptor_table_size() noexcept {
    const long most = DAEMONIZE_SYSTEM(sysconf)(_SC_OPEN_MAX);
    return most > 0 && most <= (1 << 20) ? static_cast<int>(most) : 0;
}

#endif

// Closes the gaps between the kept ones; false where the kernel does not know how, or may not.
inline bool close_gaps(const KeptDescriptors& kept) noexcept {
    int first = STDERR_FILENO + 1;
    for (std::size_t i = 0; i <= kept.count; ++i) {
        const int last = i == kept.count ? INT_MAX : kept.numbers[i] - 1;
        if (first <= last && !close_range_of(static_cast<unsigned>(first), static_cast<unsigned>(last))) return false;
        if (i < kept.count) first = kept.numbers[i] + 1;
    }
    return true;
}

// Closes everything above 2 but the kept ones, by whatever this system allows. The time it takes depends on how many are
// open, never on RLIMIT_NOFILE.
inline StepError close_all_but(const KeptDescriptors& kept) noexcept {
    if (close_gaps(kept) || close_listed(kept)) return StepError();
    const int size = descriptor_table_size();
    for (int number = STDERR_FILENO + 1; number < size; ++number) {
        if (!kept.include(number)) static_cast<void>(DAEMONIZE_SYSTEM(close)(number));
    }
    return size != 0
               ? StepError()
               : step_error(Stage::descriptors, EPERM, "",
                            "close_range is refused, /proc/self/fd cannot be read, and their number cannot be found");
}

} // namespace detail
} // namespace daemonize

#endif
