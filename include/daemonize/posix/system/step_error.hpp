// StepError: a failure that allocates nothing, for the code between a fork and the end of set-up (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP
#define DAEMONIZE_POSIX_SYSTEM_STEP_ERROR_HPP

#include "../../core/out_of_memory.hpp"

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

// If memory is short for the texts, the result is out_of_memory(stage).
inline Failure posix_failure(Stage stage, int error, std::string_view detail = {},
                             std::string_view reason = {}) noexcept {
    Failure failure;
    const auto make = [&] { failure = Failure(stage, posix_error(error), std::string(detail), std::string(reason)); };
    if (!call_within_memory(make)) failure = out_of_memory(stage);
    return failure;
}

inline Failure to_failure(const StepError& failed) noexcept {
    if (!failed) return Failure();
    return posix_failure(failed.stage, failed.error, failed.detail, failed.reason);
}

// Runs a step that may allocate. If memory is short, the step has failed.
template <class Step>
StepError step_within_memory(Step step) {
    StepError failed = step_error(Stage::memory, ENOMEM, "", memory_is_short);
    call_within_memory([&] { failed = step(); });
    return failed;
}

// Repeats the call while it fails with EINTR. Must not be used for close(2): on Linux close(2) frees the number even
// when it fails with EINTR, and another thread may have the number already.
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
