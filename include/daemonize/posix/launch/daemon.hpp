// Daemon: the running daemon's calls to its launcher, and for its log files (public).
#ifndef DAEMONIZE_POSIX_LAUNCH_DAEMON_HPP
#define DAEMONIZE_POSIX_LAUNCH_DAEMON_HPP

#include "../../core/invoke.hpp"
#include "../system/signals.hpp"
#include "../system/write_error.hpp"
#include "channel.hpp"
#include "plan.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace daemonize {

namespace detail {

// The launch that made this process a daemon. It lives as long as the process: the plan holds the environment and the
// pid file's path.
struct DaemonState {
    Plan* plan = nullptr;
    ForkGuard channel;     // open until readiness
    Descriptor targets[3]; // of each standard stream that gets its target at readiness
    bool ready = false;
    bool launched_here = false; // by this copy of the library; true from the beginning of set-up
    bool has_warned = false;

    const char* name() const noexcept { return plan == nullptr ? "daemon" : plan->name.c_str(); }
};

DAEMONIZE_SHARED inline DaemonState& daemon_state() noexcept {
    // Never destroyed, because a static destructor may use it. In place, because operator new may fail.
    alignas(DaemonState) static unsigned char memory[sizeof(DaemonState)];
    static DaemonState* const state = ::new (memory) DaemonState;
    return *state;
}

constexpr const char* launched_elsewhere =
    "another copy of the library in this process launched this daemon: pass the Daemon of daemonize() to this module";

// Whether a copy of the library in another module launched this daemon. set_sigchld() leaves a mark that every copy can
// read. An application that sets the action of SIGCHLD removes the mark. Only Linux clears the mark at exec(2), so
// other kernels are not asked.
inline bool is_launched_elsewhere(const DaemonState& state) noexcept {
    struct sigaction action;
    return DAEMONIZE_ON_LINUX() && !state.launched_here &&
           DAEMONIZE_SYSTEM(sigaction)(SIGCHLD, nullptr, &action) == 0 && !has_handler(action) && is_marked(action);
}

// Reports a failed launch to the launcher, or to standard error, and exits.
[[noreturn]] inline void exit_failed(DaemonState& state, const StepError& failed) noexcept {
    const int code = exit_code(failed.stage);
    if (state.channel) {
        static_cast<void>(send_step_error(state.channel.get(), failed, 0));
    } else {
        write_failure(state.name(), to_failure(failed));
    }
    std::exit(code);
}

// Swaps the streams, and reports readiness to the launcher.
inline StepError announce_ready(DaemonState& state) noexcept {
    if (const StepError failed = swap_streams(state.plan->streams, state.targets)) return failed;
    if (state.channel) {
        Record record;
        record.kind = Record::ready;
        record.pid = DAEMONIZE_SYSTEM(getpid)();
        if (!send_record(state.channel.get(), record)) {
            const bool is_dead = errno == EPIPE || errno == ECONNRESET;
            return step_error(Stage::readiness, errno, "",
                              is_dead ? "the launcher is dead, and does not know of this daemon" : "");
        }
        state.channel.reset();
    }
    state.ready = true;
    return StepError();
}

// Reports a failure to the waiting launcher, or to standard error. Returns the exit status for the daemon.
inline int report_failure(std::string_view text, int exit_code, DaemonState& state = daemon_state()) noexcept {
    const int code = failure_status(exit_code);
    const std::string_view reason = text.empty() ? no_reason : text;
    if (state.channel) {
        Record record;
        record.kind = Record::failed;
        record.stage = static_cast<std::int32_t>(Stage::body);
        record.error = ECANCELED;
        record.exit_code = code;
        static_cast<void>(send_record(state.channel.get(), record, "", reason));
    } else {
        write_error_line({state.name(), ": ", reason});
    }
    return code;
}

} // namespace detail

/// The running daemon: a handle that may be copied, not an owner. The lock and the pid file belong to the process,
/// until it exits.
///
/// Thread safety: one thread at a time. Not for signal handlers. Fork safety: in a worker that the daemon forked, the
/// calls report nothing to the launcher. In a process that no launch made a daemon, they do nothing.
///
/// Daemon() refers to the launch of this process. A module of the process that does not share the state of the library
/// (README, "Gotchas") needs a copy of the Daemon of daemonize(). In such a module Daemon() refers to no launch:
/// ready(), progress() and fail_and_exit() report that once on standard error, and reopen_logs() fails at
/// Stage::standard_output. On other systems than Linux, and after a sigaction(2) for SIGCHLD by the application, the
/// module cannot see that another module launched the daemon, and ready() and progress() do nothing, without a report.
class Daemon {
  public:
    /// Reports readiness: the launcher exits 0. Flushes standard output, and puts the target of stderr_to() in place;
    /// with show_stdout() the target of stdout_to() too. Without wait_until_ready() the daemon is ready after set-up,
    /// and the call does nothing. A second call does nothing. Exits non-zero, and removes the pid file, if the launcher
    /// is dead (Stage::readiness), if standard output cannot be written (Stage::flush), or if dup2(2) fails
    /// (Stage::standard_error).
    void ready() {
        detail::DaemonState& state = *state_;
        if (state.ready || state.plan == nullptr) return warn_if_launched_elsewhere("ready()");
        const std::string& path = state.plan->streams[STDOUT_FILENO].path;
        if (!state.targets[STDOUT_FILENO] && std::fflush(stdout) != 0) {
            detail::exit_failed(
                state, detail::step_error(Stage::flush, errno, path.empty() ? "standard output" : path.c_str()));
        }
        if (const detail::StepError failed = detail::announce_ready(state)) detail::exit_failed(state, failed);
    }

    /// Shows `text` on the launcher's standard error, and moves the time-out to `extend_by` from now if that is later.
    /// Does nothing after readiness.
    void progress(std::string_view text, Duration extend_by = Duration()) noexcept {
        detail::DaemonState& state = *state_;
        if (state.ready || state.plan == nullptr) return warn_if_launched_elsewhere("progress()");
        if (!state.channel) return detail::write_error_line({state.name(), ": ", text});
        detail::Record record;
        record.kind = detail::Record::progress;
        record.extend_by = extend_by.nanoseconds();
        // A lost record does no harm: ready() reports a dead launcher.
        static_cast<void>(detail::send_record(state.channel.get(), record, "", text));
    }
    void progress(std::nullptr_t, Duration = Duration()) = delete;

    /// Ends the daemon as failed, by exit(3) with `exit_code`. A waiting launcher prints `text` as its one line, and
    /// exits with `exit_code` too. After readiness `text` goes to standard error. An exit code that exit(3) would cut
    /// to 0 becomes 1.
    [[noreturn]] void fail_and_exit(std::string_view text, int exit_code = 1) {
        warn_if_launched_elsewhere("fail_and_exit()");
        std::exit(detail::report_failure(text, exit_code, *state_));
    }
    [[noreturn]] void fail_and_exit(std::nullptr_t, int = 1) = delete;

    /// Opens the files of stdout_to() and stderr_to() again after a log rotation: by the same path, as the same user,
    /// and for appending. A stream whose file cannot be opened keeps its old file. Streams without a file stay as they
    /// are. Returns false on failure, with the first failure. Stage::standard_output, Stage::standard_error,
    /// Stage::flush.
    [[nodiscard]] bool reopen_logs(Failure& failure) noexcept {
        detail::DaemonState& state = *state_;
        failure = Failure();
        if (detail::is_launched_elsewhere(state)) {
            failure = detail::posix_failure(Stage::standard_output, ENOTSUP, "", detail::launched_elsewhere);
        }
        if (state.plan == nullptr) return !failure;
        const detail::StreamTarget& out = state.plan->streams[STDOUT_FILENO];
        const detail::StreamTarget& error = state.plan->streams[STDERR_FILENO];
        const bool one_file = !out.path.empty() && out.path == error.path;
        if (!out.path.empty()) reopen(out.path, STDOUT_FILENO, one_file, failure);
        if (!error.path.empty() && !one_file) reopen(error.path, STDERR_FILENO, false, failure);
        return !failure;
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    void reopen_logs() {
        Failure failure;
        detail::throw_unless(reopen_logs(failure), failure);
    }
#endif

  private:
    void reopen(const std::string& path, int stream, bool both, Failure& failure) noexcept {
        detail::Descriptor opened;
        detail::StepError failed = detail::open_stream_file(stream, path.c_str(), opened);
        if (!failed && std::fflush(stream == STDOUT_FILENO ? stdout : stderr) != 0) {
            failed = detail::step_error(Stage::flush, errno, path.c_str());
        }
        if (!failed) failed = put(opened, stream, path);
        if (!failed && both) failed = put(opened, STDERR_FILENO, path);
        if (failed && !failure) failure = detail::to_failure(failed);
    }

    // Before readiness replaces the target that waits, and not the stream.
    detail::StepError put(const detail::Descriptor& opened, int stream, const std::string& path) noexcept {
        detail::Descriptor& target = state_->targets[stream];
        if (!target) return detail::put_stream(opened.get(), stream, path.c_str());
        detail::Descriptor copy = detail::duplicate(opened.get());
        if (!copy) return detail::step_error(detail::stream_stage(stream), errno, path.c_str());
        target = std::move(copy);
        return detail::StepError();
    }

    // Writes the warning once.
    void warn_if_launched_elsewhere(const char* call) const noexcept {
        if (!detail::is_launched_elsewhere(*state_) || std::exchange(state_->has_warned, true)) return;
        detail::write_error_line({state_->name(), ": ", call, ": ", detail::launched_elsewhere});
    }

    detail::DaemonState* state_ = &detail::daemon_state();
};

} // namespace daemonize

#endif
