// WaitSet: the one descriptor that stands for a WakeUp and, where the kernel has descriptors for processes, for children
// that end. Uses pidfd; Events uses it.
#ifndef DAEMONIZE_POSIX_EVENTS_POLLER_HPP
#define DAEMONIZE_POSIX_EVENTS_POLLER_HPP

#include "../../core/list.hpp"
#include "../system/process_handle.hpp"

#if DAEMONIZE_ON_LINUX()
#include <sys/epoll.h>
#endif

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

class WaitSet {
  public:
    StepError open(int wake_up) noexcept {
        set_ = above_standard(DAEMONIZE_SYSTEM(epoll_create1)(EPOLL_CLOEXEC));
        return set_ && add(wake_up, 0) ? StepError() : step_error(Stage::events, errno);
    }

    int descriptor() const noexcept { return set_.get(); }

    // A descriptor that tells of this child's end, in the set; none where the kernel has no such thing, or a container's
    // seccomp filter refuses it.
    Descriptor watch(pid_t child) const noexcept {
        Descriptor process = open_pidfd(child);
        if (process && !add(process.get(), child)) process.reset();
        return process;
    }

    // Closing alone would not do where a child that was made past fork(2) has a copy. That there is none does no harm.
    void forget(Descriptor process) const noexcept {
        static_cast<void>(DAEMONIZE_SYSTEM(epoll_ctl)(set_.get(), EPOLL_CTL_DEL, process.get(), nullptr));
    }

    // Calls visitor(pid) for each child that has ended, of at most `count` that are watched.
    template <class Visitor>
    void visit_ended(std::size_t count, Visitor visitor) const {
        List<struct epoll_event> ready;
        ready.resize(count + 1);
        const int most = static_cast<int>(ready.size());
        const int found = retry([&] { return DAEMONIZE_SYSTEM(epoll_wait)(set_.get(), ready.data(), most, 0); });
        for (int i = 0; i < found; ++i) {
            const pid_t child = ready[static_cast<std::size_t>(i)].data.fd;
            if (child != 0) visitor(child);
        }
    }

    void close() noexcept { set_.reset(); }

  private:
    bool add(int number, pid_t child) const noexcept {
        struct epoll_event event = {};
        event.events = EPOLLIN;
        event.data.fd = child;
        return DAEMONIZE_SYSTEM(epoll_ctl)(set_.get(), EPOLL_CTL_ADD, number, &event) == 0;
    }

    Descriptor set_;
};

#else

class WaitSet {
  public:
    StepError open(int wake_up) noexcept {
        wake_up_ = wake_up;
        return StepError();
    }
    int descriptor() const noexcept { return wake_up_; }
    Descriptor watch(pid_t) const noexcept { return Descriptor(); }
    void forget(Descriptor) const noexcept {}
    template <class Visitor>
    void visit_ended(std::size_t, Visitor) const {}
    void close() noexcept { wake_up_ = -1; }

  private:
    int wake_up_ = -1;
};

#endif

} // namespace detail
} // namespace daemonize

#endif
