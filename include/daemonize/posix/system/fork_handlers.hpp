// ForkGuard and ForkLock: handlers of pthread_atfork(3) for descriptors and for shared state (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_FORK_HANDLERS_HPP
#define DAEMONIZE_POSIX_SYSTEM_FORK_HANDLERS_HPP

#include "descriptor.hpp"

#include <pthread.h>

namespace daemonize {
namespace detail {

// Owns a descriptor that the fork handler closes in each child: a worker must not keep the pid file's lock, and must
// not keep the launcher waiting. Close-on-exec closes the descriptor in programs that this process starts.
class ForkGuard {
  public:
    ForkGuard() noexcept = default;
    ForkGuard(const ForkGuard&) = delete;
    ForkGuard& operator=(const ForkGuard&) = delete;
    ~ForkGuard() { reset(); }

    // Registers the fork handler, once for the process. Must be called before any fork, because pthread_atfork(3)
    // allocates. Returns an errno value, or 0.
    DAEMONIZE_SHARED static int prepare() noexcept {
        static const int error = DAEMONIZE_SYSTEM(pthread_atfork)(nullptr, nullptr, close_in_child);
        return error;
    }

    // Visits each descriptor that this process guards. A forked child guards no descriptor.
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
        place_ = &first();
        if (next_ != nullptr) next_->place_ = &next_;
        first() = this;
    }

    // Does not use the head of the list: the guard may be on the list of another copy of the library.
    void reset() noexcept {
        if (place_ != nullptr) {
            *place_ = next_;
            if (next_ != nullptr) next_->place_ = place_;
            place_ = nullptr;
        }
        descriptor_.reset();
    }

  private:
    DAEMONIZE_SHARED static ForkGuard*& first() noexcept {
        static ForkGuard* list = nullptr;
        return list;
    }

    static void close_in_child() noexcept {
        while (first() != nullptr) first()->reset();
    }

    Descriptor descriptor_;
    ForkGuard* next_ = nullptr;
    ForkGuard** place_ = nullptr; // the pointer of the list to this guard
};

// Blocks fork(2) in every other thread of this process during its lifetime, so that a child finds no half-changed
// state.
class ForkLock {
  public:
    ForkLock() noexcept { lock(); }
    ForkLock(const ForkLock&) = delete;
    ForkLock& operator=(const ForkLock&) = delete;
    ~ForkLock() { unlock(); }

    // Makes fork(2) take the lock, and call `in_child` in each child; registers once for the process. pthread_atfork(3)
    // allocates. Returns an errno value, or 0.
    template <void (*in_child)() noexcept>
    static int prepare() noexcept {
        const ForkLock held;
        if (state_.is_registered) return 0;
        const int error = DAEMONIZE_SYSTEM(pthread_atfork)(
            lock, unlock, +[] {
                in_child();
                unlock();
            });
        state_.is_registered = error == 0;
        return error;
    }

  private:
    // Both calls succeed: the mutex has the default type, and the thread that locks the mutex unlocks it.
    static void lock() noexcept { static_cast<void>(::pthread_mutex_lock(&state_.mutex)); }
    static void unlock() noexcept { static_cast<void>(::pthread_mutex_unlock(&state_.mutex)); }

    // The state is one symbol: a handler that is registered twice for one mutex would wait for itself.
    struct State {
        pthread_mutex_t mutex;
        bool is_registered;
    };
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant" // the initializer of glibc
    DAEMONIZE_SHARED static inline State state_ = {PTHREAD_MUTEX_INITIALIZER, false};
#pragma GCC diagnostic pop
};

} // namespace detail
} // namespace daemonize

#endif
