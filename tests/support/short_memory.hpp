// Makes calls of operator new fail, in this process or in its forked children. A test that uses this header is named
// *.memory.cpp: its program has support/short_memory.cpp, which replaces operator new.
#ifndef DAEMONIZE_TESTS_SUPPORT_SHORT_MEMORY_HPP
#define DAEMONIZE_TESTS_SUPPORT_SHORT_MEMORY_HPP

namespace test {

/// Which call fails. Calls are counted from begin() to end(), in each process for itself.
struct ShortMemory {
    bool in_child = false; // in the processes that this one forks; else in this one
    long number = 0;       // of the call, from 1 on; 0: none
    bool lasts = false;    // every later call of that process fails too

    /// Begins to count. Allocates nothing.
    void begin() const noexcept;

    /// Ends the counting, in this process and in those that it forks from now on.
    static void end() noexcept;

    /// Whether a call has failed since begin(), in any of the processes.
    static bool has_failed() noexcept;
};

} // namespace test

#endif
