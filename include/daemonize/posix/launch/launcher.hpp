// Launcher: waits for the daemon's record, shows the daemon's output, and ends a launch that fails (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCHER_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCHER_HPP

#include "../system/clock.hpp"
#include "../system/progress_line.hpp"
#include "channel.hpp"
#include "intermediate.hpp"
#include "interruption.hpp"
#include "launch_result.hpp"

#include <poll.h>
#include <string>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// The descriptors that the launcher watches. poll(2) ignores negative ones.
class Watched {
  public:
    Watched(int channel, const int (&pipes)[3]) noexcept
        : all_{{channel, POLLIN, 0}, {pipes[1], POLLIN, 0}, {pipes[2], POLLIN, 0}} {}

    // poll(2) until the deadline.
    int wait(Duration deadline) noexcept { return DAEMONIZE_SYSTEM(poll)(all_, 3u, poll_time(deadline)); }
    bool has_record() const noexcept { return all_[0].revents != 0; }
    bool has_output(int stream) const noexcept { return all_[stream].revents != 0; }

  private:
    pollfd all_[3]; // the channel, then the pipes of the streams 1 and 2
};

// The launcher's side of a launch. The launcher waits for its own child alone, and leaves other children of the
// application unreaped.
class Launcher {
  public:
    // `keep_output`: the daemon's output goes into the outcome, and is not shown.
    Launcher(const Plan& plan, const Options& options, const LaunchState& launch_state, bool keep_output) noexcept
        : options_(options),
          channel_(launch_state.channel.launcher.get()), pipes_{-1, launch_state.pipes[1].read_end.get(),
                                                                launch_state.pipes[2].read_end.get()},
          keep_output_(keep_output), progress_(plan.name), deadline_(monotonic_now() + options.timeout) {}

    // Waits until the daemon is ready, or the launch has failed and no process of it runs. `child`: the intermediate
    // process, or the daemon after one fork. Signals are unblocked meanwhile. A signal that comes with the record of
    // readiness makes the launch fail. Throws no std::bad_alloc.
    Outcome await(pid_t child, BlockedSignals& blocked_signals) {
        child_ = child;
        Interruption interruption(channel_, is_parent() ? child_ : -1);
        blocked_signals.unblock_but_children();
        bool ready = is_ready_within_memory([this] { return watch(); });
        blocked_signals.block();
        if (ready && interrupting_signal != 0) {
            ready = is_ready_within_memory([this] { return fail_interrupted(); });
        }
        outcome_.interrupted_by = interrupting_signal;
        if (!ready) end();
        if (progress_.is_shown() && is_writable(STDERR_FILENO)) progress_.clear();
        finish_line();
        if (ready && !is_parent()) release_intermediate();
        if (ready && !keep_output_) interruption.stay();
        return std::move(outcome_);
    }

  private:
    // Whether the daemon is this process's child, without an intermediate process.
    bool is_parent() const noexcept { return options_.fork == Fork::once; }

    // Returns `call()`: whether the daemon is ready. If memory is short, the launch has failed.
    template <class Call>
    bool is_ready_within_memory(Call call) {
        bool ready = false;
        if (!call_within_memory([&] { ready = call(); })) outcome_.failure = out_of_memory(Stage::memory);
        return ready;
    }

    // Returns true once the daemon is ready, and false once the launch has failed.
    bool watch() {
        for (;;) {
            Watched watched(channel_, pipes_);
            const int count = watched.wait(deadline_);
            if (interrupting_signal != 0) return fail_interrupted();
            if (count == 0) return fail_late();
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(Stage::channel, errno, "");
            relay(watched);
            if (has_lost_output_) return fail(Stage::memory, ENOMEM, memory_is_short);
            if (!watched.has_record() && is_late()) return fail_late(); // the daemon may write without end
            if (!watched.has_record()) continue;
            Record record;
            RecordTexts texts;
            const bool received = receive_record(channel_, record, texts);
            const int error = errno == ECONNRESET ? 0 : errno; // ECONNRESET: the daemon died with unread data
            drain_output();
            if (has_lost_output_) return fail(Stage::memory, ENOMEM, memory_is_short);
            if (!received) return error != 0 ? fail(Stage::channel, error, "") : fail_without_record();
            if (record.kind != Record::progress) return finish(record, texts);
            extend(record.extend_by);
            finish_line();
            if (is_writable(STDERR_FILENO)) progress_.show(texts.reason);
        }
    }

    // Handles the last record. Returns true for the record of readiness.
    bool finish(const Record& record, const RecordTexts& texts) {
        outcome_.pid = static_cast<pid_t>(record.pid);
        if (record.kind == Record::ready) return true;
        if (record.kind == Record::died) return fail_dead(record.exit_code);
        outcome_.failure = posix_failure(static_cast<Stage>(record.stage), record.error, texts.detail, texts.reason);
        is_reported_ = true;
        if (record.exit_code != 0) outcome_.failure.exit_code(record.exit_code);
        return false;
    }

    // Ends the intermediate process and reaps it. If kill(2) fails, a byte on the channel makes the intermediate
    // process exit. Any other event on the channel makes the intermediate process end the daemon. If send(2) fails, the
    // daemon has ended already.
    void release_intermediate() noexcept {
        if (DAEMONIZE_SYSTEM(kill)(child_, SIGKILL) != 0 && DAEMONIZE_SYSTEM(send)(channel_, "", 1, no_sigpipe) != 1) {
            static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR));
        }
        reap();
    }

    bool is_late() const noexcept { return monotonic_now() >= deadline_; }

    // Relays the output that came before a record, so that the launcher's own lines come after it. A pipe holds 16
    // parts at most; a daemon that writes without end does not delay the launcher.
    void drain_output() noexcept {
        for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
            for (int i = 0; i < 16 && pipes_[stream] >= 0; ++i) {
                if (!relay(stream)) break;
            }
        }
    }

    void relay(const Watched& watched) noexcept {
        for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
            if (watched.has_output(stream)) static_cast<void>(relay(stream));
        }
    }

    void extend(std::int64_t nanoseconds) noexcept {
        const Duration later = monotonic_now() + Duration::nanoseconds(nanoseconds);
        if (later > deadline_) deadline_ = later;
    }

    // Shows or keeps a part of the daemon's output. Returns false if no output is left for now.
    bool relay(int stream) noexcept {
        char part[4096];
        const ssize_t size = retry([&] { return DAEMONIZE_SYSTEM(read)(pipes_[stream], part, sizeof part); });
        if (size == 0) pipes_[stream] = -1;
        if (size <= 0) return false;
        const std::string_view text(part, static_cast<std::size_t>(size));
        if (!keep_output_) {
            if (!is_writable(stream)) return true;
            progress_.clear();
            static_cast<void>(write_text(stream, text)); // a failure has no reader
            if (stream == STDERR_FILENO) is_line_open_ = text.back() != '\n';
        } else {
            constexpr std::size_t most = 65536; // the end of the output, which has the reason of a failure
            std::string& kept = stream == STDERR_FILENO ? outcome_.error_output : outcome_.output;
            if (!call_within_memory([&] { kept += text; })) has_lost_output_ = true;
            if (kept.size() > most) kept.erase(0, kept.size() - most);
        }
        return true;
    }

    // Whether the launcher's stream takes text before the deadline. The text is dropped if no process reads the stream,
    // or its terminal is stopped. After an interrupting signal the wait is short.
    bool is_writable(int stream) const noexcept {
        constexpr int look = 100; // milliseconds
        for (;;) {
            pollfd target = {stream, POLLOUT, 0};
            const int left = interrupting_signal != 0 ? look : poll_time(deadline_);
            const int count = DAEMONIZE_SYSTEM(poll)(&target, 1, left < look ? left : look);
            if (count > 0 || (count < 0 && errno != EINTR)) return true;
            if (count == 0 && left <= look) return false;
        }
    }

    // Ends a line that the daemon began, before the launcher writes a line.
    void finish_line() noexcept {
        if (is_line_open_ && is_writable(STDERR_FILENO)) write_error("\n");
        is_line_open_ = false;
    }

    bool fail(Stage stage, int error, std::string_view reason) {
        outcome_.failure = posix_failure(stage, error, "", reason);
        return false;
    }

    bool fail_late() {
        const std::int64_t milliseconds = options_.timeout.milliseconds();
        const bool whole = milliseconds % 1000 == 0;
        return fail(Stage::timeout, ETIMEDOUT,
                    joined({"the time-out of ", whole ? milliseconds / 1000 : milliseconds, whole ? " s" : " ms",
                            " is over, and the daemon was ended"}));
    }

    bool fail_interrupted() {
        const int number = interrupting_signal;
        fail(Stage::interrupted, EINTR, joined({"signal ", number, " came, and the daemon was ended"}));
        outcome_.failure.exit_code(128 + number);
        return false;
    }

    bool fail_dead(int wait_status) {
        outcome_.died = true;
        outcome_.wait_status = wait_status;
        if (WIFSIGNALED(wait_status)) {
            const int number = WTERMSIG(wait_status);
            fail(Stage::readiness, ECHILD, joined({"the daemon was killed by signal ", number}));
            outcome_.failure.exit_code(128 + number);
        } else {
            const int code = WEXITSTATUS(wait_status);
            fail(Stage::readiness, ECHILD, joined({"the daemon ended with exit status ", code}));
            outcome_.failure.exit_code(code == 0 ? 1 : code);
        }
        return false;
    }

    // The channel ended without a record: the daemon is dead, and the intermediate process too.
    bool fail_without_record() {
        if (is_parent() && has_ended() && child_ > 0) {
            const int wait_status = reap();
            if (wait_status >= 0) return fail_dead(wait_status);
        }
        return fail(Stage::readiness, ECHILD, "the daemon ended, and its exit status is not known");
    }

    // Ends every process of a failed launch. A daemon that reported its own failure gets time for its exit handlers.
    void end() {
        const bool is_exiting = is_reported_ && interrupting_signal == 0;
        if (is_parent()) {
            if (child_ > 0 && !(is_exiting && has_ended())) end_child();
        } else if (!outcome_.died && !(is_exiting && await_death(ending_grace))) {
            static_cast<void>(
                DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_WR)); // the intermediate process ends the daemon
            // If its record is lost, the second shutdown(2) looks like the launcher's death: the intermediate process
            // exits when the daemon has ended.
            if (!await_death(ending_grace + 1)) {
                static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR));
                static_cast<void>(has_ended());
            }
        }
        if (child_ < 0) return;
        // The child is not reaped yet, so no other process or group has its number.
        if (options_.setsid) static_cast<void>(DAEMONIZE_SYSTEM(kill)(-child_, SIGKILL));
        // The child may not have called setsid(2) yet.
        if (DAEMONIZE_SYSTEM(kill)(child_, SIGKILL) != 0 && !is_parent()) {
            static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR)); // ends it as the launcher's death would
        }
        reap();
    }

    void end_child() {
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(child_, SIGTERM));
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(child_, SIGCONT)); // a stopped child handles SIGTERM only then
        static_cast<void>(has_ended());
    }

    // Waits some seconds for the record of the daemon's death, or for the end of the stream. Returns whether the record
    // came.
    bool await_death(unsigned seconds) {
        deadline_ = monotonic_now() + Duration::seconds(seconds);
        while (receive_death()) {
        }
        return outcome_.died;
    }

    // Gives the child the grace to end, and relays its output meanwhile. Does not reap it: its number, which is its
    // group's too, must not be reused before end() has killed the group.
    bool has_ended() {
        deadline_ = monotonic_now() + Duration::seconds(ending_grace);
        for (;;) {
            siginfo_t info = {};
            const int result = retry([&] {
                return DAEMONIZE_SYSTEM(waitid)(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT);
            });
            const bool is_gone = result != 0 || info.si_pid == child_;
            if (result != 0) child_ = interrupted_child = -1; // another thread reaped it, so the number may be reused
            drain_output();
            if (is_gone) return true;
            if (is_late()) return false;
            // The handler of SIGCHLD is the application's, so it cannot end this wait. A dying process ends soon.
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1));
        }
    }

    // Reads on. Returns false at the record of the daemon's death, at the end of the stream, and after the deadline.
    bool receive_death() {
        Watched watched(channel_, pipes_);
        const int count = watched.wait(deadline_);
        if (count < 0 && errno == EINTR) return true;
        if (count <= 0) return false;
        relay(watched);
        if (!watched.has_record()) return !is_late();
        Record record;
        RecordTexts texts;
        if (!receive_record(channel_, record, texts)) return false;
        if (record.kind != Record::died) return true;
        outcome_.died = true;
        outcome_.wait_status = record.exit_code;
        outcome_.pid = static_cast<pid_t>(record.pid);
        return false;
    }

    // Reaps the child. Returns its wait status, or -1 if a waitpid(-1) of another thread has reaped it.
    int reap() noexcept {
        int status = 0;
        interrupted_child = -1; // the number may be reused at once
        const pid_t ended = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child_, &status, 0); });
        child_ = -1;
        return ended > 0 ? status : -1;
    }

    const Options& options_;
    pid_t child_ = -1;
    int channel_;
    int pipes_[3]; // the read ends of the daemon's standard streams, or -1
    bool keep_output_;
    bool is_reported_ = false;     // the daemon reported its failure
    bool has_lost_output_ = false; // memory was too short to keep the daemon's output
    bool is_line_open_ = false;    // the text on standard error that was shown last has no end of line
    ProgressLine progress_;
    Duration deadline_;
    Outcome outcome_;
};

} // namespace detail
} // namespace daemonize

#endif
