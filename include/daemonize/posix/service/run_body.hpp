// Runs the body of a Service on POSIX: in the foreground, or for the verb start in a daemon (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_RUN_BODY_HPP
#define DAEMONIZE_POSIX_SERVICE_RUN_BODY_HPP

#include "../host/container_init.hpp"
#include "../host/detect_host.hpp"
#include "../launch/daemonizer.hpp"
#include "../sockets/listen_fds.hpp"
#include "context.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

// The input of a run. `options` are the options of the Daemonizer of Service::posix().
struct ServiceTask {
    ServiceSettings& settings;
    Options& options;
    Callback<int(Context&)>& body;
    std::vector<std::string> arguments;
};

inline std::string default_pid_file(const std::string& full_name) {
    const std::string base = runtime_base();
    return base.empty() ? base : joined({base, "/", full_name, ".pid"});
}

// The path of the pid file. Empty if this user has no runtime directory.
inline std::string pid_file_of(const ServiceTask& task) {
    return task.options.pid_file.value_or(default_pid_file(task.settings.full_name()));
}

inline void say(const ServiceTask& task, const std::string& text) {
    write_error(joined({task.settings.full_name(), ": ", text, "\n"}));
}

inline int say(const ServiceTask& task, const Failure& failure) {
    say(task, failure.message());
    return failure.exit_code();
}

// Chooses the default pid file if the program named no pid file. A foreground run goes without a pid file if the
// directory is not writable: the host knows the process. Under inetd many processes of one service run at once, so they
// have no pid file.
inline void choose_pid_file(ServiceTask& task, HostKind host, bool background) {
    if (task.options.pid_file || host == HostKind::inetd) return;
    const std::string path = default_pid_file(task.settings.full_name());
    const bool is_writable = !path.empty() && DAEMONIZE_SYSTEM(access)(directory_of(path).c_str(), W_OK | X_OK) == 0;
    if (!is_writable && (!background || path.empty())) return;
    task.options.pid_file = path;
}

// The directory in the environment variable that systemd sets; else `base`/`name`.
inline std::string directory_from(const char* variable, const std::string& base, const std::string& name) {
    const char* given = std::getenv(variable);
    // systemd separates several directories by colons.
    if (given != nullptr && given[0] == '/') return std::string(given).substr(0, std::string(given).find(':'));
    return base.empty() ? base : joined({base, "/", name});
}

inline void set_directories(RunningService& running, const Options& options) {
    const std::string name = running.name;
    running.directories[0] =
        directory_from("RUNTIME_DIRECTORY", runtime_base(), options.runtime_directory.value_or(name));
    running.directories[1] = directory_from("STATE_DIRECTORY", state_base(), options.state_directory.value_or(name));
    running.directories[2] = directory_from("LOGS_DIRECTORY", log_base(), options.log_directory.value_or(name));
}

// The sockets of a run: the sockets that the host passed, or the sockets of Service::listen(), which are bound before
// the privileges are dropped.
struct ServiceSockets {
    std::vector<Socket> passed;
    std::vector<Socket> bound;

    Failure bind(const List<ListenSetting>& wanted) {
        Failure failure;
        for (const ListenSetting& one : wanted) {
            bound.push_back(listen_on(one.name, one.address, failure));
            if (failure) break;
        }
        return failure;
    }

    // Passed sockets replace the sockets of Service::listen().
    std::vector<Socket> take() { return std::move(passed.empty() ? bound : passed); }
};

inline Failure take_passed_sockets(ServiceSockets& sockets, HostKind host) {
    Failure failure;
    if (host == HostKind::inetd) {
        sockets.passed.push_back(inetd_socket(failure));
    } else {
        sockets.passed = listen_fds(failure);
    }
    return failure;
}

// Binds the addresses of Service::listen() before the privileges are dropped, unless the host passed sockets.
inline void bind_before_drop(ServiceTask& task, ServiceSockets& sockets) {
    if (task.settings.listen.empty() || !sockets.passed.empty()) return;
    task.options.bind = [&task, &sockets] { return sockets.bind(task.settings.listen); };
}

// Reports a failure to the launcher, or to the journal or standard error, and as the status of systemd. Returns the
// exit status.
inline int report_failure(RunningService& running, const std::string& text, int code) {
    running.notifier.try_status(text);
    if (daemon_state().channel || !writes_to_journal()) return report_failure(text, code);
    running.log.write(Severity::failure, text);
    return failure_status(code);
}

// Reports how the body ended, and returns the exit status of the service. After a request to stop, the end is success,
// whatever the body returned. Without such a request, a body that ends before ready() has failed.
inline int end_body(RunningService& running, int code) {
    if (running.events.stop_requested()) {
        if (daemon_state().channel) return report_failure("the service was asked to stop before it was ready", 1);
        return 0;
    }
    if (!running.failure.empty()) return report_failure(running, running.failure, code);
    if (!running.is_ready) return report_failure(running, "the service ended before it was ready", code);
    return code;
}

// Ignores SIGTERM, SIGHUP and SIGUSR1 from the end of the events to the end of the process. Otherwise a second request
// to stop would kill the process by its signal, and the stop would count as a failure. The handler is an empty
// function, and not SIG_IGN: exec(2) resets it.
inline void outlast_requests() noexcept {
    const struct sigaction action = plain_action([](int) {});
    for (const int number : {SIGTERM, SIGHUP, SIGUSR1}) {
        static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(number, &action, nullptr)); // cannot fail: it was set before
    }
}

// Handles a body that leaves by pthread_exit(3): the unwinding of glibc runs destructors, and no other code. A body
// that has failed, or is not ready, ends the process, because no other thread can call ready(). Otherwise the process
// goes on with its other threads.
class PthreadExitGuard {
  public:
    explicit PthreadExitGuard(RunningService& running) noexcept : running_(running) {}
    PthreadExitGuard(const PthreadExitGuard&) = delete;
    PthreadExitGuard& operator=(const PthreadExitGuard&) = delete;
    ~PthreadExitGuard() {
        if (has_returned_) return;
        const int code = end_body(running_, 0);
        if (code != 0) std::exit(code);
        if (running_.events.stop_requested()) outlast_requests();
    }

    void body_returned() noexcept { has_returned_ = true; }

  private:
    RunningService& running_;
    bool has_returned_ = false;
};

// Runs the body, and returns the exit status of the service. An exception of the body is always a failure.
inline int run_body(RunningService& running, Callback<int(Context&)>& body) {
    Context context(running);
    int code = 0;
    std::string what;
    PthreadExitGuard guard(running);
    const bool returned = call_guarded([&] { code = exit_status(body(context)); }, what);
    guard.body_returned();
    return returned ? end_body(running, code) : report_failure(running, what, 1);
}

// Runs the service in this process, after the set-up. All signals are still blocked: a signal that comes before the
// handlers are installed is kept, and does not end the process.
inline int run_in_place(ServiceTask& task, Host host, Notifier notifier, ServiceSockets& sockets) {
    Failure failure;
    RunningService running(task.settings, std::move(host), std::move(notifier), !task.options.foreground, failure);
    if (!failure) failure = to_failure(unblock_all_signals());
    if (failure) return report_failure(running, failure.message(), failure.exit_code());
    running.sockets = sockets.take();
    running.arguments = std::move(task.arguments);
    set_directories(running, task.options);
    // MAINPID= names the daemon to a service manager that started the launcher.
    if (running.is_daemonized) running.notifier.try_main_pid(DAEMONIZE_SYSTEM(getpid)());
    const int code = run_body(running, task.body);
    if (running.is_daemonized || running.events.stop_requested()) outlast_requests();
    return code;
}

inline void keep_descriptor(Options& options, int number) {
    if (number > STDERR_FILENO) options.kept_fds.push_back(number);
}

// The result of a run: in the launcher `launch`, in the service `code`, the exit status of the body.
struct RunOutcome {
    bool is_launcher = false;
    Launch launch;
    int code = 0;
};

// After a failed launch, `try_again(launch)` decides in the launcher whether to launch again. `try_again` may be empty.
inline RunOutcome run_service(ServiceTask& task, Host host, bool background,
                              const Callback<bool(const Launch&)>& try_again) {
    RunOutcome outcome;
    Failure failure;
    ServiceSockets sockets;
    Notifier notifier = Notifier::from_environment(failure);
    if (!failure) failure = take_passed_sockets(sockets, host.kind);
    if (failure) {
        outcome.is_launcher = true;
        std::vector<Failure> problems;
        problems.push_back(std::move(failure));
        outcome.launch = Launch(task.settings.full_name(), std::move(problems));
        return outcome;
    }
    if (task.settings.notify_fd) notifier.notify_fd(*task.settings.notify_fd);
    task.options.foreground = !background;
    task.options.wait = true;
    task.options.leave_blocked = true;
    choose_pid_file(task, host.kind, background);
    bind_before_drop(task, sockets);
    keep_descriptor(task.options, notifier.native_handle());
    keep_descriptor(task.options, task.settings.notify_fd.value_or(-1));
    for (const Socket& socket : sockets.passed) keep_descriptor(task.options, socket.get());
    std::optional<Launch> launch;
    do {
        launch = start(task.options, WhenReady::finish);
    } while (launch && !launch->ok() && try_again && try_again(*launch));
    if (!launch) {
        outcome.code = run_in_place(task, std::move(host), std::move(notifier), sockets);
    } else {
        outcome.is_launcher = true;
        outcome.launch = std::move(*launch);
        if (!outcome.launch.ok()) notifier.try_status(outcome.launch.failure().message());
    }
    return outcome;
}

// Prints the problems of a failed launch: to standard error, or with the priority of an error to the journal.
inline void print_launch(const ServiceTask& task, const Launch& launch) {
    if (!writes_to_journal()) return launch.print();
    for (const Failure& problem : launch.problems()) {
        ServiceLog(task.settings.full_name(), false).write(Severity::failure, problem.message());
    }
}

// Runs the service in the foreground. Returns the exit status of main().
inline int run_in_foreground(ServiceTask& task, Host host) {
    if (host.kind == HostKind::container_init) {
        int code = 0;
        Failure failure;
        if (!ContainerInit::enter(code, failure)) return failure ? say(task, failure) : code;
    }
    const RunOutcome outcome = run_service(task, std::move(host), false, nullptr);
    if (!outcome.is_launcher) return outcome.code;
    print_launch(task, outcome.launch);
    return outcome.launch.exit_code();
}

} // namespace detail
} // namespace daemonize

#endif
