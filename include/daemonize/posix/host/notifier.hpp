// Notifier: reports the state of a service to its manager, by systemd's protocol or by s6's newline (public).
#ifndef DAEMONIZE_POSIX_HOST_NOTIFIER_HPP
#define DAEMONIZE_POSIX_HOST_NOTIFIER_HPP

#include "../../core/utf.hpp"
#include "../system/clock.hpp"
#include "../system/files.hpp"
#include "../system/signals.hpp"
#include "notify_environment.hpp"

#include <cstddef>
#include <poll.h>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

// The size of the longest message, in bytes: NOTIFY_BUFFER_MAX. systemd drops a longer message silently.
constexpr std::size_t notification_limit = 4096;

// Makes one line of valid UTF-8: systemd drops a message with invalid UTF-8. Cuts a text that does not fit into a
// message.
inline std::string status_line(const std::string& text) {
    std::string line;
    for (std::size_t at = 0; at < text.size() && line.size() < notification_limit - 100;) {
        append_utf8(line, decode_utf8(text, at));
    }
    return joined({"STATUS=", one_line(std::move(line))});
}

inline std::int64_t to_microseconds(Duration span) noexcept {
    const std::int64_t count = span.nanoseconds();
    return count <= 0 ? 0 : count / 1000 + (count % 1000 == 0 ? 0 : 1);
}

// sd_notify(3): 1 to 255 printable ASCII characters without a colon.
inline bool is_descriptor_name(const std::string& name) noexcept {
    for (const char c : name) {
        if (c < 0x20 || c > 0x7e || c == ':') return false;
    }
    return !name.empty() && name.size() <= 255;
}

// write(2) to a pipe without a reader raises SIGPIPE, which would end the service. Returns an errno value, or 0.
inline int write_newline(int pipe) noexcept {
    const IgnoredSigpipe ignored;
    return ignored.error() != 0 ? ignored.error() : write_all(pipe, "\n", 1);
}

// Waits until the other end of the pipe is closed. Returns an errno value, or 0.
inline int wait_for_hangup(int pipe, Duration timeout) noexcept {
    const Duration deadline = monotonic_now() + timeout;
    for (;;) {
        struct pollfd watched = {pipe, 0, 0}; // poll(2) always reports POLLHUP
        const int count = DAEMONIZE_SYSTEM(poll)(&watched, 1, poll_time(deadline));
        if (count > 0) return 0;
        if (count < 0 && errno != EINTR) return errno;
        if (count == 0 && monotonic_now() >= deadline) return ETIMEDOUT;
    }
}

} // namespace detail

/// Reports the state of a service to its manager. Without a manager (NOTIFY_SOCKET is not set and notify_fd() was not
/// called) every function succeeds and does nothing.
///
/// Each notification has three forms: `ready(failure)` returns false and fills in the Failure (Stage::notification),
/// `ready()` throws Error, and `try_ready()` returns false and drops the reason. Most services go on when their manager
/// is unreachable, and use the form with try_. All forms block while the manager's queue is full. The environment stays
/// as it is.
///
/// Fork safety: a forked child may send, and the manager sees the child's own process number. Daemonizer::close_fds()
/// closes the socket: pass native_handle(), and the descriptor of notify_fd(), to keep_fd(). Thread safety: each
/// function sends one message, so several threads may send; ready() with notify_fd() is for one thread. Source:
/// sd_notify(3).
class Notifier {
  public:
    /// Has no manager.
    Notifier() noexcept = default;

    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and opens the socket. The open socket works in a new root
    /// directory and as another user. On failure (Stage::notification) the result has no manager.
    [[nodiscard]] static Notifier from_environment(Failure& failure) noexcept {
        failure = Failure();
        return detail::guard_memory(Stage::notification, failure, [&] {
            Notifier result;
            failure = detail::open_notify_socket(result.socket_);
            if (!failure && result.socket_) failure = detail::read_watchdog(result.watchdog_timeout_);
            if (failure) return Notifier();
            if (result.socket_) result.to_ = detail::joined({"at ", std::getenv("NOTIFY_SOCKET")});
            return result;
        });
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    [[nodiscard]] static Notifier from_environment() {
        Failure failure;
        Notifier result = from_environment(failure);
        detail::throw_if(failure);
        return result;
    }
#endif

    /// Takes over a descriptor above 2 at which a supervisor (s6, dinit) waits for readiness. ready() writes a newline
    /// to the descriptor and closes it. Programs that are started do not inherit the descriptor. ready() reports a
    /// descriptor that cannot be used.
    Notifier& notify_fd(int fd) & {
        ready_to_ = detail::joined({"at descriptor ", fd});
        ready_error_ = fd >= 0 && fd <= STDERR_FILENO ? EINVAL : 0;
        ready_fd_.reset(ready_error_ == 0 ? fd : -1);
        if (ready_fd_ && DAEMONIZE_SYSTEM(fcntl)(fd, F_SETFD, FD_CLOEXEC) != 0) {
            ready_error_ = errno; // EBADF: by the time of ready() the number may belong to another file
            static_cast<void>(ready_fd_.release());
        }
        return *this;
    }
    Notifier&& notify_fd(int fd) && { return std::move(notify_fd(fd)); }

    /// Whether this object has a manager.
    explicit operator bool() const noexcept { return socket_ || ready_fd_; }

    /// The socket, for keep_fd(). -1 without a manager, and for a vsock address that needs a connection for each
    /// message.
    int native_handle() const noexcept { return socket_.get(); }

    /// The interval for calls of watchdog(): half of the manager's timeout. Zero if the manager does not watch this
    /// process. Source: sd_watchdog_enabled(3).
    Duration watchdog_interval() const noexcept { return Duration::nanoseconds(watchdog_timeout_.nanoseconds() / 2); }

    /// Reports that the start, or a reload, is complete. `text` is sent as the status in the same message.
    [[nodiscard]] bool ready(Failure& failure) noexcept { return announce_ready("READY=1", failure); }
    [[nodiscard]] bool ready(const std::string& text, Failure& failure) noexcept {
        return within_memory(failure, [&] {
            return announce_ready(detail::joined({"READY=1\n", detail::status_line(text)}), failure);
        });
    }

    /// Sends the state of the service as a text for people: one line of valid UTF-8, cut at about 4000 bytes.
    [[nodiscard]] bool status(const std::string& text, Failure& failure) const noexcept {
        return within_memory(failure, [&] { return send(detail::status_line(text), failure); });
    }

    /// Reports that a reload begins; ready() reports its end. The message has the monotonic time, by which the manager
    /// distinguishes two reloads.
    [[nodiscard]] bool reloading(Failure& failure) const noexcept {
        return send_joined({"RELOADING=1\nMONOTONIC_USEC=", detail::monotonic_now().nanoseconds() / 1000}, failure);
    }

    /// Reports that the service begins to stop.
    [[nodiscard]] bool stopping(Failure& failure) const noexcept { return send("STOPPING=1", failure); }

    /// Sends a sign of life; see watchdog_interval().
    [[nodiscard]] bool watchdog(Failure& failure) const noexcept { return send("WATCHDOG=1", failure); }

    /// Reports that the service has failed: the manager acts as if a sign of life were overdue.
    [[nodiscard]] bool watchdog_trigger(Failure& failure) const noexcept { return send("WATCHDOG=trigger", failure); }

    /// Changes the manager's timeout for signs of life. watchdog_interval() follows.
    [[nodiscard]] bool watchdog_timeout(Duration timeout, Failure& failure) noexcept {
        if (!send_joined({"WATCHDOG_USEC=", detail::to_microseconds(timeout)}, failure)) return false;
        if (socket_) watchdog_timeout_ = timeout;
        return true;
    }

    /// Moves the end of the timeout of the current start or stop to `by` from now. Send the next extension before that
    /// time.
    [[nodiscard]] bool extend_timeout(Duration by, Failure& failure) const noexcept {
        return send_joined({"EXTEND_TIMEOUT_USEC=", detail::to_microseconds(by)}, failure);
    }

    /// Sets the number of the service's main process.
    [[nodiscard]] bool main_pid(pid_t pid, Failure& failure) const noexcept {
        return send_joined({"MAINPID=", pid}, failure);
    }

    /// Sends the errno value with which the service fails.
    [[nodiscard]] bool error_number(int error, Failure& failure) const noexcept {
        return send_joined({"ERRNO=", error}, failure);
    }

    /// Sends the exit status of the service, or of a virtual machine.
    [[nodiscard]] bool exit_status(int code, Failure& failure) const noexcept {
        return send_joined({"EXIT_STATUS=", code}, failure);
    }

    /// Gives the manager a copy of the descriptor. The next start of the service gets the descriptor from listen_fds().
    /// A name has 1 to 255 printable ASCII characters without a colon. The unit must allow stored descriptors
    /// (FileDescriptorStoreMax=).
    [[nodiscard]] bool store(int fd, const std::string& name, Failure& failure) const noexcept {
        return within_memory(failure, [&] {
            return is_name_valid(name, failure) && send(detail::joined({"FDSTORE=1\nFDNAME=", name}), &fd, 1, failure);
        });
    }

    /// Makes the manager close the stored descriptors of that name.
    [[nodiscard]] bool remove(const std::string& name, Failure& failure) const noexcept {
        return within_memory(failure, [&] {
            return is_name_valid(name, failure) && send(detail::joined({"FDSTOREREMOVE=1\nFDNAME=", name}), failure);
        });
    }

    /// Waits until the manager has read all earlier messages. Fails with ETIMEDOUT after `timeout`.
    [[nodiscard]] bool barrier(Duration timeout, Failure& failure) const noexcept {
        failure = Failure();
        if (!socket_) return true;
        detail::Descriptor kept, sent;
        if (!detail::make_pipe(kept, sent)) return fail(errno, failure);
        const int number = sent.get();
        if (!send("BARRIER=1", &number, 1, failure)) return false;
        sent.reset();
        const int error = detail::wait_for_hangup(kept.get(), timeout);
        return error == 0 || fail(error, failure);
    }

    /// Sends assignments, one a line, in one message of at most 4096 bytes. systemd drops a longer message silently, so
    /// the call fails with EMSGSIZE. `fds` are the descriptors that belong to the assignments, such as FDSTORE=1.
    [[nodiscard]] bool send(const std::string& assignments, Failure& failure) const noexcept {
        return send(assignments, nullptr, 0, failure);
    }
    [[nodiscard]] bool send(const std::string& assignments, const std::vector<int>& fds,
                            Failure& failure) const noexcept {
        return send(assignments, fds.data(), fds.size(), failure);
    }

    /// The same notifications without the reason of a failure.
    bool try_ready() noexcept { return ready(Dropped()); }
    bool try_ready(const std::string& text) noexcept { return ready(text, Dropped()); }
    bool try_status(const std::string& text) const noexcept { return status(text, Dropped()); }
    bool try_reloading() const noexcept { return reloading(Dropped()); }
    bool try_stopping() const noexcept { return stopping(Dropped()); }
    bool try_watchdog() const noexcept { return watchdog(Dropped()); }
    bool try_watchdog_trigger() const noexcept { return watchdog_trigger(Dropped()); }
    bool try_watchdog_timeout(Duration timeout) noexcept { return watchdog_timeout(timeout, Dropped()); }
    bool try_extend_timeout(Duration by) const noexcept { return extend_timeout(by, Dropped()); }
    bool try_main_pid(pid_t pid) const noexcept { return main_pid(pid, Dropped()); }
    bool try_error_number(int error) const noexcept { return error_number(error, Dropped()); }
    bool try_exit_status(int code) const noexcept { return exit_status(code, Dropped()); }
    bool try_store(int fd, const std::string& name) const noexcept { return store(fd, name, Dropped()); }
    bool try_remove(const std::string& name) const noexcept { return remove(name, Dropped()); }
    bool try_barrier(Duration timeout) const noexcept { return barrier(timeout, Dropped()); }
    bool try_send(const std::string& assignments) const noexcept { return send(assignments, Dropped()); }
    bool try_send(const std::string& assignments, const std::vector<int>& fds) const noexcept {
        return send(assignments, fds, Dropped());
    }

    /// A text is no null pointer.
    template <class... Others>
    bool ready(std::nullptr_t, Others&&...) = delete;
    template <class... Others>
    bool status(std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool store(int, std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool remove(std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool send(std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool try_ready(std::nullptr_t, Others&&...) = delete;
    template <class... Others>
    bool try_status(std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool try_store(int, std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool try_remove(std::nullptr_t, Others&&...) const = delete;
    template <class... Others>
    bool try_send(std::nullptr_t, Others&&...) const = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// The same notifications; they throw Error.
    void ready() {
        or_throw([&](Failure& failure) { return ready(failure); });
    }
    void ready(const std::string& text) {
        or_throw([&](Failure& failure) { return ready(text, failure); });
    }
    void status(const std::string& text) const {
        or_throw([&](Failure& failure) { return status(text, failure); });
    }
    void reloading() const {
        or_throw([&](Failure& failure) { return reloading(failure); });
    }
    void stopping() const {
        or_throw([&](Failure& failure) { return stopping(failure); });
    }
    void watchdog() const {
        or_throw([&](Failure& failure) { return watchdog(failure); });
    }
    void watchdog_trigger() const {
        or_throw([&](Failure& failure) { return watchdog_trigger(failure); });
    }
    void watchdog_timeout(Duration timeout) {
        or_throw([&](Failure& failure) { return watchdog_timeout(timeout, failure); });
    }
    void extend_timeout(Duration by) const {
        or_throw([&](Failure& failure) { return extend_timeout(by, failure); });
    }
    void main_pid(pid_t pid) const {
        or_throw([&](Failure& failure) { return main_pid(pid, failure); });
    }
    void error_number(int error) const {
        or_throw([&](Failure& failure) { return error_number(error, failure); });
    }
    void exit_status(int code) const {
        or_throw([&](Failure& failure) { return exit_status(code, failure); });
    }
    void store(int fd, const std::string& name) const {
        or_throw([&](Failure& failure) { return store(fd, name, failure); });
    }
    void remove(const std::string& name) const {
        or_throw([&](Failure& failure) { return remove(name, failure); });
    }
    void barrier(Duration timeout) const {
        or_throw([&](Failure& failure) { return barrier(timeout, failure); });
    }
    void send(const std::string& assignments) const {
        or_throw([&](Failure& failure) { return send(assignments, failure); });
    }
    void send(const std::string& assignments, const std::vector<int>& fds) const {
        or_throw([&](Failure& failure) { return send(assignments, fds, failure); });
    }
#endif

  private:
    // A Failure that lasts until the call of the function that fills it in has returned.
    struct Dropped {
        Failure failure;
        operator Failure&() noexcept { return failure; }
    };

#if DAEMONIZE_HAS_EXCEPTIONS()
    template <class Call>
    static void or_throw(Call call) {
        Failure failure;
        detail::throw_unless(call(failure), failure);
    }
#endif

    template <class Call>
    static bool within_memory(Failure& failure, Call call) noexcept {
        return detail::guard_memory(Stage::notification, failure, call);
    }

    bool send_joined(std::initializer_list<detail::Piece> pieces, Failure& failure) const noexcept {
        return within_memory(failure, [&] { return send(detail::joined(pieces), failure); });
    }

    bool send(const std::string& assignments, const int* fds, std::size_t count, Failure& failure) const noexcept {
        failure = Failure();
        if (!socket_) return true;
        if (assignments.size() > detail::notification_limit) {
            failure = detail::notify_failure(EMSGSIZE, to_, "a message has at most 4096 bytes");
            return false;
        }
        const int error = socket_.send(assignments, fds, count);
        return error == 0 || fail(error, failure);
    }

    bool fail(int error, Failure& failure) const noexcept {
        failure = detail::notify_failure(error, to_);
        return false;
    }

    bool is_name_valid(const std::string& name, Failure& failure) const {
        failure = Failure();
        if (detail::is_descriptor_name(name)) return true;
        failure = detail::notify_failure(EINVAL, detail::joined({"of the descriptor ", name}),
                                         "a name is 1 to 255 printable ASCII characters without a colon");
        return false;
    }

    // Notifies the manager and the supervisor, each also when the other one cannot be reached.
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
    int ready_error_ = 0; // ready() reports it
};

} // namespace daemonize

#endif
