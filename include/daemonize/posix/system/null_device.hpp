// open_null_device(): opens /dev/null (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_NULL_DEVICE_HPP
#define DAEMONIZE_POSIX_SYSTEM_NULL_DEVICE_HPP

#include "descriptor.hpp"

#if DAEMONIZE_ON_LINUX()
#include <sys/sysmacros.h>
#endif

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()
inline bool is_null_device(const struct stat& status) noexcept {
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}
#else
inline bool is_null_device(const struct stat& status) noexcept { return S_ISCHR(status.st_mode); }
#endif

// Opens /dev/null above 2. A regular file at that path is refused: the file would grow, and standard input would read
// the file.
inline StepError open_null_device(Descriptor& null) noexcept {
    constexpr const char* path = "/dev/null";
    null = open_above(path, O_RDWR | O_NOCTTY);
    struct stat status;
    if (!null || DAEMONIZE_SYSTEM(fstat)(null.get(), &status) != 0) return step_error(Stage::null_device, errno, path);
    return is_null_device(status) ? StepError()
                                  : step_error(Stage::null_device, ENODEV, path, "it is not the null device");
}

} // namespace detail
} // namespace daemonize

#endif
