// Calls that may run out of memory, and the Failure for that case, which allocates nothing (internal).
#ifndef DAEMONIZE_CORE_OUT_OF_MEMORY_HPP
#define DAEMONIZE_CORE_OUT_OF_MEMORY_HPP

#include "failure.hpp"

#include <new>
#include <system_error>

namespace daemonize {
namespace detail {

// Short enough that a std::string stores the text without an allocation.
constexpr const char* memory_is_short = "out of memory";

// A Failure that allocates nothing.
inline Failure out_of_memory(Stage stage) noexcept {
    return Failure(stage, std::make_error_code(std::errc::not_enough_memory), {}, memory_is_short);
}

// Calls `call()`. Returns false if std::bad_alloc was thrown. Other exceptions pass, and so does the unwinding of
// pthread_exit(3). With -fno-exceptions nothing is caught: operator new then ends the program by std::terminate().
template <class Call>
bool call_within_memory(Call call) {
#if DAEMONIZE_HAS_EXCEPTIONS()
    try {
        call();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
#else
    call();
    return true;
#endif
}

// Returns `call()`, a function that reports by `failure`. If memory is short, the result is a default-constructed one,
// and `failure` is out_of_memory(stage).
template <class Call>
auto guard_memory(Stage stage, Failure& failure, Call call) noexcept -> decltype(call()) {
    decltype(call()) result{};
    if (!call_within_memory([&] { result = call(); })) failure = out_of_memory(stage);
    return result;
}

} // namespace detail
} // namespace daemonize

#endif
