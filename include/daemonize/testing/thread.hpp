// A thread and a lock with a condition, of the platform's own: <thread> is slow to compile, and some compilers for
// Windows have none. Uses the platform alone; FakeScm uses it.
#ifndef DAEMONIZE_TESTING_THREAD_HPP
#define DAEMONIZE_TESTING_THREAD_HPP

#include "../core/platform.hpp"

#include <cstdlib>

#if DAEMONIZE_ON_WINDOWS()
#include "../windows/windows_header.hpp"
#else
#include <pthread.h>
#endif

namespace daemonize {
namespace detail {

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

class TestThread {
  public:
    TestThread() noexcept = default;
    TestThread(const TestThread&) = delete;
    TestThread& operator=(const TestThread&) = delete;
    ~TestThread() { join(); }

    void start(void (*run)(void*), void* argument) noexcept {
        run_ = run;
        argument_ = argument;
        thread_ = ::CreateThread(nullptr, 0, &TestThread::enter, this, 0, nullptr);
        if (thread_ == nullptr) std::abort();
    }
    void join() noexcept {
        if (thread_ == nullptr) return;
        ::WaitForSingleObject(thread_, INFINITE);
        ::CloseHandle(thread_);
        thread_ = nullptr;
    }

  private:
    static DWORD WINAPI enter(void* self) {
        static_cast<TestThread*>(self)->run_(static_cast<TestThread*>(self)->argument_);
        return 0;
    }

    void (*run_)(void*) = nullptr;
    void* argument_ = nullptr;
    HANDLE thread_ = nullptr;
};

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

class TestThread {
  public:
    TestThread() noexcept = default;
    TestThread(const TestThread&) = delete;
    TestThread& operator=(const TestThread&) = delete;
    ~TestThread() { join(); }

    void start(void (*run)(void*), void* argument) noexcept {
        run_ = run;
        argument_ = argument;
        running_ = ::pthread_create(&thread_, nullptr, &TestThread::enter, this) == 0;
        if (!running_) std::abort();
    }
    void join() noexcept {
        if (running_) ::pthread_join(thread_, nullptr);
        running_ = false;
    }

  private:
    static void* enter(void* self) {
        static_cast<TestThread*>(self)->run_(static_cast<TestThread*>(self)->argument_);
        return nullptr;
    }

    void (*run_)(void*) = nullptr;
    void* argument_ = nullptr;
    pthread_t thread_ = {};
    bool running_ = false;
};

#endif

} // namespace detail
} // namespace daemonize

#endif
