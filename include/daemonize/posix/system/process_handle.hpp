// ProcessHandle: a process that cannot be taken for another one, which got its number after its death.
// Uses clock and pidfd; Instance uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_PROCESS_HANDLE_HPP
#define DAEMONIZE_POSIX_SYSTEM_PROCESS_HANDLE_HPP

#include "clock.hpp"
#include "pidfd.hpp"

#include <csignal>
#include <poll.h>
#include <sys/types.h>

namespace daemonize {
namespace detail {

// By a pidfd where the kernel has them and lets us; else by the number, and then whoever uses this asks anew, as late as
// it can, whether the number is still the right one's.
class ProcessHandle {
  public:
    ProcessHandle() noexcept = default;
    explicit ProcessHandle(pid_t pid) noexcept : pid_(pid), descriptor_(open_pidfd(pid)) {
        gone_ = !descriptor_ && errno == ESRCH;
    }

    // Sends it a signal; an errno.
    int signal(int number) const noexcept {
        if (gone_) return ESRCH;
        if (descriptor_) return signal_pidfd(descriptor_.get(), number);
        return DAEMONIZE_SYSTEM(kill)(pid_, number) == 0 ? 0 : errno;
    }

    // Waits for its end, or until `deadline`, or without a pidfd for some milliseconds: then whether it lives is to be
    // asked anew. True where it has ended for certain.
    bool wait(Duration deadline) const noexcept {
        struct pollfd watched = {descriptor_.get(), POLLIN, 0};
        if (descriptor_) {
            return retry([&] { return DAEMONIZE_SYSTEM(poll)(&watched, 1, poll_time(deadline)); }) == 1;
        }
        const int time = poll_time(deadline);
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, time < 10 ? time : 10)); // to be cut short does no harm
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
