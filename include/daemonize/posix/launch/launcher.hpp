// The launcher's side: it waits for the daemon's record, shows what comes meanwhile, ends the daemon on time-out or
// Ctrl-C, and reaps what it started and nothing else.
// Uses undo, channel, clock, middle and terminal; launch.hpp uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_LAUNCHER_HPP
#define DAEMONIZE_POSIX_LAUNCH_LAUNCHER_HPP

#include "../system/clock.hpp"
#include "../system/terminal.hpp"
#include "channel.hpp"
#include "intermediate.hpp"

#include <csignal>
#include <poll.h>
#include <string>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

// What the launcher's signal handler reaches: one launch at a time waits in a process.
inline volatile std::sig_atomic_t interrupting_signal = 0;
inline int interrupted_channel = -1;
inline pid_t interrupted_child = -1; // where there is no process between to do it

// Asks for the daemon's end there and then, so that a signal just before the poll is not lost: the poll wakes on the
// daemon's death, or on its own end of the channel.
inline void interrupt_launch(int number) noexcept {
    const int error = errno;
    interrupting_signal = number;
    if (interrupted_child > 0) static_cast<void>(DAEMONIZE_SYSTEM(kill)(interrupted_child, SIGTERM));
    static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(interrupted_channel, SHUT_WR));
    errno = error;
}

// While it lives, what would end the launcher ends the daemon first. What is ignored (nohup) stays ignored.
class Interruption {
  public:
    Interruption(int channel, pid_t child) noexcept {
        interrupting_signal = 0;
        interrupted_channel = channel;
        interrupted_child = child;
        const struct sigaction action = plain_action(interrupt_launch);
        for (int i = 0; i < count; ++i) {
            replaced_[i] = DAEMONIZE_SYSTEM(sigaction)(handled_signals[i], &action, &before_[i]) == 0;
            if (replaced_[i] && is_ignored(before_[i])) restore(i);
        }
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() {
        for (int i = 0; i < count; ++i) restore(i);
    }

    // In a launcher that has nothing left to do but to leave, with every signal blocked: what comes now is too late.
    void stay() noexcept {
        interrupted_channel = interrupted_child = -1;
        for (bool& replaced : replaced_) replaced = false;
    }

  private:
    static constexpr int count = 4;
    static constexpr int handled_signals[count] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    void restore(int i) noexcept {
        if (replaced_[i]) static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(handled_signals[i], &before_[i], nullptr));
        replaced_[i] = false;
    }

    struct sigaction before_[count];
    bool replaced_[count] = {};
};

// What came of a launch, on the launcher's side.
struct Outcome {
    Failure failure;
    pid_t pid = -1;
    bool died = false;
    int wait_status = 0;
    int interrupted_by = 0;
    std::string words; // what the daemon wrote to standard error before it was ready, where they are kept
};

class Launcher {
  public:
    // `child`: who forks the daemon, or in a single fork the daemon. `keep_stderr`: for the caller, instead of showing them.
    Launcher(const Plan& plan, const Options& options, pid_t child, const LaunchState& launch_state, int words,
             bool keep_stderr)
        : options_(options), child_(child), channel_(launch_state.channel.launcher.get()), stderr_output_(words),
          keep_stderr_(keep_stderr), progress_(plan.name), deadline_(monotonic_now() + options.timeout) {}

    // Waits until the daemon is ready, or the launch has failed and nothing of it runs. Signals come in meanwhile, and
    // are blocked again at the end: one that came with the record decides before the launch is called a success.
    Outcome await(BlockedSignals& blocked_signals) {
        Interruption interruption(channel_, is_parent() ? child_ : -1);
        blocked_signals.unblock_but_children();
        bool ready = watch();
        blocked_signals.block();
        if (ready && interrupting_signal != 0) ready = fail_interrupted();
        outcome_.interrupted_by = interrupting_signal;
        if (!ready) end();
        if (progress_.is_shown() && stderr_is_writable()) progress_.clear();
        finish_stderr();
        if (ready && !is_parent()) release_intermediate();
        if (ready && !keep_stderr_) interruption.stay();
        return std::move(outcome_);
    }

  private:
    // Whether the daemon is our own child, with no process between.
    bool is_parent() const noexcept { return options_.fork == Fork::once; }

    // True once the daemon is ready; false when the launch has failed.
    bool watch() {
        for (;;) {
            pollfd watched[2] = {{channel_, POLLIN, 0}, {stderr_output_, POLLIN, 0}};
            const int count = DAEMONIZE_SYSTEM(poll)(watched, stderr_output_ >= 0 ? 2u : 1u, poll_time(deadline_));
            if (interrupting_signal != 0) return fail_interrupted();
            if (count == 0) return fail_late();
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(Stage::channel, errno, "");
            if (watched[1].revents != 0) relay_stderr();
            if (watched[0].revents == 0 && is_late()) return fail_late(); // though words keep coming
            if (watched[0].revents == 0) continue;
            Record record;
            std::string detail, reason;
            const bool received = receive_record(channel_, record, detail, reason);
            const int error = errno == ECONNRESET ? 0 : errno; // which is how a death may look
            drain_stderr();
            if (!received) return error != 0 ? fail(Stage::channel, error, "") : fail_dead();
            if (record.kind == Record::progress) {
                extend(record.extend_by);
                finish_stderr();
                if (stderr_is_writable()) progress_.show(reason);
                continue;
            }
            outcome_.pid = static_cast<pid_t>(record.pid);
            if (record.kind == Record::ready) return true;
            if (record.kind == Record::died) return fail_dead(record.exit_code);
            outcome_.failure = posix_failure(static_cast<Stage>(record.stage), record.error, detail, reason);
            is_told_ = true;
            if (record.exit_code != 0) outcome_.failure.exit_code(record.exit_code);
            return false;
        }
    }

    // The process between has nothing left to tell. Where it can't be killed it is told to leave: what else wakes it, our
    // own end too, has it end the daemon. Where it does not listen any more, the daemon is dead already.
    void release_intermediate() noexcept {
        if (DAEMONIZE_SYSTEM(kill)(child_, SIGKILL) != 0 && DAEMONIZE_SYSTEM(send)(channel_, "", 1, no_sigpipe) != 1) {
            static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR));
        }
        reap();
    }

    bool is_late() const noexcept { return monotonic_now() >= deadline_; }

    // What the daemon wrote before a record comes before what we write about it. A pipe holds no more than this; who
    // writes on and on is not waited for.
    void drain_stderr() {
        for (int i = 0; i < 16 && stderr_output_ >= 0; ++i) {
            if (!relay_stderr()) return;
        }
    }

    void extend(std::int64_t nanoseconds) noexcept {
        const Duration later = monotonic_now() + Duration::nanoseconds(nanoseconds);
        if (later > deadline_) deadline_ = later;
    }

    // Shows, or keeps, what the daemon wrote. False where nothing is left for now.
    bool relay_stderr() {
        char text[4096];
        const ssize_t size = retry([&] { return DAEMONIZE_SYSTEM(read)(stderr_output_, text, sizeof text); });
        if (size == 0) stderr_output_ = -1;
        if (size <= 0) return false;
        const std::string words(text, static_cast<std::size_t>(size));
        if (!keep_stderr_) {
            if (!stderr_is_writable()) return true;
            progress_.clear();
            write_error(words);
            stderr_end_open_ = words.back() != '\n';
        } else {
            constexpr std::size_t most = 65536; // the last of them say what went wrong
            outcome_.words += words;
            if (outcome_.words.size() > most) outcome_.words.erase(0, outcome_.words.size() - most);
        }
        return true;
    }

    // Whether our standard error takes a few words before time is up. Where nobody reads it, or its terminal is stopped,
    // they are dropped then, and soon on an interruption, which may come just before the poll: a start is not to hang on
    // them.
    bool stderr_is_writable() const noexcept {
        constexpr int look = 100; // milliseconds
        for (;;) {
            pollfd error = {STDERR_FILENO, POLLOUT, 0};
            const int left = interrupting_signal != 0 ? look : poll_time(deadline_);
            const int count = DAEMONIZE_SYSTEM(poll)(&error, 1, left < look ? left : look);
            if (count > 0 || (count < 0 && errno != EINTR)) return true;
            if (count == 0 && left <= look) return false;
        }
    }

    // What we write is not to be the end of a line that the daemon began.
    void finish_stderr() noexcept {
        if (stderr_end_open_ && stderr_is_writable()) write_error("\n");
        stderr_end_open_ = false;
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

    // The daemon is dead, and `wait_status` says of what.
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

    // The channel ended without a record.
    bool fail_dead() {
        if (is_parent() && has_ended() && child_ > 0) {
            const int wait_status = reap();
            if (wait_status >= 0) return fail_dead(wait_status);
        }
        return fail(Stage::readiness, ECHILD, "the daemon ended, and nobody is left to say how");
    }

    // Makes sure that nothing of the launch runs any more. A daemon that told its own failure is on its way out, and may
    // finish what it does there.
    void end() {
        const bool leaving = is_told_ && interrupting_signal == 0;
        if (is_parent()) {
            if (child_ > 0 && !(leaving && has_ended())) end_child();
        } else if (!outcome_.died && !(leaving && is_told_of_death(ending_grace))) {
            static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_WR)); // the process between takes it from there
            // Where its word is not understood, it takes us for gone, and leaves only when the daemon is dead.
            if (!is_told_of_death(ending_grace + 1)) {
                static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR));
                static_cast<void>(has_ended());
            }
        }
        // Its number, and its group's, are nobody else's before we have reaped it.
        if (child_ < 0) return;
        if (options_.setsid) static_cast<void>(DAEMONIZE_SYSTEM(kill)(-child_, SIGKILL));
        // It may not have come as far as its own group.
        if (DAEMONIZE_SYSTEM(kill)(child_, SIGKILL) != 0 && !is_parent()) {
            static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(channel_, SHUT_RDWR)); // for it, as if we were gone
        }
        reap();
    }

    void end_child() {
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(child_, SIGTERM));
        static_cast<void>(DAEMONIZE_SYSTEM(kill)(child_, SIGCONT)); // a stopped one does not see it before
        static_cast<void>(has_ended());
    }

    // Waits so many seconds for the process between to tell that the daemon is dead, or for the stream's end.
    bool is_told_of_death(unsigned seconds) {
        deadline_ = monotonic_now() + Duration::seconds(seconds);
        while (await_end()) {
        }
        return outcome_.died;
    }

    // Gives our own child its grace to end, and hears its last words. Does not reap it: its number must stay its own until
    // its group is dealt with.
    bool has_ended() {
        deadline_ = monotonic_now() + Duration::seconds(ending_grace);
        for (;;) {
            siginfo_t info = {};
            const int result = retry([&] {
                return DAEMONIZE_SYSTEM(waitid)(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT);
            });
            const bool is_gone = result != 0 || info.si_pid == child_;
            if (result != 0) child_ = interrupted_child = -1; // another had it, and its number may be anybody's now
            drain_stderr();
            if (is_gone) return true;
            if (is_late()) return false;
            // SIGCHLD would wake us, but its handler is the application's. This lasts as long as a dying process does.
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1));
        }
    }

    // Reads on until the stream ends, or the last record has come. False then, and when time is up.
    bool await_end() {
        pollfd watched[2] = {{channel_, POLLIN, 0}, {stderr_output_, POLLIN, 0}};
        const int count = DAEMONIZE_SYSTEM(poll)(watched, stderr_output_ >= 0 ? 2u : 1u, poll_time(deadline_));
        if (count < 0 && errno == EINTR) return true;
        if (count <= 0) return false;
        if (watched[1].revents != 0) relay_stderr();
        if (watched[0].revents == 0) return !is_late();
        Record record;
        std::string detail, reason;
        if (!receive_record(channel_, record, detail, reason)) return false;
        if (record.kind != Record::died) return true;
        outcome_.died = true;
        outcome_.wait_status = record.exit_code;
        outcome_.pid = static_cast<pid_t>(record.pid);
        return false;
    }

    // Waits for our own child, once, and tells its wait status; -1 where another thread's waitpid(-1) had it: gone is gone.
    int reap() noexcept {
        int status = 0;
        interrupted_child = -1; // its number may be another's at once
        const pid_t ended = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child_, &status, 0); });
        child_ = -1;
        return ended > 0 ? status : -1;
    }

    const Options& options_;
    pid_t child_;
    int channel_;
    int stderr_output_;
    bool keep_stderr_;
    bool is_told_ = false;         // the daemon said itself what failed
    bool stderr_end_open_ = false; // what was shown last has no end of line
    ProgressLine progress_;
    Duration deadline_;
    Outcome outcome_;
};

} // namespace detail
} // namespace daemonize

#endif
