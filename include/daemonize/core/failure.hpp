// Failure: the step that failed, and the reason. Error: the exception that holds a Failure (public).
#ifndef DAEMONIZE_CORE_FAILURE_HPP
#define DAEMONIZE_CORE_FAILURE_HPP

#include "concat.hpp"
#include "config.hpp"
#include "stage.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace daemonize {

namespace detail {

// Replaces control characters by spaces: a path or the text of an exception may hold line ends, a message may not.
inline std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

// The step as it reads without a detail: "change the directory", and not "change the directory to".
inline std::string_view step_without_detail(Stage stage) noexcept {
    std::string_view step = stage_info(stage).step;
    for (const std::string_view last : {" to", " from", " of", " for"}) {
        if (step.size() <= last.size() || step.substr(step.size() - last.size()) != last) continue;
        step.remove_suffix(last.size());
        break;
    }
    return step;
}

} // namespace detail

/// A failure: the step, the thing and the reason. A default-constructed Failure is false: nothing failed.
///
/// The noexcept forms take a Failure& as the last parameter; the throwing forms throw Error.
class Failure {
  public:
    /// No failure.
    Failure() noexcept = default;

    /// `detail` names the thing: the path, the user, the limit. A `reason` replaces the text of `code` in message().
    Failure(Stage stage, std::error_code code, std::string detail, std::string reason = {})
        : failed_(true), stage_(stage), code_(code), detail_(std::move(detail)), reason_(std::move(reason)),
          exit_code_(daemonize::exit_code(stage)) {}

    /// Whether an operation failed.
    explicit operator bool() const noexcept { return failed_; }

    /// The step that failed.
    Stage stage() const noexcept { return stage_; }
    /// The errno value or the Win32 error.
    const std::error_code& code() const noexcept { return code_; }
    /// The path, the user or another thing of the step. May be empty.
    const std::string& detail() const noexcept { return detail_; }

    /// The text that replaces the text of code() in message(). Empty if message() uses the text of code().
    const std::string& reason() const noexcept { return reason_; }

    /// The exit status: that of stage(), unless the daemon set another exit status. 0 only if nothing failed.
    int exit_code() const noexcept { return exit_code_; }
    /// Sets the exit status.
    Failure& exit_code(int code) noexcept {
        exit_code_ = code == 0 ? 1 : code;
        return *this;
    }

    /// One line for people, without the program's name and without a line end:
    /// `cannot open the pid file /run/x/timestampd.pid: No such file or directory`.
    /// The text of a failed body (Stage::body) is passed on unchanged.
    std::string message() const {
        if (!failed_) return {};
        const std::string& reason = reason_.empty() ? code_.message() : reason_;
        if (stage_ == Stage::body) return detail::one_line(reason);
        if (detail_.empty()) {
            return detail::one_line(detail::joined({"cannot ", detail::step_without_detail(stage_), ": ", reason}));
        }
        const char* const step = detail::stage_info(stage_).step;
        return detail::one_line(detail::joined({"cannot ", step, " ", detail_, ": ", reason}));
    }

  private:
    bool failed_ = false;
    Stage stage_ = Stage::options;
    std::error_code code_;
    std::string detail_;
    std::string reason_;
    int exit_code_ = 0;
};

/// The exception of the throwing forms.
class DAEMONIZE_SHARED Error : public std::system_error {
  public:
    /// Takes the stage, the code and the message from `failure`.
    explicit Error(Failure failure)
        : std::system_error(failure.code(), failure.message()), failure_(std::move(failure)),
          message_(failure_.message()) {}

    /// The Failure.
    const Failure& failure() const noexcept { return failure_; }

    /// Failure::message(). std::system_error would append the text of the code once more.
    const char* what() const noexcept override { return message_.c_str(); }

  private:
    Failure failure_;
    std::string message_;
};

#if DAEMONIZE_HAS_EXCEPTIONS()
namespace detail {

// The throwing forms call their noexcept form, and then one of these functions.
inline void throw_unless(bool succeeded, Failure& failure) {
    if (!succeeded) throw Error(std::move(failure));
}
inline void throw_if(Failure& failure) { throw_unless(!failure, failure); }

} // namespace detail
#endif

} // namespace daemonize

#endif
