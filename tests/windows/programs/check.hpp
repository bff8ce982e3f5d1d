// A test framework for programs under Wine: named cases, each run alone, and checks that print their values.
#ifndef DAEMONIZE_TESTS_WINDOWS_CHECK_HPP
#define DAEMONIZE_TESTS_WINDOWS_CHECK_HPP

#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

namespace test {

struct Case {
    const char* name;
    void (*run)();
    Case* next;
};

inline Case*& first_case() {
    static Case* first = nullptr;
    return first;
}

inline int& failures() {
    static int count = 0;
    return count;
}

struct Registered {
    explicit Registered(Case& one) {
        one.next = first_case();
        first_case() = &one;
    }
};

template <class A, class B>
void check_equal(const A& a, const B& b, const char* text, const char* file, int line) {
    if (a == b) return;
    std::ostringstream out;
    out << file << ":" << line << ": " << text << ": " << a << " and " << b;
    std::printf("%s\n", out.str().c_str());
    ++failures();
}

// `PROGRAM CASE`.
inline int run(int count, char** values) {
    for (Case* one = first_case(); one != nullptr && count > 1; one = one->next) {
        if (std::strcmp(values[1], one->name) != 0) continue;
        one->run();
        return failures() == 0 ? 0 : 1;
    }
    return 2;
}

} // namespace test

#define CASE(name)                                                                                                     \
    static void name();                                                                                                \
    static test::Case name##_case = {#name, &name, nullptr};                                                           \
    static const test::Registered name##_registered(name##_case);                                                      \
    static void name()
#define SAME(a, b) test::check_equal((a), (b), #a " == " #b, __FILE__, __LINE__)
#define HOLDS(condition) test::check_equal(static_cast<bool>(condition), true, #condition, __FILE__, __LINE__)

#endif
