// Daemon: what the daemonized program tells its launcher, and does with its logs.
// Uses plan and channel; Daemonizer hands it out.
#ifndef DAEMONIZE_POSIX_LAUNCH_DAEMON_HPP
#define DAEMONIZE_POSIX_LAUNCH_DAEMON_HPP

#include "../../core/invoke.hpp"
#include "../system/terminal.hpp"
#include "channel.hpp"
#include "plan.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace daemonize {

namespace detail {

// The one launch that made this process a daemon. It belongs to the process, and lives as long: the environment and the
// pid file's path are in the plan.
struct DaemonState {
    Plan* plan = nullptr;
    const Options* options = nullptr; // what is not to be destroyed of the Daemonizer that returned here
    ForkGuard channel;                // open until readiness
    Descriptor stderr_target;
    bool ready = false;

    std::string name() const { return plan == nullptr ? "daemon" : plan->name; }
};

inline DaemonState& daemon_state() noexcept {
    static DaemonState* const own = new DaemonState; // never destroyed: a destructor of the application's may still ask
    return *own;
}

// Ends a daemon whose launch cannot succeed any more: its launcher is told, or is gone.
[[noreturn]] inline void exit_failed(const StepError& failed) noexcept {
    DaemonState& own = daemon_state();
    const int code = exit_code(failed.stage);
    if (own.channel) {
        static_cast<void>(send_step_error(own.channel.get(), failed, 0));
    } else {
        write_error(joined({own.name(), ": ", to_failure(failed).message(), "\n"}));
    }
    std::exit(code);
}

// Standard error becomes what was asked for; from here on the launcher hears no more of it.
inline StepError swap_stderr(DaemonState& own) noexcept {
    if (!own.stderr_target) return StepError();
    const char* path = own.plan->streams[STDERR_FILENO].path.c_str();
    const StepError failed = put_stream(own.stderr_target.get(), STDERR_FILENO, path);
    own.stderr_target.reset();
    return failed;
}

inline StepError announce_ready(DaemonState& own) noexcept {
    if (const StepError failed = swap_stderr(own)) return failed;
    if (own.channel) {
        Record record;
        record.kind = Record::ready;
        record.pid = DAEMONIZE_SYSTEM(getpid)();
        if (!send_record(own.channel.get(), record)) {
            const bool is_gone = errno == EPIPE || errno == ECONNRESET;
            return step_error(Stage::readiness, errno, "",
                              is_gone ? "the launcher is gone, so nobody would know of this daemon" : "");
        }
        own.channel.reset();
    }
    own.ready = true;
    return StepError();
}

// Tells the launcher, or where none waits standard error, why the daemon ends. What it is to end with.
inline int tell_failure(const std::string& text, int asked_code) noexcept {
    DaemonState& own = daemon_state();
    const int code = failure_status(asked_code);
    const char* const reason = text.empty() ? no_reason : text.c_str();
    if (own.channel) {
        const StepError failed = step_error(Stage::body, ECANCELED, "", reason);
        static_cast<void>(send_step_error(own.channel.get(), failed, code));
    } else {
        write_error(joined({own.name(), ": ", one_line(reason), "\n"}));
    }
    return code;
}

} // namespace detail

/// The running daemon: a handle that may be copied freely, not an owner. The lock and the pid file belong to the process,
/// and go when it exits. To be used by one thread at a time; in a worker that the daemon forked, every call that tells
/// the launcher something does nothing. In a process that no launch made a daemon it does nothing either.
class Daemon {
  public:
    /// Tells the launcher that the service is up: it exits 0. Standard output is written out, and standard error becomes
    /// what stderr_to() named. A daemon whose launcher is gone, or whose output cannot be written, ends here: its pid
    /// file goes, and it exits non-zero. Without wait_until_ready() the end of set-up was readiness already; there, and a
    /// second time, it does nothing.
    void ready() {
        detail::DaemonState& own = detail::daemon_state();
        if (own.ready || own.plan == nullptr) return;
        const std::string& path = own.plan->streams[STDOUT_FILENO].path;
        if (std::fflush(stdout) != 0) {
            detail::exit_failed(
                detail::step_error(Stage::flush, errno, path.empty() ? "standard output" : path.c_str()));
        }
        if (const detail::StepError failed = detail::announce_ready(own)) detail::exit_failed(failed);
    }

    /// Shows `text` on the launcher's terminal, and gives the start until `extend_by` from now, if that is later than the
    /// time-out. Does nothing once ready.
    void progress(const std::string& text, Duration extend_by = Duration()) {
        detail::DaemonState& own = detail::daemon_state();
        if (own.ready || own.plan == nullptr) return;
        if (!own.channel) return detail::write_error(detail::joined({own.name(), ": ", detail::one_line(text), "\n"}));
        detail::Record record;
        record.kind = detail::Record::progress;
        record.extend_by = extend_by.nanoseconds();
        // A launcher that is gone is noticed by ready().
        static_cast<void>(detail::send_record(own.channel.get(), record, "", text.c_str()));
    }

    /// Ends the daemon as failed, by std::exit. The launcher, if it still waits, prints `text` as its one line and exits
    /// with `exit_code`; later it is written to standard error. An exit code that would read as success becomes 1.
    [[noreturn]] void fail(const std::string& text, int exit_code = 1) {
        std::exit(detail::tell_failure(text, exit_code));
    }

    /// Opens the files of stdout_to() and stderr_to() anew, after a log was rotated: as at the launch, by the same path,
    /// as the same user, appending. What can't be opened stays as it was, and is told. Does nothing to streams that lead
    /// elsewhere. Fails at Stage::standard_output, Stage::standard_error and Stage::flush.
    bool reopen_logs(Failure& failure) noexcept {
        detail::DaemonState& own = detail::daemon_state();
        failure = Failure();
        if (own.plan == nullptr) return true;
        const detail::StreamTarget& out = own.plan->streams[STDOUT_FILENO];
        const detail::StreamTarget& error = own.plan->streams[STDERR_FILENO];
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
    static void reopen(const std::string& path, int stream, bool both, Failure& failure) noexcept {
        detail::Descriptor opened;
        detail::StepError failed = detail::open_stream_file(stream, path.c_str(), opened);
        if (!failed && std::fflush(stream == STDOUT_FILENO ? stdout : stderr) != 0) {
            failed = detail::step_error(Stage::flush, errno, path.c_str());
        }
        if (!failed) failed = put(opened, stream, path);
        if (!failed && both) failed = put(opened, STDERR_FILENO, path);
        if (failed && !failure) failure = detail::to_failure(failed);
    }

    // Until readiness it is the target that waits for standard error which changes.
    static detail::StepError put(const detail::Descriptor& opened, int stream, const std::string& path) noexcept {
        detail::Descriptor& waiting = detail::daemon_state().stderr_target;
        if (stream != STDERR_FILENO || !waiting) return detail::put_stream(opened.get(), stream, path.c_str());
        detail::Descriptor copy = detail::duplicate(opened.get());
        if (!copy) return detail::step_error(Stage::standard_error, errno, path.c_str());
        waiting = std::move(copy);
        return detail::StepError();
    }
};

} // namespace daemonize

#endif
