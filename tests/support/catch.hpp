// Includes Catch2 in version 2 or 3, and skips a test case by name and with a reason: support/abilities.hpp has the
// abilities that a test can need.
#ifndef DAEMONIZE_TESTS_SUPPORT_CATCH_HPP
#define DAEMONIZE_TESTS_SUPPORT_CATCH_HPP

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include "support/skip.hpp"

/// Ends the test case as skipped: the machine or the user lacks `ability`. Must come before the first check of the test
/// case.
#define SKIP_UNABLE(ability)                                                                                           \
    do {                                                                                                               \
        test::print_unable(ability);                                                                                   \
        return;                                                                                                        \
    } while (false)

/// The same for what a package provides. With DAEMONIZE_NO_SKIP the test case fails.
#define SKIP_MISSING(name)                                                                                             \
    do {                                                                                                               \
        const std::string reason = std::string(name) + " is not installed";                                            \
        if (test::needs_all_packages()) FAIL("cannot be skipped here: " << reason);                                    \
        test::print_skip(reason);                                                                                      \
        return;                                                                                                        \
    } while (false)

/// Ends the test case as skipped if test::`ability` names something that the machine or the user cannot do.
#define NEEDS(ability)                                                                                                 \
    do {                                                                                                               \
        const std::string unable = test::ability;                                                                      \
        if (!unable.empty()) SKIP_UNABLE(unable);                                                                      \
    } while (false)

#endif
