// Makes calls of operator new fail, in this process or in its forked children. A test that uses this header is named
// *.memory.cpp: its program has support/short_memory.cpp, which replaces operator new.
#ifndef DAEMONIZE_TESTS_SUPPORT_SHORT_MEMORY_HPP
#define DAEMONIZE_TESTS_SUPPORT_SHORT_MEMORY_HPP

namespace test {

/// The call that fails. Each process counts its calls from begin() to end().
struct ShortMemory {
    bool in_child = false; // in the forked children of this process; else in this process
    long number = 0;       // of the call, from 1 on; 0: no call
    bool lasts = false;    // every later call of that process fails too

    /// Begins to count. Allocates nothing.
    void begin() const noexcept;

    /// Ends the counting, in this process and in its future children.
    static void end() noexcept;

    /// Whether a call has failed since begin(), in any of the processes.
    static bool has_failed() noexcept;
};

} // namespace test

#endif
