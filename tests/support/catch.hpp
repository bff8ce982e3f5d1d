// Includes Catch2 in version 2 or 3, and skips a test by name and with a reason. With DAEMONIZE_NO_SKIP a skipped test
// is a failure.
#ifndef DAEMONIZE_TESTS_SUPPORT_CATCH_HPP
#define DAEMONIZE_TESTS_SUPPORT_CATCH_HPP

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

inline bool skips_are_failures() {
    const char* value = std::getenv("DAEMONIZE_NO_SKIP");
    return value != nullptr && *value != '\0';
}

inline void print_skip(const std::string& reason) {
    std::printf("SKIPPED: %s\n", reason.c_str());
    std::fflush(stdout); // otherwise a forked child writes the line again
}

/// Ends the test case as skipped. Must be the first statement of the test case: ctest reads the printed line, even if
/// another check has failed.
#define SKIP_TEST(reason)                                                                                              \
    do {                                                                                                               \
        if (skips_are_failures()) FAIL("cannot be skipped here: " << (reason));                                        \
        print_skip(reason);                                                                                            \
        return;                                                                                                        \
    } while (false)

#define NEEDS_ROOT()                                                                                                   \
    do {                                                                                                               \
        if (::geteuid() != 0) SKIP_TEST("needs root");                                                                 \
    } while (false)

#endif
