// Launch: the result of a launch (public).
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCH_RESULT_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCH_RESULT_HPP

#include "../../core/failure.hpp"
#include "../system/write_error.hpp"
#include "daemon.hpp"

#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

// The result of waiting for a daemon.
struct Outcome {
    Failure failure;
    pid_t pid = -1;
    bool died = false;
    int wait_status = 0;
    int interrupted_by = 0;
    bool in_daemon = false;
    // The text of the standard streams; empty if the launcher showed it.
    std::string output;
    std::string error_output;
};

} // namespace detail

/// The result of a launch. Daemonizer::launch(body) returns it in the launcher, Daemonizer::launch() in both processes.
class Launch {
  public:
    Launch() = default;
    Launch(std::string name, std::vector<Failure> problems) : name_(std::move(name)), problems_(std::move(problems)) {}
    Launch(std::string name, detail::Outcome outcome) noexcept : name_(std::move(name)), outcome_(std::move(outcome)) {
        const auto move_failure = [this] { problems_.push_back(std::move(outcome_.failure)); };
        if (outcome_.failure)
            detail::call_within_memory(
                move_failure); // the failure stays in the outcome if memory is short for the list
    }

    /// Whether this process is the daemon. Only Daemonizer::launch() without a body returns there.
    bool in_daemon() const noexcept { return outcome_.in_daemon; }

    /// The Daemon of the launch, for calls from the daemon to its launcher. Use it only if in_daemon() is true.
    Daemon daemon() const noexcept { return daemon_; }

    /// Whether the daemon was ready. In the daemon: true.
    bool ok() const noexcept { return !failure(); }
    /// The same as ok().
    explicit operator bool() const noexcept { return ok(); }

    /// The daemon's PID, also in the daemon; -1 if no daemon has reported one.
    pid_t pid() const noexcept { return outcome_.pid; }

    /// The failure; the first failure if validation found several. A default-constructed Failure after a success.
    const Failure& failure() const noexcept { return problems_.empty() ? outcome_.failure : problems_[0]; }

    /// All failures. Validation reports every problem at once. Empty if memory is too short for the list: failure()
    /// then returns the only failure.
    const std::vector<Failure>& problems() const noexcept { return problems_; }

    /// The daemon's exit status if it exited before readiness; -1 otherwise.
    int exit_status() const noexcept {
        return outcome_.died && WIFEXITED(outcome_.wait_status) ? WEXITSTATUS(outcome_.wait_status) : -1;
    }

    /// The signal that killed the daemon before readiness; 0 otherwise.
    int term_signal() const noexcept { return WIFSIGNALED(outcome_.wait_status) ? WTERMSIG(outcome_.wait_status) : 0; }

    /// The text that the daemon wrote to standard error before readiness: the last 64 KiB.
    const std::string& error_output() const noexcept { return outcome_.error_output; }

    /// With show_stdout(), the text that the daemon wrote to standard output before readiness: the last 64 KiB.
    const std::string& output() const noexcept { return outcome_.output; }

    /// The signal that interrupted the waiting launcher, and so ended the launch; 0 otherwise.
    int interrupted_by() const noexcept { return outcome_.interrupted_by; }

    /// The exit status for the launcher: 0, or the failure's.
    int exit_code() const noexcept { return ok() ? 0 : failure().exit_code(); }

    /// Writes each failure to standard error, as a line that begins with the daemon's name.
    void print() const noexcept {
        for (const Failure& problem : problems_) detail::write_failure(name_.c_str(), problem);
        if (problems_.empty() && !ok()) detail::write_failure(name_.c_str(), failure());
    }

  private:
    std::string name_;
    std::vector<Failure> problems_;
    detail::Outcome outcome_;
    Daemon daemon_;
};

} // namespace daemonize

#endif
