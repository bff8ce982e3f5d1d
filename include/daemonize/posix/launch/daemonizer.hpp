// Daemonizer: the fluent class that turns a program into a daemon (public).
#ifndef DAEMONIZE_POSIX_LAUNCH_DAEMONIZER_HPP
#define DAEMONIZE_POSIX_LAUNCH_DAEMONIZER_HPP

#include "../../core/invoke.hpp"
#include "../../core/parameters.hpp"
#include "explain.hpp"
#include "launch.hpp"

#include <initializer_list>
#include <optional>
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

// Is a type for arithmetic types other than Id and int, which would convert to Id silently.
template <class Other, class Id>
using OtherThanId = std::enable_if_t<std::is_arithmetic<Other>::value && !std::is_same<Other, Id>::value &&
                                     !std::is_same<Other, int>::value>;

// A Service changes the options before it launches.
inline Options& options_of(Daemonizer& daemonizer) noexcept;

} // namespace detail

/// Turns the running program into a daemon by the steps of daemon(7), or reports why it failed.
///
/// Setters store a value and never fail. daemonize() and launch() validate all values before they fork, and report
/// every problem at once. Each failure has a Stage, and each Stage an exit status: exit_code(Stage). The defaults
/// follow daemon(7): two forks, a new session, "/", umask 027, /dev/null as standard streams, no descriptor above 2, no
/// pid file.
///
/// Fork safety: launch before the program starts threads, and before libraries open descriptors, which the launch
/// closes. Thread safety: one launch at a time in a process.
class Daemonizer {
  public:
    /// Each message begins with `name`; the program's name by default.
    explicit Daemonizer(Text name = detail::program_name()) { options_.name = std::move(name); }
    /// A moved-from Daemonizer has unspecified values. Setters may be called.
    Daemonizer(Daemonizer&& other) noexcept = default;
    Daemonizer& operator=(Daemonizer&& other) noexcept = default;
    Daemonizer(const Daemonizer&) = delete;
    Daemonizer& operator=(const Daemonizer&) = delete;
    ~Daemonizer() = default;

    /// How often the launch forks; Fork::twice by default. fork(2), Stage::fork.
    Daemonizer& fork(Fork value) & { return set(options_.fork, value); }
    Daemonizer&& fork(Fork value) && { return std::move(fork(value)); }

    /// Whether the daemon gets a new session without a terminal; true by default. setsid(2), Stage::setsid.
    /// Without a new session a failed start does not end the processes that the daemon started.
    Daemonizer& setsid(bool value = true) & { return set(options_.setsid, value); }
    Daemonizer&& setsid(bool value = true) && { return std::move(setsid(value)); }

    /// The working directory; "/" by default, and in the foreground the launcher's. The daemon enters it as the run-as
    /// user, inside the new root. A relative path starts at the launcher's directory, like every path of this class.
    /// chdir(2), Stage::chdir.
    Daemonizer& chdir(Text path) & {
        options_.keep_directory = false;
        options_.directory = std::move(path);
        return *this;
    }
    Daemonizer&& chdir(Text path) && { return std::move(chdir(std::move(path))); }
    Daemonizer& chdir(Keep) & { return set(options_.keep_directory, true); }
    Daemonizer&& chdir(Keep) && { return std::move(chdir(keep)); }

    /// The root directory; the launcher's by default. Only root may change it. chroot(2), Stage::chroot.
    Daemonizer& chroot(Text path) & { return set(options_.chroot, std::move(path)); }
    Daemonizer&& chroot(Text path) && { return std::move(chroot(std::move(path))); }

    /// The file mode creation mask; 027 by default. With 0 every user can write the logs. umask(2).
    Daemonizer& umask(mode_t value) & { return set(options_.umask, value); }
    Daemonizer&& umask(mode_t value) && { return std::move(umask(value)); }
    Daemonizer& umask(Keep) & { return set(options_.umask, std::nullopt); }
    Daemonizer&& umask(Keep) && { return std::move(umask(keep)); }

    /// Whether the daemon closes every inherited descriptor above 2, except the descriptors of keep_fd() and
    /// LISTEN_FDS; true by default. The time depends on the number of open descriptors. close_range(2),
    /// Stage::descriptors.
    Daemonizer& close_fds(bool value = true) & { return set(options_.close_fds, value); }
    Daemonizer&& close_fds(bool value = true) && { return std::move(close_fds(value)); }

    /// Keeps one descriptor above 2 open, with its flags. A descriptor that is closed at the launch is a failure:
    /// Stage::options. For the standard streams call stdin_from(), stdout_to() and stderr_to().
    Daemonizer& keep_fd(int fd) & {
        options_.kept_fds.push_back(fd);
        return *this;
    }
    Daemonizer&& keep_fd(int fd) && { return std::move(keep_fd(fd)); }

    /// Standard input: a file, a descriptor, or the launcher's stream; /dev/null by default. Stage::standard_input.
    Daemonizer& stdin_from(Text path) & { return stream(0, std::move(path)); }
    Daemonizer&& stdin_from(Text path) && { return std::move(stdin_from(std::move(path))); }
    Daemonizer& stdin_from(int fd) & { return stream(0, fd); }
    Daemonizer&& stdin_from(int fd) && { return std::move(stdin_from(fd)); }
    Daemonizer& stdin_from(Keep) & { return stream(0, keep); }
    Daemonizer&& stdin_from(Keep) && { return std::move(stdin_from(keep)); }

    /// Standard output: a file, a descriptor, or the launcher's stream; /dev/null by default. The daemon opens the file
    /// for appending, as the run-as user, inside the new root, and through no symbolic link. A new file has mode 0666
    /// less the umask. Stage::standard_output.
    Daemonizer& stdout_to(Text path) & { return stream(1, std::move(path)); }
    Daemonizer&& stdout_to(Text path) && { return std::move(stdout_to(std::move(path))); }
    Daemonizer& stdout_to(int fd) & { return stream(1, fd); }
    Daemonizer&& stdout_to(int fd) && { return std::move(stdout_to(fd)); }
    Daemonizer& stdout_to(Keep) & { return stream(1, keep); }
    Daemonizer&& stdout_to(Keep) && { return std::move(stdout_to(keep)); }

    /// Whether the launcher shows standard output until readiness, as it shows standard error; false by default. From
    /// readiness on standard output goes to the target of stdout_to(). launch() shows no output: see Launch::output().
    /// The setting has no effect in the foreground, and with stdout_to(keep).
    Daemonizer& show_stdout(bool value = true) & { return set(options_.show_stdout, value); }
    Daemonizer&& show_stdout(bool value = true) && { return std::move(show_stdout(value)); }

    /// Standard error from readiness on: a file, a descriptor, or the launcher's stream, as for stdout_to(). Before
    /// readiness the launcher shows standard error. One path for both streams is one open file. A failed start removes
    /// an empty log that the launch made. Stage::standard_error.
    Daemonizer& stderr_to(Text path) & { return stream(2, std::move(path)); }
    Daemonizer&& stderr_to(Text path) && { return std::move(stderr_to(std::move(path))); }
    Daemonizer& stderr_to(int fd) & { return stream(2, fd); }
    Daemonizer&& stderr_to(int fd) && { return std::move(stderr_to(fd)); }
    Daemonizer& stderr_to(Keep) & { return stream(2, keep); }
    Daemonizer&& stderr_to(Keep) && { return std::move(stderr_to(keep)); }

    /// The action for SIGCHLD; Sigchld::default_action by default. With Sigchld::ignore waitpid(2) fails with ECHILD,
    /// also in system(3) and in libraries. sigaction(2), Stage::signal_reset.
    Daemonizer& sigchld(Sigchld value) & { return set(options_.sigchld, value); }
    Daemonizer&& sigchld(Sigchld value) && { return std::move(sigchld(value)); }

    /// Keeps only these variables of the environment; all variables by default. environ(7).
    Daemonizer& environment(std::initializer_list<Text> names) & {
        return environment(std::vector<std::string>(names.begin(), names.end()));
    }
    Daemonizer&& environment(std::initializer_list<Text> names) && { return std::move(environment(names)); }
    Daemonizer& environment(std::vector<std::string> names) & { return set(options_.environment, std::move(names)); }
    Daemonizer&& environment(std::vector<std::string> names) && { return std::move(environment(std::move(names))); }

    /// Sets a resource limit, soft and hard. Only root may raise a hard limit. setrlimit(2), Stage::limits.
    Daemonizer& rlimit(detail::RlimitResource resource, rlim_t value) & { return rlimit(resource, value, value); }
    Daemonizer&& rlimit(detail::RlimitResource resource, rlim_t value) && { return std::move(rlimit(resource, value)); }
    Daemonizer& rlimit(detail::RlimitResource resource, rlim_t soft, rlim_t hard) & {
        options_.limits.push_back({resource, soft, hard});
        return *this;
    }
    Daemonizer&& rlimit(detail::RlimitResource resource, rlim_t soft, rlim_t hard) && {
        return std::move(rlimit(resource, soft, hard));
    }

    /// Makes /run/`name` (for other users than root $XDG_RUNTIME_DIR/`name`), mode 0755, and gives it to the run-as
    /// user. With a new root the launch makes the directory outside, for a pid file, and inside. A failed launch
    /// removes an empty directory that the launch made. Stage::runtime_directory.
    Daemonizer& runtime_directory(Text name) & { return set(options_.runtime_directory, std::move(name)); }
    Daemonizer&& runtime_directory(Text name) && { return std::move(runtime_directory(std::move(name))); }

    /// Makes /var/lib/`name` (for other users than root $XDG_STATE_HOME/`name`) inside the new root, mode 0755, and
    /// gives it to the run-as user. Stage::state_directory.
    Daemonizer& state_directory(Text name) & { return set(options_.state_directory, std::move(name)); }
    Daemonizer&& state_directory(Text name) && { return std::move(state_directory(std::move(name))); }

    /// Makes /var/log/`name` (for other users than root $XDG_STATE_HOME/log/`name`) inside the new root, mode 0755, and
    /// gives it to the run-as user. Stage::log_directory.
    Daemonizer& log_directory(Text name) & { return set(options_.log_directory, std::move(name)); }
    Daemonizer&& log_directory(Text name) && { return std::move(log_directory(std::move(name))); }

    /// A file with the daemon's PID, locked while the daemon lives: a second start fails while the first daemon runs. A
    /// stale file does no harm. The path is outside a new root. The launch refuses a file or a directory that other
    /// users can write. fcntl(2), Stage::pid_file_open, Stage::pid_file_lock, Stage::pid_file_write.
    Daemonizer& pid_file(Text path) & { return set(options_.pid_file, std::move(path)); }
    Daemonizer&& pid_file(Text path) && { return std::move(pid_file(std::move(path))); }

    /// The mode of the pid file: 0600, 0640, 0604 or 0644, whatever the umask; 0644 by default. A user without the
    /// right to read the file cannot ask for the daemon by PidFile::holder() or Instance. Another mode fails at
    /// Stage::pid_file_open.
    Daemonizer& pid_file_mode(mode_t mode) & { return set(options_.pid_file_mode, mode); }
    Daemonizer&& pid_file_mode(mode_t mode) && { return std::move(pid_file_mode(mode)); }

    /// Calls `f()` or `f(std::string& why)` in the daemon before it enters the new root and becomes the user: bind port
    /// 80 here. `f` fails by an exception, or by returning false. A descriptor that `f` opens stays open.
    /// Stage::before_drop.
    template <class Body>
    Daemonizer& before_drop(Body body) & {
        return set(options_.before_drop, detail::adapt_step(std::move(body)));
    }
    template <class Body>
    Daemonizer&& before_drop(Body body) && {
        return std::move(before_drop(std::move(body)));
    }

    /// The run-as user, by name or number; the launcher's user by default. The group database gives the groups. The
    /// launch verifies that the daemon cannot become root again. Only root may change the user. setresuid(2),
    /// Stage::user, Stage::group.
    Daemonizer& user(Text name) & { return set(options_.user, detail::AccountOption{std::move(name), false}); }
    Daemonizer&& user(Text name) && { return std::move(user(std::move(name))); }
    Daemonizer& user(uid_t id) & { return set(options_.user, detail::AccountOption{detail::joined({id}), true}); }
    Daemonizer&& user(uid_t id) && { return std::move(user(id)); }

    /// An ID has the type uid_t or int: user(true) and user('r') do not compile.
    template <class Other, class = detail::OtherThanId<Other, uid_t>>
    Daemonizer& user(Other) = delete;

    /// The run-as group; the user's primary group by default. setresgid(2), Stage::group.
    Daemonizer& group(Text name) & { return set(options_.group, detail::AccountOption{std::move(name), false}); }
    Daemonizer&& group(Text name) && { return std::move(group(std::move(name))); }
    Daemonizer& group(gid_t id) & { return set(options_.group, detail::AccountOption{detail::joined({id}), true}); }
    Daemonizer&& group(gid_t id) && { return std::move(group(id)); }
    template <class Other, class = detail::OtherThanId<Other, gid_t>>
    Daemonizer& group(Other) = delete;

    /// Linux: the daemon keeps exactly these capabilities, such as CAP_NET_BIND_SERVICE of <linux/capability.h>,
    /// permitted and effective, after the change of the user. None by default. The launch verifies the capabilities,
    /// and leaves the bounding set. The daemon needs a user() other than root. CAP_SETUID is refused. capabilities(7),
    /// Stage::capabilities.
    Daemonizer& keep_capabilities(std::vector<int> numbers) & { return set(capabilities().kept, std::move(numbers)); }
    Daemonizer&& keep_capabilities(std::vector<int> numbers) && {
        return std::move(keep_capabilities(std::move(numbers)));
    }

    /// Linux: as keep_capabilities(), and programs that the daemon starts have these capabilities too. None by default.
    Daemonizer& ambient_capabilities(std::vector<int> numbers) & {
        return set(capabilities().ambient, std::move(numbers));
    }
    Daemonizer&& ambient_capabilities(std::vector<int> numbers) && {
        return std::move(ambient_capabilities(std::move(numbers)));
    }

    /// Keeps programs that the daemon starts from gaining privileges, by a setuid bit for example; false by default.
    /// prctl(2), Stage::no_new_privileges.
    Daemonizer& no_new_privileges(bool value = true) & { return set(options_.no_new_privileges, value); }
    Daemonizer&& no_new_privileges(bool value = true) && { return std::move(no_new_privileges(value)); }

    /// Makes the launcher wait until the daemon calls Daemon::ready(), 30 s at most by default. After the time-out the
    /// launcher ends the daemon, and the launch has failed. Without this call the daemon is ready after set-up, for
    /// which the daemon has 30 s. Stage::timeout, Stage::readiness.
    Daemonizer& wait_until_ready(Duration timeout = Duration::seconds(30)) & {
        options_.wait = true;
        options_.timeout = timeout;
        return *this;
    }
    Daemonizer&& wait_until_ready(Duration timeout = Duration::seconds(30)) && {
        return std::move(wait_until_ready(timeout));
    }

    /// Stays in this process, for a terminal or a supervisor; false by default. The launch then does not fork, starts
    /// no session, and keeps the working directory and each standard stream that have no setter call.
    Daemonizer& foreground(bool value = true) & { return set(options_.foreground, value); }
    Daemonizer&& foreground(bool value = true) && { return std::move(foreground(value)); }

    /// Launches although other threads run; false by default. fork(2) copies no other thread, and a mutex that such a
    /// thread holds stays locked in the daemon. Stage::threads.
    Daemonizer& allow_threads(bool value = true) & { return set(options_.allow_threads, value); }
    Daemonizer&& allow_threads(bool value = true) && { return std::move(allow_threads(value)); }

    /// Returns every failure that a launch would find, without a launch. Changes nothing. Forks and reaps a child for
    /// each log, which checks the permissions of the run-as user. If memory is short, the one failure is
    /// Stage::memory; std::bad_alloc leaves the function if even that failure finds no memory.
    [[nodiscard]] std::vector<Failure> check() const {
        std::vector<Failure> problems;
        const auto find = [&] {
            detail::Plan plan(options_);
            detail::check_everything(plan);
            problems = std::move(plan.problems);
        };
        if (!detail::call_within_memory(find)) problems.push_back(detail::out_of_memory(Stage::memory));
        return problems;
    }

    /// Returns the steps of a launch as text, each with its value, and whether each inherited descriptor is kept or
    /// closed. Changes nothing. Throws std::bad_alloc if memory is short.
    [[nodiscard]] std::string explain() const { return detail::explain(options_); }

    /// Becomes a daemon, and returns in the daemon only, like daemon(3). The launcher exits 0 when the daemon is ready.
    /// After a failure the launcher writes a line for each failure to standard error, and exits with the exit status of
    /// the first failure. Never throws. The function is not noexcept: pthread_exit(3) in before_drop() unwinds the stack
    /// by an exception of glibc.
    Daemon daemonize() {
        const std::optional<Launch> launch = detail::start(options_, detail::WhenReady::exit);
        if (!launch) return Daemon();
        launch->print();
        DAEMONIZE_SYSTEM(_exit)(launch->exit_code());
    }

    /// Starts a daemon, and returns the result in both processes, like fork(2): Launch::in_daemon() is true in the
    /// daemon. With wait_until_ready(), a daemon that leaves main() or calls exit(3) before Daemon::ready() is a failed
    /// start. If a signal interrupts the wait, launch() ends the daemon and raises the signal again before it returns.
    /// In the foreground this process becomes the daemon. Throws nothing.
    [[nodiscard]] Launch launch() {
        if (std::optional<Launch> launch = detail::start(options_, detail::WhenReady::go_on)) {
            if (launch->interrupted_by() != 0) {
                static_cast<void>(DAEMONIZE_SYSTEM(kill)(DAEMONIZE_SYSTEM(getpid)(), launch->interrupted_by()));
            }
            return std::move(*launch);
        }
        detail::Outcome outcome;
        outcome.in_daemon = true;
        outcome.pid = DAEMONIZE_SYSTEM(getpid)();
        return Launch(std::string(), std::move(outcome));
    }

    /// As above, but returns in the launcher only. The daemon calls `body(Daemon&)` or `body()`, and exits with the
    /// returned code. A body that throws has failed, with the exception's text.
    template <class Body>
    [[nodiscard]] Launch launch(Body body) {
        Launch result = launch();
        if (!result.in_daemon()) return result;
        Daemon daemon = result.daemon();
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
        if (!returned) daemon.fail_and_exit(what);
        std::exit(detail::exit_status(code));
    }

  private:
    friend detail::Options& detail::options_of(Daemonizer& daemonizer) noexcept;

    template <class Option, class Value>
    Daemonizer& set(Option& option, Value&& value) {
        option = std::forward<Value>(value);
        return *this;
    }
    detail::CapabilityOption& capabilities() {
        if (!options_.capabilities) options_.capabilities.emplace();
        return *options_.capabilities;
    }
    Daemonizer& stream(int number, std::string path) {
        options_.streams[number] = {detail::StreamOption::Kind::path, std::move(path), -1};
        return *this;
    }
    Daemonizer& stream(int number, int fd) {
        options_.streams[number] = {detail::StreamOption::Kind::descriptor, {}, fd};
        return *this;
    }
    Daemonizer& stream(int number, Keep) {
        options_.streams[number] = {detail::StreamOption::Kind::keep, {}, -1};
        return *this;
    }

    detail::Options options_;
};

inline detail::Options& detail::options_of(Daemonizer& daemonizer) noexcept { return daemonizer.options_; }

} // namespace daemonize

#endif
