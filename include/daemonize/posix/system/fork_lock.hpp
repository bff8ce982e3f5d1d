// ForkLock: while one is held no other thread of this process forks, so that a forked child finds whole what it has to
// take apart. Uses fault; Events uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_FORK_LOCK_HPP
#define DAEMONIZE_POSIX_SYSTEM_FORK_LOCK_HPP

#include "step_error.hpp"

#include <pthread.h>

namespace daemonize {
namespace detail {

class ForkLock {
  public:
    ForkLock() noexcept { lock(); }
    ForkLock(const ForkLock&) = delete;
    ForkLock& operator=(const ForkLock&) = delete;
    ~ForkLock() { unlock(); }

    // Has fork(2) take the lock, and call `in_child` in each child. Allocates; once a process is enough. Returns an errno.
    template <void (*in_child)() noexcept>
    static int prepare() noexcept {
        static const int error = DAEMONIZE_SYSTEM(pthread_atfork)(
            lock, unlock, +[] {
                in_child();
                unlock();
            });
        return error;
    }

  private:
    // Neither can fail: an ordinary mutex, taken and left by the same thread.
    static void lock() noexcept { static_cast<void>(::pthread_mutex_lock(&mutex_)); }
    static void unlock() noexcept { static_cast<void>(::pthread_mutex_unlock(&mutex_)); }

    static inline pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

} // namespace detail
} // namespace daemonize

#endif
