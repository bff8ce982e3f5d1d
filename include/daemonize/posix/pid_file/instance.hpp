// Instance: the daemon of a pid file, seen from another process: its status, signals, stop, reload and wait (public).
#ifndef DAEMONIZE_POSIX_PID_FILE_INSTANCE_HPP
#define DAEMONIZE_POSIX_PID_FILE_INSTANCE_HPP

#include "../../core/parameters.hpp"
#include "stop_daemon.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// The action of Instance::stop() for a daemon that has not ended when the time-out is over.
enum class OnTimeout {
    fail, ///< leaves the daemon running; the failure is ETIMEDOUT
    kill  ///< sends SIGKILL and waits
};

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(OnTimeout action) noexcept {
    switch (action) {
    case OnTimeout::fail: return "fail";
    case OnTimeout::kill: return "kill";
    }
    return "unknown";
}

/// The daemon that holds a pid file. The file's locks find the daemon: the number in the file is never trusted, and a
/// process that got the number of a dead daemon is never signalled. Each operation opens the file again, and keeps no
/// file open. Each operation has two forms: with a Failure&, at Stage::instance or Stage::pid_file_open, and without,
/// which throws the Failure as an Error.
///
/// Safe for use by several threads. Without pidfd_send_signal(2) (Linux before 5.3, a container's seccomp filter, other
/// systems) a signal goes to the process number at once after the kernel named the number. Source: fcntl(2), "Open file
/// description locks".
class Instance {
  public:
    /// The state of a daemon.
    using State = InstanceState;

    /// The result of status().
    struct Info {
        State state = State::not_running;
        pid_t pid = 0;            ///< 0 if no daemon runs, and in a start before the daemon's fork
        std::int64_t since = 0;   ///< the start time of the process, in seconds since 1970; 0 if unknown
        std::uint64_t memory = 0; ///< the resident memory in bytes; 0 if unknown
    };

    /// Returns the Instance of this pid file. Opens no file.
    [[nodiscard]] static Instance at(Text pid_file) { return Instance(std::move(pid_file)); }

    /// The path of the pid file.
    const std::string& pid_file() const noexcept { return path_; }

    /// Returns the status of the daemon. Takes no lock, so no start is disturbed.
    [[nodiscard]] Info status(Failure& failure) const noexcept {
        return within_memory(failure, [&] {
            const detail::FoundDaemon found = detail::find_daemon(path_, O_RDONLY, failure);
            Info result;
            if (failure) return result;
            result.state = found.state;
            result.pid = found.pid;
            if (found.pid <= 0) return result;
            const detail::ProcessInfo process = detail::process_info(found.pid);
            result.since = process.since;
            result.memory = process.memory;
            return result;
        });
    }

    /// Sends a signal. A daemon that does not run is a failure: ESRCH.
    [[nodiscard]] bool signal(int number, Failure& failure) const noexcept {
        return within_memory(failure, [&] {
            const detail::FoundDaemon found = detail::find_process(path_, failure);
            return !failure && detail::send_signal(path_, found, number, failure);
        });
    }

    /// Makes the daemon read its configuration again, by SIGHUP. Fails with EOPNOTSUPP if the daemon has no handler for
    /// SIGHUP: the signal would end the daemon.
    [[nodiscard]] bool reload(Failure& failure) const noexcept {
        return within_memory(failure, [&] {
            const detail::FoundDaemon found = detail::find_process(path_, failure);
            if (failure) return false;
            if (detail::takes_signal(found.pid, SIGHUP) == detail::Answer::no) {
                return detail::fail_instance(path_, EOPNOTSUPP, "it does not handle SIGHUP, which would end it",
                                             failure);
            }
            return detail::send_signal(path_, found, SIGHUP, failure);
        });
    }

    /// Sends SIGTERM and waits until the daemon has ended. `on_timeout` says what happens when `timeout` passes first.
    /// A daemon that does not run is no failure. Removes the pid file of a dead daemon.
    [[nodiscard]] bool stop(Duration timeout, OnTimeout on_timeout, Failure& failure) const noexcept {
        const auto may_kill = [on_timeout](pid_t) { return on_timeout == OnTimeout::kill; };
        return within_memory(failure, [&] {
            return detail::stop_daemon(path_, timeout, may_kill, failure) != detail::StopResult::failed;
        });
    }

    /// Waits until the daemon does not run any more. Returns false without a failure if `timeout` passes first.
    [[nodiscard]] bool wait(Duration timeout, Failure& failure) const noexcept {
        return within_memory(failure, [&] { return detail::wait_for_daemon(path_, timeout, failure); });
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; these throw Error.
    [[nodiscard]] Info status() const {
        Failure failure;
        const Info result = status(failure);
        detail::throw_if(failure);
        return result;
    }
    void signal(int number) const {
        Failure failure;
        detail::throw_unless(signal(number, failure), failure);
    }
    void reload() const {
        Failure failure;
        detail::throw_unless(reload(failure), failure);
    }
    void stop(Duration timeout = Duration::seconds(30), OnTimeout on_timeout = OnTimeout::fail) const {
        Failure failure;
        detail::throw_unless(stop(timeout, on_timeout, failure), failure);
    }
    [[nodiscard]] bool wait(Duration timeout = Duration::longest()) const {
        Failure failure;
        const bool ended = wait(timeout, failure);
        detail::throw_if(failure);
        return ended;
    }
#endif

  private:
    explicit Instance(std::string path) : path_(std::move(path)) {}

    template <class Call>
    static auto within_memory(Failure& failure, Call call) noexcept -> decltype(call()) {
        return detail::guard_memory(Stage::instance, failure, call);
    }

    std::string path_;
};

} // namespace daemonize

#endif
