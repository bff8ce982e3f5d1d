// Failure: what went wrong, for people and for programs. Error: the exception around one.
// Uses core alone; everything above may use it.
#ifndef DAEMONIZE_CORE_FAILURE_HPP
#define DAEMONIZE_CORE_FAILURE_HPP

#include "concat.hpp"
#include "config.hpp"
#include "stage.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace daemonize {

namespace detail {

// A message is one line, whatever a path, an exception or a daemon's text holds.
inline std::string one_line(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

} // namespace detail

/// What went wrong: the step, the thing and the reason. Default-constructed, it says that nothing did.
class Failure {
  public:
    Failure() noexcept = default;

    /// `detail` is what the step was about (the path, the user, the limit). `reason`, where given, is said in place
    /// of the code's own text.
    Failure(Stage stage, std::error_code code, std::string detail, std::string reason = {})
        : failed_(true), stage_(stage), code_(code), detail_(std::move(detail)), reason_(std::move(reason)),
          exit_code_(daemonize::exit_code(stage)) {}

    explicit operator bool() const noexcept { return failed_; }

    Stage stage() const noexcept { return stage_; }
    const std::error_code& code() const noexcept { return code_; }
    const std::string& detail() const noexcept { return detail_; }

    /// What message() says in place of the code's own text; empty where that says it.
    const std::string& reason() const noexcept { return reason_; }

    /// The status to end with: the stage's own, unless the daemon chose another. 0 where nothing failed, only there.
    int exit_code() const noexcept { return exit_code_; }
    Failure& exit_code(int code) noexcept {
        exit_code_ = code == 0 ? 1 : code;
        return *this;
    }

    /// One line for people, without the program's name and without a line end:
    /// `cannot open the pid file /run/x/timestampd.pid: No such file or directory`.
    /// What a body said of its own failure stands as it said it.
    std::string message() const {
        if (!failed_) return {};
        const std::string& reason = reason_.empty() ? code_.message() : reason_;
        if (stage_ == Stage::body) return detail::one_line(reason);
        const char* const step = detail::stage_info(stage_).step;
        return detail::one_line(detail::joined({"cannot ", step, detail_.empty() ? "" : " ", detail_, ": ", reason}));
    }

  private:
    bool failed_ = false;
    Stage stage_ = Stage::options;
    std::error_code code_;
    std::string detail_;
    std::string reason_;
    int exit_code_ = 0;
};

/// What the throwing forms throw.
class Error : public std::system_error {
  public:
    explicit Error(Failure failure)
        : std::system_error(failure.code(), failure.message()), failure_(std::move(failure)),
          message_(failure_.message()) {}

    const Failure& failure() const noexcept { return failure_; }

    /// The failure's message, without the code's text a second time.
    const char* what() const noexcept override { return message_.c_str(); }

  private:
    Failure failure_;
    std::string message_;
};

} // namespace daemonize

#endif
