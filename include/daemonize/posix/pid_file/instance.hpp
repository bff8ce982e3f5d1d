// Instance: the daemon of a pid file, seen from outside. Who runs, since when; signals, a stop, a reload, a wait.
// Uses pid_file, process_handle and process_info; programs and Service use it.
#ifndef DAEMONIZE_POSIX_PID_FILE_INSTANCE_HPP
#define DAEMONIZE_POSIX_PID_FILE_INSTANCE_HPP

#include "../system/proc.hpp"
#include "../system/process_handle.hpp"
#include "pid_file.hpp"

#include <string>
#include <utility>

namespace daemonize {

/// The daemon that holds a pid file, found by the file's locks: the number in it is never trusted, and a process that got
/// the number of a daemon that died is never touched. Each operation looks anew, and holds nothing in between. Each comes
/// in two forms: one fills a Failure, of Stage::instance or Stage::pid_file_open, the other throws that as an Error.
///
/// May be used by several threads. Sources: fcntl(2), "Open file description locks"; pidfd_send_signal(2). Without a pidfd
/// (Linux before 5.3, a container's filter, other systems) a signal goes to the number at once after the kernel named it.
class Instance {
  public:
    enum class State {
        not_running,
        dead,     ///< it left its pid file: killed, or the machine was
        starting, ///< not ready yet
        running
    };

    struct Status {
        State state = State::not_running;
        pid_t pid = 0;            ///< where it runs, or starts and can be named
        std::int64_t since = 0;   ///< when its process began, in seconds since 1970; 0 where the system does not tell
        std::uint64_t memory = 0; ///< its resident memory in bytes; 0 where the system does not tell
    };

    /// The daemon of this pid file. Nothing is opened yet.
    static Instance at(std::string pid_file) { return Instance(std::move(pid_file)); }

    const std::string& pid_file() const noexcept { return path_; }

    /// What it does now. Takes no lock, and so disturbs no start.
    Status status(Failure& failure) const noexcept {
        Found found;
        Status result;
        if (!find(found, failure)) return result;
        result.state = found.state;
        result.pid = found.pid;
        if (found.pid <= 0) return result;
        const detail::ProcessInfo facts = detail::process_info(found.pid);
        result.since = facts.since;
        result.memory = facts.memory;
        return result;
    }

    /// Sends it a signal. One that does not run is a failure: ESRCH.
    bool signal(int number, Failure& failure) const noexcept {
        Found found;
        return find_process(found, failure) && send(found, number, failure);
    }

    /// Has it read its configuration again, by SIGHUP. Refused where the daemon does not handle that, and would die of it.
    bool reload(Failure& failure) const noexcept {
        Found found;
        if (!find_process(found, failure)) return false;
        if (detail::takes_signal(found.pid, SIGHUP) == detail::Answer::no) {
            return fail(failure, EOPNOTSUPP, "it does not handle SIGHUP, which would end it");
        }
        return send(found, SIGHUP, failure);
    }

    /// Asks it to stop, by SIGTERM, and waits until it is gone. What does not end within `timeout` is killed, where
    /// `then_kill` says so, or is a failure: ETIMEDOUT. One that does not run is none. What a dead one left is removed.
    bool stop(Duration timeout, bool then_kill, Failure& failure) const noexcept {
        const auto says_so = [then_kill](pid_t) { return then_kill; };
        bool ran = false;
        return stop_or_ask(timeout, says_so, ran, failure);
    }

    /// As above; where `may_kill(pid)`, asked when the time is over, says so, that very process is killed. `ran` is whether
    /// there was anything to stop.
    template <class Asked>
    bool stop_or_ask(Duration timeout, Asked may_kill, bool& ran, Failure& failure) const noexcept {
        const Duration deadline = detail::monotonic_now() + timeout;
        Found found;
        ran = false;
        do {
            if (!find(found, failure, O_RDWR)) return false;
            ran = ran || found.is_up();
            if (found.pid <= 0 && !nap_while_starting(found, deadline)) break;
        } while (found.state == State::starting && found.pid <= 0);
        if (!found.is_up()) return remove_remains(found);
        if (!is_signalable(found, failure)) return false;
        if (!send_to_end(found, SIGTERM, failure) || wait_for_end(found, deadline)) {
            return !failure && remove_remains(found);
        }
        if (!may_kill(found.pid))
            return fail(failure, ETIMEDOUT, detail::joined({"process ", found.pid, " did not stop in time"}));
        if (!send_to_end(found, SIGKILL, failure)) return !failure && remove_remains(found);
        // Death by SIGKILL takes as long as the system call that the process is in.
        if (wait_for_end(found, detail::monotonic_now() + Duration::seconds(10))) return remove_remains(found);
        return fail(failure, ETIMEDOUT, detail::joined({"process ", found.pid, " was killed, and does not end"}));
    }

    /// Waits until it does not run any more; false, without a failure, where it still does after `timeout`.
    bool wait(Duration timeout, Failure& failure) const noexcept {
        const Duration deadline = detail::monotonic_now() + timeout;
        for (;;) {
            Found found;
            if (!find(found, failure)) return false;
            if (!found.is_up()) return true;
            if (found.pid > 0 ? !wait_for_end(found, deadline) : !nap_while_starting(found, deadline)) return false;
        }
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    Status status() const {
        Failure failure;
        const Status result = status(failure);
        if (failure) throw Error(std::move(failure));
        return result;
    }
    void signal(int number) const {
        Failure failure;
        if (!signal(number, failure)) throw Error(std::move(failure));
    }
    void reload() const {
        Failure failure;
        if (!reload(failure)) throw Error(std::move(failure));
    }
    void stop(Duration timeout = Duration::seconds(30), bool then_kill = false) const {
        Failure failure;
        if (!stop(timeout, then_kill, failure)) throw Error(std::move(failure));
    }
    bool wait(Duration timeout = Duration::longest()) const {
        Failure failure;
        const bool ended = wait(timeout, failure);
        if (failure) throw Error(std::move(failure));
        return ended;
    }
#endif

  private:
    // What one look found. Between the two questions that named it the process was there: the handle is its own.
    struct Found {
        State state = State::not_running;
        pid_t pid = 0;
        bool is_certain = false; // that the process of this number is the daemon
        detail::ProcessHandle process;
        detail::OpenPidFile file; // where it was opened for writing

        bool is_up() const noexcept { return state == State::running || state == State::starting; }
    };

    explicit Instance(std::string path) : path_(std::move(path)) {}

    bool fail(Failure& failure, int error, std::string_view reason = {}) const {
        failure = detail::posix_failure(Stage::instance, error, path_, reason);
        return false;
    }

    bool ask(int file, detail::LockHolder& holder, Failure& failure) const {
        if (detail::ask_holder(file, holder)) return true;
        failure = detail::posix_failure(Stage::pid_file_open, errno, path_);
        return false;
    }

    // With O_RDWR it leaves the file open, so that what the daemon leaves can be taken away at once: it is the dying that
    // a stop waits for, and not our looking anew. Who may not write the file may ask all the same.
    bool find(Found& found, Failure& failure, int access = O_RDONLY) const {
        found = Found();
        failure = Failure();
        if (detail::is_held_here(path_)) {
            found.state = State::running;
            found.pid = DAEMONIZE_SYSTEM(getpid)();
            found.is_certain = true;
            found.process = detail::ProcessHandle(found.pid);
            return true;
        }
        for (int round = 0; round < 1000; ++round) {
            detail::OpenPidFile file;
            if (!detail::open_to_ask(path_, file.file, file.facts, failure, access)) {
                if (std::exchange(access, O_RDONLY) == O_RDONLY) return false;
                failure = Failure();
                continue;
            }
            if (!file) return true;
            const Look seen = look(file.get(), file.facts, round, found, failure);
            if (seen == Look::passing) continue;
            if (access != O_RDONLY) found.file = std::move(file);
            return seen == Look::settled;
        }
        return fail(failure, EAGAIN, "its process keeps changing");
    }

    // What one look at an open file came to. Passing: a daemon that was just replaced, or a lock that nobody's name stands
    // by, as a stop holds it for an instant while it takes a dead daemon's file away.
    enum class Look { settled, passing, failed };

    Look look(int file, const struct stat& facts, int round, Found& found, Failure& failure) const {
        detail::LockHolder holder, again;
        if (!ask(file, holder, failure)) return Look::failed;
        if (holder.state == detail::LockHolder::State::none || holder.state == detail::LockHolder::State::squatted) {
            found.state = facts.st_size > 0 ? State::dead : State::not_running;
            return Look::settled;
        }
        if (holder.state == detail::LockHolder::State::starting) {
            found.state = State::starting; // its process is the launcher's, which is nobody's to signal
            return Look::settled;
        }
        found.process = detail::ProcessHandle(holder.pid);
        if (!ask(file, again, failure)) return Look::failed;
        if (again.state != holder.state || again.pid != holder.pid) return Look::passing;
        const detail::Answer is_its = holder.is_named ? detail::Answer::yes : detail::holds_lock(holder.pid, facts);
        // Longer where the system shows that this process does not hold it, than where it shows nothing.
        if (is_its != detail::Answer::yes && round < (is_its == detail::Answer::no ? 900 : 100)) {
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // to be cut short does no harm
            return Look::passing;
        }
        found.state = detail::is_awaited(file, holder.pid) ? State::starting : State::running;
        found.pid = holder.pid;
        found.is_certain = is_its == detail::Answer::yes;
        return Look::settled;
    }

    // Finds a daemon that can be signalled.
    bool find_process(Found& found, Failure& failure) const {
        if (!find(found, failure)) return false;
        if (!found.is_up()) return fail(failure, ESRCH, "it does not run");
        return is_signalable(found, failure);
    }

    bool is_signalable(const Found& found, Failure& failure) const {
        if (found.pid <= 0) return fail(failure, EAGAIN, "it is being started");
        return found.is_certain ||
               fail(failure, EPERM, detail::joined({"the system does not tell whether it is process ", found.pid}));
    }

    bool send(const Found& found, int number, Failure& failure) const {
        const int error = found.process.signal(number);
        if (error == ESRCH) return fail(failure, ESRCH, "it does not run any more");
        return error == 0 || fail(failure, error);
    }

    // False where there is nothing to wait for: it is gone already, or the failure says why it will not go.
    bool send_to_end(const Found& found, int number, Failure& failure) const {
        const int error = found.process.signal(number);
        if (error == ESRCH) return false;
        if (error != 0) return fail(failure, error, error == EPERM ? "another user runs it" : "");
        static_cast<void>(found.process.signal(SIGCONT)); // a stopped process would not hear of it
        return true;
    }

    // Waits until this very process does not hold the file any more. The locks are asked too: a process that nobody reaps
    // is still there without a pidfd.
    bool wait_for_end(Found& found, Duration deadline) const {
        const int access = found.file ? O_RDWR : O_RDONLY;
        for (;;) {
            if (found.process.wait(deadline)) return true;
            found.file = detail::OpenPidFile(); // there may be no descriptor for a second look
            Found now;
            Failure ignored;
            const bool is_other = find(now, ignored, access) && now.pid != found.pid;
            found.file = std::move(now.file);
            if (is_other) return true;
            if (detail::monotonic_now() >= deadline) return false;
        }
    }

    // Between the lock and the daemon there is a launcher at work for some milliseconds: no process to wait for yet.
    static bool nap_while_starting(const Found& found, Duration deadline) noexcept {
        if (found.state != State::starting || detail::monotonic_now() >= deadline) return false;
        static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 5)); // to be cut short does no harm
        return true;
    }

    // Takes a dead daemon's file away, under its lock, so that no start loses it. What cannot be removed is no failure:
    // the next start takes it over. One that belongs neither to root, nor to us, nor to the directory's owner was put there
    // by somebody else, and no start would take it either.
    bool remove_remains(const Found& found) const {
        if (!found.file) return true;
        const uid_t owner = found.file.facts.st_uid;
        struct stat directory;
        const bool is_trusted =
            detail::Owners().include(owner) ||
            (DAEMONIZE_SYSTEM(stat)(detail::directory_of(path_).c_str(), &directory) == 0 && directory.st_uid == owner);
        if (is_trusted && detail::lock_whether(found.file.get()) && detail::leads_to(path_.c_str(), found.file.facts)) {
            static_cast<void>(DAEMONIZE_SYSTEM(unlink)(path_.c_str()));
        }
        return true;
    }

    std::string path_;
};

} // namespace daemonize

#endif
