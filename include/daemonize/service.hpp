// Service: one program for every host: a shell, systemd, a supervisor, inetd, a container, Windows (public).
#ifndef DAEMONIZE_SERVICE_HPP
#define DAEMONIZE_SERVICE_HPP

#include "core/parameters.hpp"
#include "service/settings.hpp"
#include "service/verbs.hpp"

#if DAEMONIZE_ON_WINDOWS()
#include "windows/scm/dispatcher.hpp"
#include "windows/service/run.hpp"
#else
#include "posix/service/run.hpp"
#include "scm/no_scm.hpp"
#endif

#include <string>
#include <utility>
#include <vector>

namespace daemonize {

class Service;
class WinService;

namespace testing {
template <class Body>
WinService& windows_service(Service& service, Body body, std::vector<std::string> arguments = {});
}

/// A service, on any host. Setters store a value and cannot fail. run() detects the host, or runs the verb in the first
/// argument, and returns the exit status of main().
///
/// The body is `int f(Context&)` or `void f(Context&)`, or has no parameter. The body calls context.ready() when the
/// service is up, and sleeps or polls by the context. A body that ends before ready() is a failed start, unless a stop
/// was requested. After a request to stop, the exit status is 0, and SIGTERM, SIGHUP and SIGUSR1 are ignored to the end
/// of the process. A body that throws has failed. A body that leaves by pthread_exit(3) once ready leaves the process
/// to its other threads.
///
/// In the foreground, a terminal that hangs up sends SIGHUP, which is a reload: the service goes on, and its standard
/// streams fail from then on. A process runs one service. Fails at the stages of Daemonizer and WinService, and at
/// Stage::configuration, sockets, notification, events and instance.
class Service {
  public:
    /// `name` appears in messages and logs, and names the pid file, the unit and the Windows service.
    explicit Service(Text name) { settings_.name = std::move(name); }

    /// One line for people: in help, in the unit, in the list of Windows services. Empty by default.
    Service& description(Text text) & {
        settings_.description = std::move(text);
        return *this;
    }
    Service&& description(Text text) && { return std::move(description(std::move(text))); }

    /// Lets several services of one program run side by side: the full name is NAME@`name`. Empty by default: NAME.
    Service& instance_name(Text name) & {
        settings_.instance = std::move(name);
        return *this;
    }
    Service&& instance_name(Text name) && { return std::move(instance_name(std::move(name))); }

    /// Without a verb, on a terminal or an unknown host, the service becomes a daemon. By default it runs in the
    /// foreground there. On Windows this setting has no effect: only the SCM runs a program in the background.
    Service& background(bool value = true) & {
        settings_.background = value;
        return *this;
    }
    Service&& background(bool value = true) && { return std::move(background(value)); }

    /// Sets the host. By default detect_host() finds the host.
    Service& host(HostKind kind) & {
        settings_.host = kind;
        return *this;
    }
    Service&& host(HostKind kind) && { return std::move(host(kind)); }

    /// Adds a listening socket: "0.0.0.0:80", "[::1]:8080", "*:80", "/run/x.sock", "@abstract". The socket is bound
    /// before the privileges are dropped, and appears in Context::sockets() under `name`. If systemd, inetd or launchd
    /// pass sockets, the service uses the passed sockets and binds no address. Stage::sockets.
    Service& listen(Text name, Text address) & {
        settings_.listen.push_back({std::move(name), std::move(address)});
        return *this;
    }
    Service&& listen(Text name, Text address) && { return std::move(listen(std::move(name), std::move(address))); }

    /// The descriptor on which a supervisor waits for a newline: notification-fd of s6. None by default, because the
    /// library cannot detect the number.
    Service& notify_fd(int fd) & {
        settings_.notify_fd = fd;
        return *this;
    }
    Service&& notify_fd(int fd) && { return std::move(notify_fd(fd)); }

    /// The time that the verbs stop and restart wait before they send SIGKILL; 30 s by default. On Windows they wait as
    /// long as the checkpoint of the service grows, and never kill a process.
    Service& stop_timeout(Duration timeout) & {
        settings_.stop_timeout = timeout;
        return *this;
    }
    Service&& stop_timeout(Duration timeout) && { return std::move(stop_timeout(timeout)); }

    /// Checks the configuration: `bool f(arguments, std::string& why)`, `bool f(std::string& why)`, `bool f()`, or
    /// `void f()` that throws. The verbs restart and reload call it first. If the function refuses the configuration,
    /// they leave the running service as it is. Stage::configuration.
    template <class Body>
    Service& on_check_configuration(Body f) & {
        if constexpr (std::is_invocable<Body&, const std::vector<std::string>&, std::string&>::value) {
            using Result = std::invoke_result_t<Body&, const std::vector<std::string>&, std::string&>;
            constexpr bool is_answer = std::is_same<Result, bool>::value;
            static_assert(is_answer,
                          "f(arguments, std::string& why) must return bool: whether it accepts the configuration");
            // The assertion alone: a compiler would add errors about the conversion.
            if constexpr (is_answer) {
                settings_.check = Callback<bool(const std::vector<std::string>&, std::string&)>(std::move(f));
            }
        } else {
            settings_.check = [step = detail::adapt_step(std::move(f))](const std::vector<std::string>&,
                                                                        std::string& why) { return step(why); };
        }
        return *this;
    }
    template <class Body>
    Service&& on_check_configuration(Body f) && {
        return std::move(on_check_configuration(std::move(f)));
    }

    /// Calls `f(Daemonizer&)` at once, on POSIX only. The settings also hold for a foreground run, except fork and
    /// session. A program for Windows too declares the parameter as `auto&`.
    template <class Body>
    Service& posix(Body f) & {
        detail::apply_posix(host_, f);
        return *this;
    }
    template <class Body>
    Service&& posix(Body f) && {
        return std::move(posix(std::move(f)));
    }

    /// Calls `f(WinService&)` or `f(WinService&, ServiceConfig&)` at once, on Windows only. The verb install writes the
    /// ServiceConfig, which starts the service at each boot by default. The WinService has no name yet. A handler for
    /// pause, continue, param_change or control 128 replaces the callback of the Context. A program for POSIX too
    /// declares the parameters as `auto&`.
    template <class Body>
    Service& windows(Body f) & {
        detail::apply_windows(host_, f);
        return *this;
    }
    template <class Body>
    Service&& windows(Body f) && {
        return std::move(windows(std::move(f)));
    }

    /// Runs the service as the host expects. Returns the exit status of main().
    template <class Body>
    [[nodiscard]] int run(Body body) {
        return within_memory("", [&] { return run_line(detail::VerbLine(), std::string(), std::move(body)); });
    }

    /// As above, or runs the verb in the first argument: run, start, stop, restart, reload, status, install, uninstall,
    /// help. The arguments behind the verb are Context::arguments(). A verb returns an exit status of the Linux
    /// Standard Base, "Init Script Actions".
    template <class Body>
    [[nodiscard]] int run(int argc, char** argv, Body body) {
        return within_memory(argc > 1 ? argv[1] : "", [&] {
            const std::vector<std::string> command_line = detail::command_line_of(argc, argv);
            return run_line(detail::parse_verbs(command_line, 1), command_line[0], std::move(body));
        });
    }

  private:
    template <class Body>
    friend WinService& testing::windows_service(Service& service, Body body, std::vector<std::string> arguments);

    template <class Body>
    static Callback<int(Context&)> adapt(Body body) {
        return [stored = std::move(body)](Context& context) mutable -> int {
            if constexpr (std::is_invocable<Body&, Context&>::value) {
                return detail::status_of(stored, context);
            } else {
                static_cast<void>(context);
                return detail::status_of(stored);
            }
        };
    }

    // Returns `call()`, the exit status of a run. A run that is out of memory reports so. `word` is the first word of
    // the command line.
    template <class Call>
    int within_memory(const char* word, Call call) {
        int code = 0;
        if (detail::call_within_memory([&] { code = call(); })) return code;
        detail::report_out_of_memory(settings_);
        return detail::exit_code_without_memory(word);
    }

    template <class Body>
    int run_line(detail::VerbLine line, const std::string& program, Body body) {
        Callback<int(Context&)> call = adapt(std::move(body));
        return detail::run_service_program(settings_, host_, call, line, program);
    }

    detail::ServiceSettings settings_;
    detail::ServiceHost host_;
};

} // namespace daemonize

#endif
