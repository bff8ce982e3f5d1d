// Pidfds and ProcessHandle: a process that is never taken for a later process with the same number (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_PROCESS_HANDLE_HPP
#define DAEMONIZE_POSIX_SYSTEM_PROCESS_HANDLE_HPP

#include "clock.hpp"
#include "descriptor.hpp"

#include <csignal>
#include <poll.h>
#include <sys/types.h>

#if DAEMONIZE_ON_LINUX()
#include <sys/syscall.h>
#endif

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// Each number is the same on all architectures. Headers older than Linux 5.3 lack the names.
constexpr long pidfd_open_number = 434;
constexpr long pidfd_send_signal_number = 424;

// pidfd_open(2). The kernel sets close-on-exec. On failure the result is empty and errno is set: ENOSYS on Linux before
// 5.3, EPERM under a container's seccomp filter.
inline Descriptor open_pidfd(pid_t pid) noexcept {
    return above_standard(static_cast<int>(DAEMONIZE_SYSTEM(syscall)(pidfd_open_number, pid, 0u)));
}

// Returns an errno value, or 0.
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

// Refers to a process by a pidfd, or by the process number if pidfd_open(2) fails. Without a pidfd, the caller checks
// as late as possible that the number still belongs to that process.
class ProcessHandle {
  public:
    ProcessHandle() noexcept = default;
    explicit ProcessHandle(pid_t pid) noexcept : pid_(pid), descriptor_(open_pidfd(pid)) {
        gone_ = !descriptor_ && errno == ESRCH;
    }

    // Sends a signal. Returns an errno value, or 0.
    int signal(int number) const noexcept {
        if (gone_) return ESRCH;
        if (descriptor_) return signal_pidfd(descriptor_.get(), number);
        return DAEMONIZE_SYSTEM(kill)(pid_, number) == 0 ? 0 : errno;
    }

    // Returns true when the process has ended. With a pidfd, false means that `deadline` passed. Without a pidfd,
    // wait() returns false within 10 ms, and the caller queries the locks again.
    bool wait(Duration deadline) const noexcept {
        struct pollfd watched = {descriptor_.get(), POLLIN, 0};
        if (descriptor_) {
            return retry([&] { return DAEMONIZE_SYSTEM(poll)(&watched, 1, poll_time(deadline)); }) == 1;
        }
        const int time = poll_time(deadline);
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, time < 10 ? time : 10)); // EINTR does no harm
        return false;
    }

  private:
    pid_t pid_ = 0;
    Descriptor descriptor_;
    bool gone_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
