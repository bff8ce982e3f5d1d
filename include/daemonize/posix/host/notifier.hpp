// Notifier: what a service tells the manager that started it, by systemd's protocol or by s6's newline.
// Uses notify_environment, clock and signals; programs use it.
#ifndef DAEMONIZE_POSIX_HOST_NOTIFIER_HPP
#define DAEMONIZE_POSIX_HOST_NOTIFIER_HPP

#include "../../core/utf.hpp"
#include "../system/clock.hpp"
#include "../system/signals.hpp"
#include "notify_environment.hpp"

#include <poll.h>
#include <string>
#include <vector>

namespace daemonize {

namespace detail {

// systemd takes so many bytes a message, and drops the whole of a longer one without a word: NOTIFY_BUFFER_MAX.
constexpr std::size_t notification_limit = 4096;

// One line of valid UTF-8, since the manager drops any other, cut where it would not fit beside the rest.
inline std::string status_line(const std::string& text) {
    std::string line;
    for (std::size_t at = 0; at < text.size() && line.size() < notification_limit - 100;) {
        append_utf8(line, decode_utf8(text, at));
    }
    return joined({"STATUS=", one_line(std::move(line))});
}

inline std::string to_microseconds(Duration span) {
    const std::int64_t count = span.nanoseconds();
    return joined({count <= 0 ? 0 : count / 1000 + (count % 1000 == 0 ? 0 : 1)});
}

// sd_notify(3): up to 255 characters of ASCII, neither control characters nor colons.
inline bool is_descriptor_name(const std::string& name) noexcept {
    for (const char c : name) {
        if (c < 0x20 || c > 0x7e || c == ':') return false;
    }
    return !name.empty() && name.size() <= 255;
}

// A pipe has no MSG_NOSIGNAL: a supervisor that died must not take the service with it. An errno value, or 0.
inline int write_newline(int pipe) noexcept {
    const IgnoredSigpipe ignored;
    return ignored.error() != 0 ? ignored.error() : write_all(pipe, "\n", 1);
}

// Waits until the other end of the pipe is closed. An errno value, or 0.
inline int wait_for_hangup(int pipe, Duration timeout) noexcept {
    const Duration deadline = monotonic_now() + timeout;
    for (;;) {
        struct pollfd watched = {pipe, 0, 0}; // POLLHUP needs no asking
        const int count = DAEMONIZE_SYSTEM(poll)(&watched, 1, poll_time(deadline));
        if (count > 0) return 0;
        if (count < 0 && errno != EINTR) return errno;
        if (count == 0 && monotonic_now() >= deadline) return ETIMEDOUT;
    }
}

} // namespace detail

/// Tells the service manager what becomes of the service. Where nobody listens, every call does nothing and succeeds.
///
/// Each call has two forms: with a Failure, at Stage::notification, and without one. Both return whether it went well, and
/// neither throws: that nobody could be told is seldom worth a service's end. A call blocks while the manager's queue is
/// full. The environment stays as it is.
///
/// Fork safety: a forked child may use it, and is known to the manager as itself. Where a Daemonizer is to close what is
/// open, name native_handle() and what notify_fd() was given to keep_fd(). Thread safety: each call is one message, so
/// several threads may send; not ready() where notify_fd() is used. Source: sd_notify(3).
class Notifier {
  public:
    /// Tells nobody.
    Notifier() noexcept = default;

    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and opens the socket at once, so that it goes on working in a
    /// new root or as another user. Silent where NOTIFY_SOCKET is not set, and where it failed. Stage::notification.
    static Notifier from_environment(Failure& failure) noexcept {
        Notifier result;
        failure = detail::open_notify_socket(result.socket_);
        if (!failure && result.socket_) failure = detail::read_watchdog(result.watchdog_timeout_);
        if (failure) return Notifier();
        if (result.socket_) result.to_ = detail::joined({"at ", std::getenv("NOTIFY_SOCKET")});
        return result;
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    static Notifier from_environment() {
        Failure failure;
        Notifier result = from_environment(failure);
        if (failure) throw Error(std::move(failure));
        return result;
    }
#endif

    /// A descriptor above 2 that a supervisor (s6, dinit) waits at: ready() writes a newline to it and closes it. It is
    /// taken over, and programs that are started do not get it.
    Notifier& notify_fd(int fd) {
        ready_to_ = detail::joined({"at descriptor ", fd});
        ready_error_ = fd >= 0 && fd <= STDERR_FILENO ? EINVAL : 0;
        ready_fd_.reset(ready_error_ == 0 ? fd : -1);
        if (ready_fd_ && DAEMONIZE_SYSTEM(fcntl)(fd, F_SETFD, FD_CLOEXEC) != 0) {
            ready_error_ = errno; // told by ready(), when the number may be another file's
            static_cast<void>(ready_fd_.release());
        }
        return *this;
    }

    /// Whether anybody listens.
    explicit operator bool() const noexcept { return socket_ || ready_fd_; }

    /// The socket, for keep_fd(); -1 where there is none, or where each message opens its own, as some of vsock's do.
    int native_handle() const noexcept { return socket_.get(); }

    /// How often to call watchdog(): half the time in which the manager wants to hear it. Zero where it does not wait for
    /// this process. sd_watchdog_enabled(3).
    Duration watchdog_interval() const noexcept { return Duration::nanoseconds(watchdog_timeout_.nanoseconds() / 2); }

    /// The start, or a reload, is complete. With a text it is the status as well, in the same message.
    bool ready(Failure& failure) noexcept { return announce_ready("READY=1", failure); }
    bool ready(const std::string& text, Failure& failure) noexcept {
        return announce_ready(detail::joined({"READY=1\n", detail::status_line(text)}), failure);
    }

    /// What the service does, for people: made one line of valid UTF-8, cut at about 4000 bytes.
    bool status(const std::string& text, Failure& failure) const noexcept {
        return send(detail::status_line(text), failure);
    }

    /// A reload begins; ready() ends it. Carries the time, by which the manager tells it from an earlier one.
    bool reloading(Failure& failure) const noexcept {
        return send(detail::joined({"RELOADING=1\nMONOTONIC_USEC=", detail::monotonic_now().nanoseconds() / 1000}),
                    failure);
    }

    /// The service is about to end.
    bool stopping(Failure& failure) const noexcept { return send("STOPPING=1", failure); }

    /// A sign of life; see watchdog_interval().
    bool watchdog(Failure& failure) const noexcept { return send("WATCHDOG=1", failure); }

    /// The service is in a bad way: as if a sign of life had failed to come.
    bool watchdog_trigger(Failure& failure) const noexcept { return send("WATCHDOG=trigger", failure); }

    /// Has the manager wait so long for each sign of life from now on. watchdog_interval() follows.
    bool watchdog_timeout(Duration timeout, Failure& failure) noexcept {
        if (!send(detail::joined({"WATCHDOG_USEC=", detail::to_microseconds(timeout)}), failure)) return false;
        if (socket_) watchdog_timeout_ = timeout;
        return true;
    }

    /// The start, or the stop, under way takes so much longer from now on; say it again before that is over.
    bool extend_timeout(Duration by, Failure& failure) const noexcept {
        return send(detail::joined({"EXTEND_TIMEOUT_USEC=", detail::to_microseconds(by)}), failure);
    }

    /// Which process the service is.
    bool main_pid(pid_t pid, Failure& failure) const noexcept {
        return send(detail::joined({"MAINPID=", pid}), failure);
    }

    /// Why the service fails: an errno value.
    bool error_number(int error, Failure& failure) const noexcept {
        return send(detail::joined({"ERRNO=", error}), failure);
    }

    /// What the service, or a machine, ends with.
    bool exit_status(int code, Failure& failure) const noexcept {
        return send(detail::joined({"EXIT_STATUS=", code}), failure);
    }

    /// Has the manager keep a copy of the descriptor, and hand it back to the service's next start by listen_fds(), under
    /// that name: up to 255 printable ASCII characters, and no colon. The unit must allow it (FileDescriptorStoreMax=).
    bool store(int fd, const std::string& name, Failure& failure) const noexcept {
        return name_is_right(name, failure) && send(detail::joined({"FDSTORE=1\nFDNAME=", name}), &fd, 1, failure);
    }

    /// Has the manager drop what it keeps under that name.
    bool remove(const std::string& name, Failure& failure) const noexcept {
        return name_is_right(name, failure) && send(detail::joined({"FDSTOREREMOVE=1\nFDNAME=", name}), failure);
    }

    /// Returns when the manager has read all that was sent before, or has failed: after `timeout`, with ETIMEDOUT.
    bool barrier(Duration timeout, Failure& failure) const noexcept {
        failure = Failure();
        if (!socket_) return true;
        detail::Descriptor ours, its;
        if (!detail::make_pipe(ours, its)) return fail(errno, failure);
        const int passed = its.get();
        if (!send("BARRIER=1", &passed, 1, failure)) return false;
        its.reset();
        const int error = detail::wait_for_hangup(ours.get(), timeout);
        return error == 0 || fail(error, failure);
    }

    /// Any assignments, one a line, in one message of up to 4096 bytes (systemd drops a longer one without a word), and
    /// with it descriptors, where the assignments ask for some.
    bool send(const std::string& assignments, Failure& failure) const noexcept {
        return send(assignments, nullptr, 0, failure);
    }
    bool send(const std::string& assignments, const std::vector<int>& fds, Failure& failure) const noexcept {
        return send(assignments, fds.data(), fds.size(), failure);
    }

    /// As those above, without the reason.
    bool ready() noexcept { return ready(ignored()); }
    bool ready(const std::string& text) noexcept { return ready(text, ignored()); }
    bool status(const std::string& text) const noexcept { return status(text, ignored()); }
    bool reloading() const noexcept { return reloading(ignored()); }
    bool stopping() const noexcept { return stopping(ignored()); }
    bool watchdog() const noexcept { return watchdog(ignored()); }
    bool watchdog_trigger() const noexcept { return watchdog_trigger(ignored()); }
    bool watchdog_timeout(Duration timeout) noexcept { return watchdog_timeout(timeout, ignored()); }
    bool extend_timeout(Duration by) const noexcept { return extend_timeout(by, ignored()); }
    bool main_pid(pid_t pid) const noexcept { return main_pid(pid, ignored()); }
    bool error_number(int error) const noexcept { return error_number(error, ignored()); }
    bool exit_status(int code) const noexcept { return exit_status(code, ignored()); }
    bool store(int fd, const std::string& name) const noexcept { return store(fd, name, ignored()); }
    bool remove(const std::string& name) const noexcept { return remove(name, ignored()); }
    bool barrier(Duration timeout) const noexcept { return barrier(timeout, ignored()); }
    bool send(const std::string& assignments) const noexcept { return send(assignments, ignored()); }
    bool send(const std::string& assignments, const std::vector<int>& fds) const noexcept {
        return send(assignments, fds, ignored());
    }

  private:
    // A temporary that lasts until the call is over.
    struct Ignored {
        Failure failure;
        operator Failure&() noexcept { return failure; }
    };
    static Ignored ignored() noexcept { return Ignored(); }

    bool send(const std::string& assignments, const int* fds, std::size_t count, Failure& failure) const noexcept {
        failure = Failure();
        if (!socket_) return true;
        if (assignments.size() > detail::notification_limit) {
            failure = detail::notify_failure(EMSGSIZE, to_, "a message has room for 4096 bytes");
            return false;
        }
        const int error = socket_.send(assignments, fds, count);
        return error == 0 || fail(error, failure);
    }

    bool fail(int error, Failure& failure) const {
        failure = detail::notify_failure(error, to_);
        return false;
    }

    bool name_is_right(const std::string& name, Failure& failure) const {
        failure = Failure();
        if (detail::is_descriptor_name(name)) return true;
        failure = detail::notify_failure(EINVAL, detail::joined({"of the descriptor ", name}),
                                         "a name is 1 to 255 printable ASCII characters without a colon");
        return false;
    }

    // To each who listens, whether or not the other could be told.
    bool announce_ready(const std::string& assignments, Failure& failure) {
        const bool sent = send(assignments, failure);
        const int error = ready_fd_ ? detail::write_newline(ready_fd_.get()) : ready_error_;
        ready_fd_.reset();
        if (error == 0) return sent;
        failure = detail::notify_failure(error, ready_to_, error == EINVAL ? "a standard stream cannot be closed" : "");
        return false;
    }

    detail::NotifySocket socket_;
    std::string to_;
    Duration watchdog_timeout_;
    detail::Descriptor ready_fd_;
    std::string ready_to_;
    int ready_error_ = 0;
};

} // namespace daemonize

#endif
