// Running what the application gave us: what it throws is a failure with its own text, and never leaves us.
// Uses callback; every host uses it.
#ifndef DAEMONIZE_CORE_INVOKE_HPP
#define DAEMONIZE_CORE_INVOKE_HPP

#include "callback.hpp"
#include "config.hpp"

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace daemonize {
namespace detail {

// Calls `body(arguments...)`; what it returns, 0 where that is nothing.
template <class Body, class... Arguments>
int status_of(Body& body, Arguments&&... arguments) {
    if constexpr (std::is_void<decltype(body(std::forward<Arguments>(arguments)...))>::value) {
        body(std::forward<Arguments>(arguments)...);
        return 0;
    } else {
        return static_cast<int>(body(std::forward<Arguments>(arguments)...));
    }
}

// A step of the application's: `f(std::string& why)` or `f()`, which return whether they succeeded, or `f()` that returns
// nothing and fails by throwing.
template <class Body>
Callback<bool(std::string&)> adapt_step(Body body) {
    if constexpr (std::is_invocable<Body&, std::string&>::value) {
        static_assert(std::is_same<std::invoke_result_t<Body&, std::string&>, bool>::value,
                      "f(std::string& why) must return whether it succeeded");
        return Callback<bool(std::string&)>(std::move(body));
    } else if constexpr (std::is_void<std::invoke_result_t<Body&>>::value) {
        return Callback<bool(std::string&)>([call = std::move(body)](std::string&) mutable {
            call();
            return true;
        });
    } else {
        static_assert(std::is_same<std::invoke_result_t<Body&>, bool>::value,
                      "f() must return nothing, or whether it succeeded");
        return Callback<bool(std::string&)>([call = std::move(body)](std::string&) mutable { return call(); });
    }
}

#if DAEMONIZE_HAS_EXCEPTIONS()

// False, and the exception's text, where the call throws.
template <class Call>
bool call_guarded(Call call, std::string& what) noexcept {
    try {
        call();
        return true;
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "it threw something that is no std::exception";
    }
    if (what.empty()) what = "it threw an exception without a text";
    return false;
}

#else

template <class Call>
bool call_guarded(Call call, std::string&) noexcept {
    call();
    return true;
}

#endif

// exit(2) keeps eight bits: 256 would be success.
inline int exit_status(int code) noexcept { return code != 0 && (code & 0xff) == 0 ? 1 : code & 0xff; }

// What a failure ends with: whatever was asked for, but no success.
inline int failure_status(int code) noexcept { return code == 0 ? 1 : exit_status(code); }

} // namespace detail
} // namespace daemonize

#endif
