// Poller: one descriptor that is readable when the wake pipe is readable or a watched child has ended (internal).
#ifndef DAEMONIZE_POSIX_EVENTS_POLLER_HPP
#define DAEMONIZE_POSIX_EVENTS_POLLER_HPP

#include "../../core/list.hpp"
#include "../system/process_handle.hpp"

#include <poll.h>

#if DAEMONIZE_ON_LINUX()
#include <sys/epoll.h>
#endif

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// An epoll(7) instance that holds the wake pipe and a pidfd for each watched child.
class Poller {
  public:
    StepError open(int wake_pipe) noexcept {
        epoll_ = above_standard(DAEMONIZE_SYSTEM(epoll_create1)(EPOLL_CLOEXEC));
        return epoll_ && add(wake_pipe, 0) ? StepError() : step_error(Stage::events, errno);
    }

    int descriptor() const noexcept { return epoll_.get(); }

    // Returns the pidfd of the child. The result is empty if pidfd_open(2) fails: on Linux before 5.3, or under a
    // container's seccomp filter.
    Descriptor watch(pid_t child) const noexcept {
        Descriptor pidfd = open_pidfd(child);
        if (pidfd && !add(pidfd.get(), child)) pidfd.reset();
        return pidfd;
    }

    // close(2) alone does not remove a pidfd from the epoll instance while another process, such as a child made by
    // clone(2), holds a copy of the pidfd. EPOLL_CTL_DEL on an empty Descriptor fails and does no harm.
    void forget(Descriptor pidfd) const noexcept {
        static_cast<void>(DAEMONIZE_SYSTEM(epoll_ctl)(epoll_.get(), EPOLL_CTL_DEL, pidfd.get(), nullptr));
    }

    // Allocates the memory that visit_ended() needs for `count` watched children.
    void reserve(std::size_t count) {
        if (ready_.size() < count + 1) ready_.resize(count + 1);
    }

    // Calls visitor(pid) for each watched child that has ended. Allocates nothing: a poll must not lose an event.
    template <class Visitor>
    void visit_ended(Visitor visitor) noexcept {
        const int most = static_cast<int>(ready_.size());
        const int found = retry([&] { return DAEMONIZE_SYSTEM(epoll_wait)(epoll_.get(), ready_.data(), most, 0); });
        for (int i = 0; i < found; ++i) {
            const pid_t child = ready_[static_cast<std::size_t>(i)].data.fd;
            if (child != 0) visitor(child);
        }
    }

    void close() noexcept { epoll_.reset(); }

  private:
    bool add(int number, pid_t child) const noexcept {
        struct epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = child;
        return DAEMONIZE_SYSTEM(epoll_ctl)(epoll_.get(), EPOLL_CTL_ADD, number, &event) == 0;
    }

    Descriptor epoll_;
    List<struct epoll_event> ready_;
};

#else

// Systems without pidfds report the end of a child by SIGCHLD. The wake pipe is the only descriptor.
class Poller {
  public:
    StepError open(int wake_pipe) noexcept {
        wake_pipe_ = wake_pipe;
        return StepError();
    }
    int descriptor() const noexcept { return wake_pipe_; }
    Descriptor watch(pid_t) const noexcept { return Descriptor(); }
    void forget(Descriptor) const noexcept {}
    void reserve(std::size_t) noexcept {}
    template <class Visitor>
    void visit_ended(Visitor) noexcept {}
    void close() noexcept { wake_pipe_ = -1; }

  private:
    int wake_pipe_ = -1;
};

#endif

// Waits until the descriptor is readable, a signal came, or `rest` has passed. Without a descriptor, and if
// RLIMIT_NOFILE is 0 and poll(2) fails with EINVAL, the function sleeps for a short time: the caller calls again.
inline void wait_readable(int descriptor, Duration rest) noexcept {
    const int time = rest == Duration::longest() ? -1 : poll_time(monotonic_now() + rest);
    struct pollfd watched = {descriptor, POLLIN, 0};
    const bool can_wait = descriptor >= 0;
    if (can_wait && (DAEMONIZE_SYSTEM(poll)(&watched, 1, time) != -1 || errno == EINTR)) return;
    const int most = can_wait ? 10 : 100;
    static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, time >= 0 && time < most ? time : most));
}

} // namespace detail
} // namespace daemonize

#endif
