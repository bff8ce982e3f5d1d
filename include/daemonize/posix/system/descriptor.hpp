// Descriptor: owns one file descriptor; opening, duplicating and comparing descriptors (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_DESCRIPTOR_HPP
#define DAEMONIZE_POSIX_SYSTEM_DESCRIPTOR_HPP

#include "step_error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace daemonize {
namespace detail {

// Owns a descriptor, and closes it.
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

    // Ignores a failed close(2): the library leaves nothing unwritten, and the kernel frees the number even on failure.
    // errno stays as it was.
    void reset(int number = -1) noexcept {
        const int error = errno;
        if (number_ >= 0) static_cast<void>(DAEMONIZE_SYSTEM(close)(number_));
        errno = error;
        number_ = number;
    }

  private:
    int number_ = -1;
};

// Returns a second descriptor of the same file, above 2 and close-on-exec. On failure the result is empty and errno is
// set.
inline Descriptor duplicate(int number) noexcept {
    return Descriptor(retry([&] { return DAEMONIZE_SYSTEM(fcntl)(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }));
}

// Takes over a descriptor and moves it above 2. A program that starts with a standard stream closed gets a number from
// 0 to 2 from open(2), and would take the library's file for that stream. On failure the result is empty, errno is set,
// and the descriptor is closed.
inline Descriptor above_standard(int number) noexcept {
    Descriptor given(number);
    if (number < 0 || number > STDERR_FILENO) return given;
    return duplicate(number);
}

// Opens a file, close-on-exec. On failure the result is empty and errno is set.
inline Descriptor open_file(const char* path, int flags, mode_t mode = 0) noexcept {
    return Descriptor(retry([&] { return DAEMONIZE_SYSTEM(open)(path, flags | O_CLOEXEC, mode); }));
}

// Opens a file above 2, for a descriptor that stays open.
inline Descriptor open_above(const char* path, int flags, mode_t mode = 0) noexcept {
    return above_standard(open_file(path, flags, mode).release());
}

inline bool is_open(int number) noexcept { return DAEMONIZE_SYSTEM(fcntl)(number, F_GETFD) != -1; }

inline bool is_same_file(const struct stat& a, const struct stat& b) noexcept {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether the descriptor refers to that file.
inline bool refers_to(int number, const struct stat& file) noexcept {
    struct stat status;
    return DAEMONIZE_SYSTEM(fstat)(number, &status) == 0 && is_same_file(status, file);
}

// Whether the path leads to that file, without following a link.
inline bool leads_to(const char* path, const struct stat& file) noexcept {
    struct stat status;
    return DAEMONIZE_SYSTEM(lstat)(path, &status) == 0 && is_same_file(status, file);
}

} // namespace detail
} // namespace daemonize

#endif
