// StepError: a failure that allocates nothing, for the code between a fork and the end of set-up (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP
#define DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP

#include "../../core/failure.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace daemonize {
namespace detail {

// The failed stage and its errno value. The texts were made before the fork, and live as long as the process.
struct StepError {
    bool failed = false;
    Stage stage = Stage::options;
    int error = 0;
    const char* detail = "";
    const char* reason = ""; // replaces the text of `error` in the message

    explicit operator bool() const noexcept { return failed; }
};

inline StepError step_error(Stage stage, int error, const char* detail = "", const char* reason = "") noexcept {
    return StepError{true, stage, error, detail, reason};
}

inline std::error_code posix_error(int error) noexcept { return std::error_code(error, std::system_category()); }

inline Failure posix_failure(Stage stage, int error, std::string_view detail = {}, std::string_view reason = {}) {
    return Failure(stage, posix_error(error), std::string(detail), std::string(reason));
}

inline Failure to_failure(const StepError& failed) {
    if (!failed) return Failure();
    return posix_failure(failed.stage, failed.error, failed.detail, failed.reason);
}

// Repeats the call while it fails with EINTR. Never for close(2): on Linux the number is free even then, and another thread
// may have it.
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
