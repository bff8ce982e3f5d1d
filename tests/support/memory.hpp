// The memory that this process uses, by the C library and by the kernel.
#ifndef DAEMONIZE_TESTS_SUPPORT_MEMORY_HPP
#define DAEMONIZE_TESTS_SUPPORT_MEMORY_HPP

#include "support/process.hpp"

#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace test {

/// The allocated bytes of the process; 0 if the C library does not report them.
inline std::size_t allocated() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    return ::mallinfo2().uordblks;
#else
    return 0;
#endif
}

/// The resident memory of the process, in KiB.
inline long resident() { return std::atol(process_status("VmRSS").c_str()); }

} // namespace test

#endif
