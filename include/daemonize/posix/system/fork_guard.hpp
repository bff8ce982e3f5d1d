// Descriptors that belong to one process alone: a worker that it forks must not keep its lock, nor its launcher waiting.
// Uses descriptors; the pid file and the daemon use it.
#ifndef DAEMONIZE_POSIX_SYSTEM_FORK_GUARD_HPP
#define DAEMONIZE_POSIX_SYSTEM_FORK_GUARD_HPP

#include "descriptors.hpp"

#include <pthread.h>

namespace daemonize {
namespace detail {

// A descriptor that fork(2) hands to no child. Close-on-exec does the same for programs that are started.
class ForkGuard {
  public:
    ForkGuard() noexcept = default;
    ForkGuard(const ForkGuard&) = delete;
    ForkGuard& operator=(const ForkGuard&) = delete;
    ~ForkGuard() { reset(); }

    // Registers the fork handler. Allocates, so before any fork; once a process is enough. Returns an errno.
    static int prepare() noexcept {
        static const int error = DAEMONIZE_SYSTEM(pthread_atfork)(nullptr, nullptr, close_in_child);
        return error;
    }

    // All that this process holds; in a forked child there are none.
    template <class Visitor>
    static void visit(Visitor visitor) {
        for (const ForkGuard* guard = first(); guard != nullptr; guard = guard->next_) visitor(guard->get());
    }

    int get() const noexcept { return descriptor_.get(); }
    explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }

    void hold(Descriptor descriptor) noexcept {
        reset();
        descriptor_ = std::move(descriptor);
        next_ = first();
        first() = this;
    }

    void reset() noexcept {
        for (ForkGuard** at = &first(); *at != nullptr; at = &(*at)->next_) {
            if (*at != this) continue;
            *at = next_;
            break;
        }
        descriptor_.reset();
    }

  private:
    static ForkGuard*& first() noexcept {
        static ForkGuard* list = nullptr;
        return list;
    }

    static void close_in_child() noexcept {
        for (ForkGuard* guard = first(); guard != nullptr; guard = guard->next_) guard->descriptor_.reset();
        first() = nullptr;
    }

    Descriptor descriptor_;
    ForkGuard* next_ = nullptr;
};

} // namespace detail
} // namespace daemonize

#endif
