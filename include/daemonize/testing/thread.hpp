// A thread and a lock with a condition, of the platform's own: <thread> is slow to compile, and some compilers for
// Windows have none. Uses the platform alone; FakeScm uses it.
#ifndef DAEMONIZE_TESTING_THREAD_HPP
#define DAEMONIZE_TESTING_THREAD_HPP

#include "../core/config.hpp"

#include <cstdlib>

#if DAEMONIZE_ON_WINDOWS()
#include "../windows/system/windows_header.hpp"
#else
#include <pthread.h>
#endif

namespace daemonize {
namespace detail {

// What a thread runs.
struct ThreadEntry {
    void (*run)(void*) = nullptr;
    void* argument = nullptr;
};

#if DAEMONIZE_ON_WINDOWS()

class TestMonitor {
  public:
    TestMonitor() noexcept = default;
    TestMonitor(const TestMonitor&) = delete;
    TestMonitor& operator=(const TestMonitor&) = delete;

    void lock() noexcept { ::AcquireSRWLockExclusive(&lock_); }
    void unlock() noexcept { ::ReleaseSRWLockExclusive(&lock_); }
    void wait() noexcept { ::SleepConditionVariableSRW(&changed_, &lock_, INFINITE, 0); }
    void notify_all() noexcept { ::WakeAllConditionVariable(&changed_); }

  private:
    SRWLOCK lock_ = SRWLOCK_INIT;
    CONDITION_VARIABLE changed_ = CONDITION_VARIABLE_INIT;
};

using ThreadHandle = HANDLE;

inline DWORD WINAPI enter_thread(void* entry) noexcept {
    static_cast<const ThreadEntry*>(entry)->run(static_cast<const ThreadEntry*>(entry)->argument);
    return 0;
}
inline bool begin_thread(ThreadHandle& thread, ThreadEntry& entry) noexcept {
    thread = ::CreateThread(nullptr, 0, &enter_thread, &entry, 0, nullptr);
    return thread != nullptr;
}
inline bool join_thread(ThreadHandle thread) noexcept {
    return ::WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && ::CloseHandle(thread) != FALSE;
}

#else

class TestMonitor {
  public:
    TestMonitor() noexcept = default;
    TestMonitor(const TestMonitor&) = delete;
    TestMonitor& operator=(const TestMonitor&) = delete;
    ~TestMonitor() {
        ::pthread_cond_destroy(&changed_);
        ::pthread_mutex_destroy(&lock_);
    }

    void lock() noexcept { ::pthread_mutex_lock(&lock_); }
    void unlock() noexcept { ::pthread_mutex_unlock(&lock_); }
    void wait() noexcept { ::pthread_cond_wait(&changed_, &lock_); }
    void notify_all() noexcept { ::pthread_cond_broadcast(&changed_); }

  private:
    pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
};

using ThreadHandle = pthread_t;

inline void* enter_thread(void* entry) noexcept {
    static_cast<const ThreadEntry*>(entry)->run(static_cast<const ThreadEntry*>(entry)->argument);
    return nullptr;
}
inline bool begin_thread(ThreadHandle& thread, ThreadEntry& entry) noexcept {
    return ::pthread_create(&thread, nullptr, &enter_thread, &entry) == 0;
}
inline bool join_thread(ThreadHandle thread) noexcept { return ::pthread_join(thread, nullptr) == 0; }

#endif

class TestThread {
  public:
    TestThread() noexcept = default;
    TestThread(const TestThread&) = delete;
    TestThread& operator=(const TestThread&) = delete;
    ~TestThread() { join(); }

    void start(void (*run)(void*), void* argument) noexcept {
        entry_ = {run, argument};
        running_ = begin_thread(thread_, entry_);
        if (!running_) std::abort(); // a test cannot go on, and has nobody to tell
    }
    void join() noexcept {
        if (running_ && !join_thread(thread_)) std::abort();
        running_ = false;
    }

  private:
    ThreadEntry entry_;
    ThreadHandle thread_ = {};
    bool running_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
