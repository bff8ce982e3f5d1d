// TestThread: a thread of the platform for FakeScm (internal). <thread> compiles slowly, and some compilers for Windows
// lack it.
#ifndef DAEMONIZE_TESTING_THREAD_HPP
#define DAEMONIZE_TESTING_THREAD_HPP

#include "../core/config.hpp"

#if DAEMONIZE_ON_WINDOWS()
#include "../windows/system/thread.hpp"
#else
#include "posix_thread.hpp"
#endif

#include <cstdlib>

namespace daemonize {
namespace detail {

class TestThread {
  public:
    TestThread() noexcept = default;
    TestThread(const TestThread&) = delete;
    TestThread& operator=(const TestThread&) = delete;
    ~TestThread() { join(); }

    void start(void (*run)(void*), void* argument) noexcept {
        entry_ = {run, argument};
        running_ = start_thread(entry_, thread_);
        if (!running_) std::abort(); // a test cannot continue without the thread
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
