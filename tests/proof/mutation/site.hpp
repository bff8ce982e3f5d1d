// Included ahead of every source of a mutated build: the test of a mutant in the copy of the library by mutants.py. All
// other code is unchanged.
#ifndef DAEMONIZE_TESTS_PROOF_MUTATION_SITE_HPP
#define DAEMONIZE_TESTS_PROOF_MUTATION_SITE_HPP

namespace mutation {

/// Notes that a test came by this mutant; true where it is the one that is to run. In board.cpp.
bool is_chosen(int number) noexcept;

inline bool on(int number) noexcept { return is_chosen(number); }

/// In functions that the compiler may call as well.
constexpr bool quietly_on(int number) noexcept { return !__builtin_is_constant_evaluated() && is_chosen(number); }

} // namespace mutation

// A system call that is left out is answered as success would.
#if defined(_WIN32)
#define MUTATED_SYSTEM(number, call)                                                                                   \
    ::mutation::mutated(                                                                                               \
        number, [](auto... arguments) { return DAEMONIZE_SYSTEM(call)(arguments...); },                                \
        [](auto... arguments) { return decltype(DAEMONIZE_SYSTEM(call)(arguments...))(1); })
#else
#include "skipped.hpp"
#define MUTATED_SYSTEM(number, call)                                                                                   \
    ::mutation::mutated(                                                                                               \
        number, [](auto... arguments) { return DAEMONIZE_SYSTEM(call)(arguments...); },                                \
        [](auto... arguments) { return ::mutation::skipped::call(arguments...); })
#endif

namespace mutation {

template <class Real, class Skipped>
struct Mutated {
    int number;
    Real real;
    Skipped skipped;

    template <class... Arguments>
    auto operator()(Arguments... arguments) const -> decltype(real(arguments...)) {
        if (on(number)) return static_cast<decltype(real(arguments...))>(skipped(arguments...));
        return real(arguments...);
    }
};

template <class Real, class Skipped>
Mutated<Real, Skipped> mutated(int number, Real real, Skipped skipped) {
    return {number, real, skipped};
}

} // namespace mutation

#endif
