// Daemonizer: the fluent face of the launch. Each setter stores what it is given, and no more.
// Uses launch; programs use it.
#ifndef DAEMONIZE_POSIX_LAUNCH_DAEMONIZER_HPP
#define DAEMONIZE_POSIX_LAUNCH_DAEMONIZER_HPP

#include "explain.hpp"
#include "foreground.hpp"
#include "launch.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace daemonize {

class Daemonizer;

namespace detail {

#if defined(__GLIBC__)
inline std::string program_name() { return program_invocation_short_name; }
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
inline std::string program_name() { return getprogname(); }
#else
inline std::string program_name() { return "daemon"; }
#endif

// What was asked of it: a Service asks for more before it launches.
inline Options& options_of(Daemonizer& daemonizer) noexcept;

} // namespace detail

/// Turns the running program into a daemon, or says why not: daemon(7), done whole.
///
/// Setters store and never fail; daemonize() and launch() check everything before they fork, and report all that is wrong
/// at once. Each failure names its Stage, which has an exit status of its own: exit_code(Stage). Defaults are daemon(7)'s:
/// two forks, a new session, "/", umask 027, null standard streams, no descriptor above 2, no pid file.
///
/// Fork safety: call it early, before threads are started and before libraries open descriptors of their own, which the
/// mass close would take from them. Thread safety: one launch at a time in a process.
class Daemonizer {
  public:
    /// `name` leads every message. By default it is the program's own.
    explicit Daemonizer(std::string name = detail::program_name()) { options_->name = std::move(name); }
    /// What was moved from can only be assigned to, and destroyed.
    Daemonizer(Daemonizer&& other) noexcept : options_(other.options_) { other.options_ = nullptr; }
    Daemonizer& operator=(Daemonizer&& other) noexcept {
        std::swap(options_, other.options_);
        return *this;
    }
    Daemonizer(const Daemonizer&) = delete;
    Daemonizer& operator=(const Daemonizer&) = delete;
    ~Daemonizer() {
        if (detail::daemon_state().options != options_) delete options_;
    }

    /// How often to fork; twice by default. Stage::fork.
    Daemonizer& fork(Fork value) {
        options_->fork = value;
        return *this;
    }

    /// Whether the daemon gets a session of its own, without a terminal; it does by default. setsid(2), Stage::setsid.
    /// Without one, what the daemon started cannot be ended with it when a start fails.
    Daemonizer& setsid(bool value = true) {
        options_->setsid = value;
        return *this;
    }

    /// The working directory, "/" by default, entered as the run-as user and inside the new root. A relative path means
    /// the launcher's directory, as everywhere here. Stage::chdir.
    Daemonizer& chdir(std::string path) {
        options_->keep_directory = false;
        options_->directory = std::move(path);
        return *this;
    }
    Daemonizer& chdir(Keep) {
        options_->keep_directory = true;
        return *this;
    }

    /// The root directory; the launcher's by default. Only root may. chroot(2), Stage::chroot.
    Daemonizer& chroot(std::string path) {
        options_->chroot.set(std::move(path));
        return *this;
    }

    /// The file mode creation mask, 027 by default. With 0, as old articles have it, anybody can write the logs.
    Daemonizer& umask(mode_t value) {
        options_->keep_umask = false;
        options_->umask = value;
        return *this;
    }
    Daemonizer& umask(Keep) {
        options_->keep_umask = true;
        return *this;
    }

    /// Whether to close every inherited descriptor above 2, but those of keep_fd() and those that a service manager
    /// passed (LISTEN_FDS); it does by default. The time it takes depends on how many are open. Stage::descriptors.
    Daemonizer& close_fds(bool value = true) {
        options_->close_fds = value;
        return *this;
    }

    /// Keeps one descriptor open, with its flags as they are. It must be open at the launch: Stage::options. The standard
    /// streams are not among them: stdin_from(), stdout_to() and stderr_to() say where they lead.
    Daemonizer& keep_fd(int fd) {
        options_->kept_fds.push_back(fd);
        return *this;
    }

    /// Where standard input comes from: a file, a descriptor, or the launcher's own; /dev/null by default.
    /// Stage::standard_input.
    Daemonizer& stdin_from(std::string path) { return stream(0, std::move(path)); }
    Daemonizer& stdin_from(int fd) { return stream(0, fd); }
    Daemonizer& stdin_from(Keep) { return stream(0, keep); }

    /// Where standard output goes: a file (appended to, made with 0666 less the umask, opened as the run-as user inside
    /// the new root, never through a symbolic link), a descriptor, or the launcher's own; /dev/null by default.
    /// Stage::standard_output.
    Daemonizer& stdout_to(std::string path) { return stream(1, std::move(path)); }
    Daemonizer& stdout_to(int fd) { return stream(1, fd); }
    Daemonizer& stdout_to(Keep) { return stream(1, keep); }

    /// Where standard error goes, once the daemon is ready; until then the launcher shows it. One path for both streams is
    /// one open file. A start that fails takes away a log that it made, where nothing was written to it.
    /// Stage::standard_error.
    Daemonizer& stderr_to(std::string path) { return stream(2, std::move(path)); }
    Daemonizer& stderr_to(int fd) { return stream(2, fd); }
    Daemonizer& stderr_to(Keep) { return stream(2, keep); }

    /// What becomes of ended children. Sigchld::ignore breaks whoever waits for its own children: system(3) then fails
    /// with ECHILD, and so do libraries. Stage::signal_reset.
    Daemonizer& sigchld(Sigchld value) {
        options_->sigchld = value;
        return *this;
    }

    /// Keeps only these variables of the environment; by default it is kept whole.
    Daemonizer& environment(std::vector<std::string> names) {
        detail::List<std::string> kept;
        for (std::string& name : names) kept.push_back(std::move(name));
        options_->environment.set(std::move(kept));
        return *this;
    }

    /// Sets a resource limit, soft and hard. Raising a hard limit is root's. setrlimit(2), Stage::limits.
    Daemonizer& rlimit(detail::RlimitResource resource, rlim_t value) { return rlimit(resource, value, value); }
    Daemonizer& rlimit(detail::RlimitResource resource, rlim_t soft, rlim_t hard) {
        options_->limits.push_back({resource, soft, hard});
        options_->limits_part = &detail::limits_part;
        return *this;
    }

    /// Makes /run/`name` (for others than root $XDG_RUNTIME_DIR/`name`), mode 0755, and gives it to the run-as user. With
    /// a new root it is made outside, where a pid file in it stays, and inside too. A failed launch takes away what it
    /// made, where it is empty. Stage::runtime_directory.
    Daemonizer& runtime_directory(std::string name) {
        options_->runtime_directory.set(std::move(name));
        options_->directories = &detail::directories_part;
        return *this;
    }

    /// Makes /var/lib/`name` (for others than root $XDG_STATE_HOME/`name`) in the same way as log_directory().
    /// Stage::state_directory.
    Daemonizer& state_directory(std::string name) {
        options_->state_directory.set(std::move(name));
        options_->directories = &detail::directories_part;
        return *this;
    }

    /// Makes /var/log/`name` (for others than root $XDG_STATE_HOME/log/`name`), inside the new root where there is one,
    /// mode 0755, and gives it to the run-as user. Stage::log_directory.
    Daemonizer& log_directory(std::string name) {
        options_->log_directory.set(std::move(name));
        options_->directories = &detail::directories_part;
        return *this;
    }

    /// A file that holds the daemon's number, locked for its life: a second start is refused while the first one runs,
    /// whatever a stale file says. The path is the launcher's, outside a new root. Neither the file nor its directory may
    /// be other users' to write. Stage::pid_file_open, pid_file_lock, pid_file_write.
    Daemonizer& pid_file(std::string path) {
        options_->pid_file.set(std::move(path));
        options_->pid_file_part = &detail::pid_file_part;
        return *this;
    }

    /// Runs in the daemon before the new root and the identity are taken: bind port 80 here. `f()` or `f(std::string& why)`;
    /// it fails by throwing, or by returning false. What it opens stays open. Stage::before_drop.
    template <class Body>
    Daemonizer& before_drop(Body body) {
        options_->before_drop = detail::adapt_step(std::move(body));
        options_->call_before_drop = detail::call_before_drop;
        return *this;
    }

    /// The user to run as, by name or number; its groups come from the data base. Verified, and cannot be regained. Only
    /// root may become another. setresuid(2), Stage::user, Stage::group.
    Daemonizer& user(std::string name) {
        options_->user.set(std::move(name));
        options_->identity = &detail::identity_part;
        return *this;
    }

    /// The group to run as, in place of the user's primary one. Stage::group.
    Daemonizer& group(std::string name) {
        options_->group.set(std::move(name));
        options_->identity = &detail::identity_part;
        return *this;
    }

    /// No program that the daemon starts can gain privileges, by a setuid bit say. prctl(2), Stage::no_new_privileges.
    Daemonizer& no_new_privileges(bool value = true) {
        options_->no_new_privileges = value;
        return *this;
    }

    /// Has the launcher wait for Daemon::ready(), for so long at most, 30 s by default; what takes longer is ended, and has
    /// failed. Without it the end of set-up is readiness, which is given 30 s too. Stage::timeout.
    Daemonizer& wait_until_ready(Duration timeout = Duration::seconds(30)) {
        options_->wait = true;
        options_->timeout = timeout;
        return *this;
    }

    /// Stays in this process, for a terminal or a supervisor: no fork, session or directory; standard streams only where
    /// they were asked for. All else holds.
    Daemonizer& foreground(bool value = true) {
        options_->foreground = value ? &detail::foreground_part : nullptr;
        return *this;
    }

    /// Launches although other threads run. They are not in the daemon, and what they hold locked stays locked there.
    Daemonizer& allow_threads(bool value = true) {
        options_->allow_threads = value;
        return *this;
    }

    /// All that a launch would complain of, found without one: nothing is made, opened for writing or changed.
    std::vector<Failure> check() const {
        detail::Plan plan(*options_);
        detail::check_everything(plan);
        return {plan.problems.begin(), plan.problems.end()};
    }

    /// What a launch would do, step by step, and what would become of each inherited descriptor. Nothing is done.
    std::string explain() const { return detail::explain(*options_); }

    /// Becomes a daemon. Returns in the daemon only, as daemon(3) does. The launcher exits 0 once the daemon is up; else
    /// it says why on standard error, a line for each problem, and exits with the failure's own status. It never throws.
    Daemon daemonize() noexcept {
        Launch launch;
        if (detail::start(*options_, false, launch)) {
            detail::daemon_state().options = options_;
            return Daemon();
        }
        launch.print();
        DAEMONIZE_SYSTEM(_exit)(launch.exit_code());
    }

    /// Starts a daemon, and goes on. Here it returns what came of it. The daemon runs `body(Daemon&)`, or `body()`, and
    /// exits with what that returns; a body that throws has failed, with the exception's text. A signal that came while it
    /// waited, and ended the daemon, is raised again before it returns. In the foreground it is this process that runs the
    /// body and exits.
    template <class Body>
    Launch launch(Body body) {
        Launch launch;
        if (!detail::start(*options_, true, launch)) {
            if (launch.interrupted_by() != 0) {
                static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), launch.interrupted_by()));
            }
            return launch;
        }
        Daemon daemon;
        std::string what;
        int code = 0;
        const bool returned = detail::call_guarded(
            [&] {
                if constexpr (std::is_invocable<Body&, Daemon&>::value) {
                    code = detail::status_of(body, daemon);
                } else {
                    code = detail::status_of(body);
                }
            },
            what);
        if (!returned) daemon.fail(what);
        std::exit(detail::exit_status(code));
    }

  private:
    friend detail::Options& detail::options_of(Daemonizer& daemonizer) noexcept;

    Daemonizer& stream(int number, std::string path) {
        options_->streams[number] = {detail::StreamOption::Kind::path, std::move(path), -1};
        return *this;
    }
    Daemonizer& stream(int number, int fd) {
        options_->streams[number] = {detail::StreamOption::Kind::descriptor, {}, fd};
        return *this;
    }
    Daemonizer& stream(int number, Keep) {
        options_->streams[number] = {detail::StreamOption::Kind::kept, {}, -1};
        return *this;
    }

    // A daemon keeps what its launch was asked for: to give some strings back would cost it the pages, of two libraries,
    // on which that is done.
    detail::Options* options_ = new detail::Options;
};

inline detail::Options& detail::options_of(Daemonizer& daemonizer) noexcept { return *daemonizer.options_; }

} // namespace daemonize

#endif
