// A descriptor that stands for a process, also when another one has got its number: pidfd_open(2).
// Uses descriptors; whatever has to do with other processes uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_PIDFD_HPP
#define DAEMONIZE_POSIX_SYSTEM_PIDFD_HPP

#include "descriptors.hpp"

#include <sys/types.h>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// The numbers are one on all architectures; headers older than the kernel lack the names.
constexpr long pidfd_open_number = 434;
constexpr long pidfd_send_signal_number = 424;

// Nothing, with errno, where the kernel has none, or a container's seccomp filter refuses it.
inline Descriptor open_pidfd(pid_t pid) noexcept {
    // The kernel sets close-on-exec itself.
    return above_standard(static_cast<int>(DAEMONIZE_SYSTEM(syscall)(pidfd_open_number, pid, 0u)));
}

inline int signal_pidfd(int process, int number) noexcept {
    return DAEMONIZE_SYSTEM(syscall)(pidfd_send_signal_number, process, number, nullptr, 0u) == 0 ? 0 : errno;
}

#else

inline Descriptor open_pidfd(pid_t) noexcept {
    errno = ENOSYS;
    return Descriptor();
}
inline int signal_pidfd(int, int) noexcept { return ENOSYS; }

#endif

} // namespace detail
} // namespace daemonize

#endif
