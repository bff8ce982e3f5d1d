// The framework of the fuzz targets: registration, the split of the input, and the report of a broken promise. A target
// is a function that takes bytes, and ends the process if an assertion fails.
#ifndef DAEMONIZE_TESTS_PROOF_FUZZ_FUZZ_HPP
#define DAEMONIZE_TESTS_PROOF_FUZZ_FUZZ_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fuzzer/FuzzedDataProvider.h>
#include <string>
#include <vector>

namespace fuzz {

using Bytes = FuzzedDataProvider;

struct Target {
    const char* name;
    void (*run)(Bytes& bytes);
    const Target* next;
};

// The first of all that registered.
const Target*& targets() noexcept;

struct Registered {
    explicit Registered(Target& target) noexcept {
        target.next = targets();
        targets() = &target;
    }
};

[[noreturn]] inline void broken(const char* file, int line, const char* promise) noexcept {
    static_cast<void>(std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise));
    std::abort();
}

// Any bytes, of any length up to `most`.
inline std::string some_text(Bytes& bytes, std::size_t most = 200) { return bytes.ConsumeRandomLengthString(most); }

// As a path, an argument or a variable of the environment has it: without a zero byte.
inline std::string some_word(Bytes& bytes, std::size_t most = 200) {
    const std::string text = some_text(bytes, most);
    return text.substr(0, text.find('\0'));
}

inline std::vector<std::string> some_words(Bytes& bytes, std::size_t most = 6) {
    std::vector<std::string> words(bytes.ConsumeIntegralInRange<std::size_t>(0, most));
    for (std::string& word : words) word = some_word(bytes);
    return words;
}

} // namespace fuzz

#define HOLDS(promise)                                                                                                 \
    do {                                                                                                               \
        if (!(promise)) ::fuzz::broken(__FILE__, __LINE__, #promise);                                                  \
    } while (false)

// TARGET(name) { … } is a target; `bytes` is its input.
#define TARGET(name)                                                                                                   \
    static void run_##name(::fuzz::Bytes& bytes);                                                                      \
    static ::fuzz::Target target_##name = {#name, run_##name, nullptr};                                                \
    static const ::fuzz::Registered registered_##name(target_##name);                                                  \
    static void run_##name(::fuzz::Bytes& bytes)

#endif
