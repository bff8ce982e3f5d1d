// Monitor and threads by the functions of Windows (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_THREAD_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_THREAD_HPP

#include "../../core/config.hpp"
#include "windows_header.hpp"

namespace daemonize {
namespace detail {

// A lock with a condition.
class Monitor {
  public:
    Monitor() noexcept = default;
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    void lock() noexcept { DAEMONIZE_SYSTEM(AcquireSRWLockExclusive)(&lock_); }
    void unlock() noexcept { DAEMONIZE_SYSTEM(ReleaseSRWLockExclusive)(&lock_); }
    void notify_all() noexcept { DAEMONIZE_SYSTEM(WakeAllConditionVariable)(&changed_); }

    // The function also returns early: the caller checks its condition again.
    void wait(DWORD milliseconds = INFINITE) noexcept {
        static_cast<void>(DAEMONIZE_SYSTEM(SleepConditionVariableSRW)(&changed_, &lock_, milliseconds, 0));
    }

  private:
    SRWLOCK lock_{};               // SRWLOCK_INIT
    CONDITION_VARIABLE changed_{}; // CONDITION_VARIABLE_INIT
};

// The function that a thread runs, and its argument. The object must live until the thread has ended.
struct ThreadEntry {
    void (*run)(void*) = nullptr;
    void* argument = nullptr;
};

using ThreadHandle = HANDLE;

inline DWORD WINAPI enter_thread(void* entry) noexcept {
    const auto& function = *static_cast<const ThreadEntry*>(entry);
    function.run(function.argument);
    return 0;
}

// False if Windows cannot create the thread: GetLastError().
inline bool start_thread(ThreadEntry& entry, ThreadHandle& thread) noexcept {
    thread = DAEMONIZE_SYSTEM(CreateThread)(nullptr, 0, &enter_thread, &entry, 0, nullptr);
    return thread != nullptr;
}

inline bool join_thread(ThreadHandle thread) noexcept {
    return DAEMONIZE_SYSTEM(WaitForSingleObject)(thread, INFINITE) == WAIT_OBJECT_0 &&
           DAEMONIZE_SYSTEM(CloseHandle)(thread) != FALSE;
}

} // namespace detail
} // namespace daemonize

#endif
