// Monitor and threads by pthreads, for TestThread and FakeScm on POSIX (internal). windows/system/thread.hpp has the
// same interface.
#ifndef DAEMONIZE_TESTING_POSIX_THREAD_HPP
#define DAEMONIZE_TESTING_POSIX_THREAD_HPP

#include <pthread.h>

namespace daemonize {
namespace detail {

// A lock with a condition.
class Monitor {
  public:
    Monitor() noexcept = default;
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    ~Monitor() {
        ::pthread_cond_destroy(&changed_);
        ::pthread_mutex_destroy(&lock_);
    }

    void lock() noexcept { ::pthread_mutex_lock(&lock_); }
    void unlock() noexcept { ::pthread_mutex_unlock(&lock_); }
    void wait() noexcept { ::pthread_cond_wait(&changed_, &lock_); }
    void notify_all() noexcept { ::pthread_cond_broadcast(&changed_); }

  private:
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant" // the initializer of glibc
    pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
#pragma GCC diagnostic pop
};

// The function that a thread runs, and its argument. The object must live until the thread has ended.
struct ThreadEntry {
    void (*run)(void*) = nullptr;
    void* argument = nullptr;
};

using ThreadHandle = pthread_t;

inline void* enter_thread(void* entry) noexcept {
    const auto& function = *static_cast<const ThreadEntry*>(entry);
    function.run(function.argument);
    return nullptr;
}

inline bool start_thread(ThreadEntry& entry, ThreadHandle& thread) noexcept {
    return ::pthread_create(&thread, nullptr, &enter_thread, &entry) == 0;
}

inline bool join_thread(ThreadHandle thread) noexcept { return ::pthread_join(thread, nullptr) == 0; }

} // namespace detail
} // namespace daemonize

#endif
