// Included ahead of every test source of a mutated build. calls.sh has made a copy of the library in which each
// DAEMONIZE_SYSTEM(call) is MUTATED_SYSTEM(number, call): the call is made as ever, but for the one that the environment
// names, which is left out and answers as success would.
#ifndef DAEMONIZE_TESTS_MUTATION_SITE_HPP
#define DAEMONIZE_TESTS_MUTATION_SITE_HPP

#include "board.hpp"
#include "skipped.hpp"

#include <cstring>
#include <type_traits>

#define MUTATED_SYSTEM(number, call)                                                                                   \
    ::mutation::mutated(                                                                                               \
        number, #call, [](auto... arguments) { return DAEMONIZE_SYSTEM(call)(arguments...); },                         \
        [](auto... arguments) { return ::mutation::skipped::call(arguments...); })

namespace mutation {

struct Choice {
    int site = -1;
    long step = -1; // all of them

    static Choice from_environment() {
        Choice choice;
        const char* text = std::getenv(skip_variable);
        if (text == nullptr) return choice;
        char* end = nullptr;
        choice.site = static_cast<int>(std::strtol(text, &end, 10));
        if (*end == ':') choice.step = std::strtol(end + 1, nullptr, 10);
        return choice;
    }
};

// Read before main: a daemon may have changed its environment.
inline const Choice choice = Choice::from_environment();
inline Board* const board = map_board(std::getenv(board_variable));

template <class Argument>
long as_number(Argument argument) {
    if constexpr (std::is_integral<Argument>::value || std::is_enum<Argument>::value) {
        return static_cast<long>(argument);
    } else if constexpr (std::is_same<Argument, struct flock*>::value) {
        return argument->l_type * 10 + static_cast<long>(argument->l_start);
    } else {
        return 0;
    }
}

// One call in the source can be several steps of a launch: each dup2, each lock, each signal.
template <class... Arguments>
long step_of(const char* call, Arguments... arguments) {
    const long numbers[] = {as_number(arguments)..., 0, 0, 0};
    if (std::strcmp(call, "dup2") == 0 || std::strcmp(call, "kill") == 0) return numbers[1];
    if (std::strcmp(call, "sigaction") == 0) return numbers[0];
    if (std::strcmp(call, "fcntl") == 0) return numbers[1] * 100 + numbers[2];
    return 0;
}

template <class Real, class Skipped>
struct Mutated {
    int site;
    const char* call;
    Real real;
    Skipped skipped;

    template <class... Arguments>
    auto operator()(Arguments... arguments) const -> decltype(real(arguments...)) {
        const long step = step_of(call, arguments...);
        if (board != nullptr) board->note(site, step);
        if (site == choice.site && (choice.step < 0 || choice.step == step)) {
            return static_cast<decltype(real(arguments...))>(skipped(arguments...));
        }
        return real(arguments...);
    }
};

template <class Real, class Skipped>
Mutated<Real, Skipped> mutated(int site, const char* call, Real real, Skipped skipped) {
    return {site, call, real, skipped};
}

} // namespace mutation

#endif
