// The skip of a test, by name and with a reason. Without Catch2, so that every program of the tests can use it.
#ifndef DAEMONIZE_TESTS_SUPPORT_SKIP_HPP
#define DAEMONIZE_TESTS_SUPPORT_SKIP_HPP

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace test {

/// Whether a test fails if a program or a library is not installed. A test that needs an ability is skipped there too.
inline bool needs_all_packages() {
    const char* value = std::getenv("DAEMONIZE_NO_SKIP");
    return value != nullptr && *value != '\0';
}

/// Prints the line that marks the test as skipped for ctest, even if another check has failed.
inline void print_skip(const std::string& reason) {
    std::printf("SKIPPED: %s\n", reason.c_str());
    std::fflush(stdout); // otherwise a forked child writes the line again
}

/// Prints the line that says which part of a check the machine cannot run. The rest of the check goes on.
inline void print_left_out(const std::string& ability) {
    std::printf("LEFT OUT: this machine cannot %s\n", ability.c_str());
    std::fflush(stdout);
}

/// `ability`: a verb and its object, with the error of the system call. No package provides the ability.
inline void print_unable(const std::string& ability) { print_skip("this machine cannot " + ability); }

/// Ends a test from within a fixture.
class Unable : public std::runtime_error {
  public:
    explicit Unable(const std::string& ability) : std::runtime_error("this machine cannot " + ability) {
        print_unable(ability);
    }
};

} // namespace test

#endif
