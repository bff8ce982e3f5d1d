// Calls of the application's functions: body, steps and callbacks; an exception becomes a text (internal).
#ifndef DAEMONIZE_CORE_INVOKE_HPP
#define DAEMONIZE_CORE_INVOKE_HPP

#include "callback.hpp"
#include "out_of_memory.hpp"

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace daemonize {
namespace detail {

// Calls `body(arguments...)` and returns the exit code: the int that the body returns, or 0 for a body that returns
// void.
template <class Body, class... Arguments>
int status_of(Body& body, Arguments&&... arguments) {
    using Result = decltype(body(std::forward<Arguments>(arguments)...));
    if constexpr (std::is_void<Result>::value) {
        body(std::forward<Arguments>(arguments)...);
        return 0;
    } else {
        // A conversion would turn `return true` into the failure 1, and `return 0.9` into success.
        static_assert(std::is_same<std::decay_t<Result>, int>::value, "a body returns int or void");
        return body(std::forward<Arguments>(arguments)...);
    }
}

// Adapts a step of the application to one form: `bool f(std::string& why)`, `bool f()`, or `void f()`, which fails only
// by an exception.
template <class Body>
Callback<bool(std::string&)> adapt_step(Body body) {
    if constexpr (std::is_invocable<Body&, std::string&>::value) {
        static_assert(std::is_same<std::invoke_result_t<Body&, std::string&>, bool>::value,
                      "f(std::string& why) must return bool: whether it succeeded");
        return Callback<bool(std::string&)>(std::move(body));
    } else if constexpr (std::is_void<std::invoke_result_t<Body&>>::value) {
        return Callback<bool(std::string&)>([call = std::move(body)](std::string&) mutable {
            call();
            return true;
        });
    } else {
        static_assert(std::is_same<std::invoke_result_t<Body&>, bool>::value,
                      "f() must return void, or bool: whether it succeeded");
        return Callback<bool(std::string&)>([call = std::move(body)](std::string&) mutable { return call(); });
    }
}

// Stores a callback of the application that has no result. A result would be dropped.
template <class Body>
Callback<void()> adapt_callback(Body body) {
    static_assert(std::is_void<std::invoke_result_t<Body&>>::value, "this callback must return void");
    return Callback<void()>(std::move(body));
}

#if DAEMONIZE_HAS_EXCEPTIONS()

// Copies the text of an exception. If memory is short for the text, the text is memory_is_short.
inline void copy_text(const char* text, std::string& what) noexcept {
    if (*text == '\0') text = "an exception without a text was thrown";
    if (!call_within_memory([&] { what = text; })) what = memory_is_short;
}

// Calls `call()`. An exception becomes false and its text.
//
// The function is not noexcept. pthread_exit(3) and pthread_cancel(3) of glibc unwind the stack by an exception that is
// no C++ exception, so std::current_exception() is null. glibc aborts the process ("FATAL: exception not rethrown") if
// a handler ends the unwinding.
template <class Call>
bool call_guarded(Call call, std::string& what) {
    try {
        call();
        return true;
    } catch (const std::exception& error) {
        copy_text(error.what(), what);
    } catch (...) {
        if (!std::current_exception()) throw;
        copy_text("an exception that is not a std::exception was thrown", what);
    }
    return false;
}

#else

template <class Call>
bool call_guarded(Call call, std::string&) {
    call();
    return true;
}

#endif

// exit(3) keeps the lowest eight bits of a code, so 256 would be success.
inline int exit_status(int code) noexcept { return code != 0 && (code & 0xff) == 0 ? 1 : code & 0xff; }

// The exit status of a failure: never 0.
inline int failure_status(int code) noexcept { return code == 0 ? 1 : exit_status(code); }

} // namespace detail
} // namespace daemonize

#endif
