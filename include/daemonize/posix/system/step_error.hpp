// StepError: a failure as it is between a fork and the end of set-up, where nothing may allocate.
// Uses core; everything in posix may use it.
#ifndef DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP
#define DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP

#include "../../core/failure.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace daemonize {
namespace detail {

// What failed, with pointers to texts that were made before the fork.
struct StepError {
    bool failed = false;
    Stage stage = Stage::options;
    int error = 0;
    const char* detail = "";
    const char* reason = ""; // said in place of the error's text

    explicit operator bool() const noexcept { return failed; }
};

inline StepError step_error(Stage stage, int error, const char* detail = "", const char* reason = "") noexcept {
    return StepError{true, stage, error, detail, reason};
}

inline std::error_code posix_error(int error) noexcept { return std::error_code(error, std::system_category()); }

inline Failure posix_failure(Stage stage, int error, std::string_view detail = {}, std::string_view reason = {}) {
    return Failure(stage, posix_error(error), std::string(detail), std::string(reason));
}

inline Failure to_failure(const StepError& fault) {
    if (!fault) return Failure();
    return posix_failure(fault.stage, fault.error, fault.detail, fault.reason);
}

// Calls again while a signal interrupts. Not for close: on Linux the number is free even then, and perhaps another's.
template <class Call>
auto retry(Call call) noexcept -> decltype(call()) {
    for (;;) {
        const auto result = call();
        if (result != -1 || errno != EINTR) return result;
    }
}

} // namespace detail
} // namespace daemonize

#endif
