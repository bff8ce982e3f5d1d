// Service: one program that is at home wherever it is started: a daemon from a shell, a unit of systemd, a supervised or
// inetd's process, process 1 of a container, a Windows service.
// Uses the block of its platform; programs use it.
#ifndef DAEMONIZE_SERVICE_HPP
#define DAEMONIZE_SERVICE_HPP

#include "service/settings.hpp"
#include "service/verbs.hpp"

#if DAEMONIZE_ON_WINDOWS()
#include "windows/scm/dispatcher.hpp"
#include "windows/service/main.hpp"
#else
#include "posix/service/main.hpp"
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

/// A service, on whatever host it is started. Setters store and never fail; run() finds out what started the program, or
/// does what its first argument says, and returns what main() is to return.
///
/// The body is `int f(Context&)`, or returns nothing. It says context.ready() when the service is up, and sleeps or polls
/// through the context; one that leaves before it was ready has failed to start, unless it was asked to stop. A stop that
/// was asked for ends with 0; from there to the end of the process SIGTERM, SIGHUP and SIGUSR1 do nothing more. In the
/// foreground a terminal that hangs up is a reload, as SIGHUP is, and the service goes on without it: its standard streams
/// fail from then on. One service in a process. Fails, as it runs, at the stages of Daemonizer and WinService, and at
/// Stage::configuration, sockets, notification, events and instance.
class Service {
  public:
    /// `name` is that of messages, logs, the pid file, the unit, and of the Windows service.
    explicit Service(std::string name) { settings_.name = std::move(name); }

    /// One line for people: in help, in the unit, in Windows' list of services.
    Service& description(std::string text) {
        settings_.description = std::move(text);
        return *this;
    }

    /// Makes it one of several that run side by side: it is NAME@`instance` in each of these places.
    Service& instance_name(std::string name) {
        settings_.instance = std::move(name);
        return *this;
    }

    /// Has it daemonize itself where nobody supervises it: on a terminal, and where the host is unknown. By default it runs
    /// in the foreground there. On Windows it changes nothing: what runs in the background there is a service of the SCM.
    Service& background(bool value = true) {
        settings_.background = value;
        return *this;
    }

    /// What started it, in place of detect_host()'s opinion.
    Service& host(HostKind kind) {
        settings_.is_host_given = true;
        settings_.host = kind;
        return *this;
    }

    /// A socket that the service listens at: "0.0.0.0:80", "[::1]:8080", "*:80", "/run/x.sock", "@abstract". Bound before
    /// the privileges are dropped, and found in Context::sockets() under this name. Where systemd, inetd or launchd pass
    /// sockets, those are the service's, and none is bound. Stage::sockets.
    Service& listen(std::string name, std::string address) {
        settings_.listen.push_back({std::move(name), std::move(address)});
        return *this;
    }

    /// The descriptor at which a supervisor waits for a newline: s6's notification-fd. It cannot be found out.
    Service& notify_fd(int fd) {
        settings_.notify_fd = fd;
        return *this;
    }

    /// How long the verbs stop and restart wait before they kill; 30 s by default. Windows' wait as long as the service
    /// shows life by its checkpoints, and kill nothing.
    Service& stop_timeout(Duration timeout) {
        settings_.stop_timeout = timeout;
        return *this;
    }

    /// Whether the configuration will do: `f(arguments, std::string& why)`, `f(std::string& why)` or `f()`. Asked by restart
    /// and reload before they touch the service that runs: where it says no, that one stays as it is. Stage::configuration.
    template <class Body>
    Service& on_check_configuration(Body f) {
        if constexpr (std::is_invocable<Body&, const std::vector<std::string>&, std::string&>::value) {
            settings_.check = Callback<bool(const std::vector<std::string>&, std::string&)>(std::move(f));
        } else {
            settings_.check = [step = detail::adapt_step(std::move(f))](const std::vector<std::string>&,
                                                                        std::string& why) { return step(why); };
        }
        return *this;
    }

    /// What only POSIX has: `f(Daemonizer&)`. It also holds for foreground runs, but for session and directory. A program
    /// that Windows compiles as well takes `auto&`.
    template <class Body>
    Service& posix(Body f) {
        detail::apply_posix(host_, f);
        return *this;
    }

    /// What only Windows has: `f(WinService&)`, or `f(WinService&, ServiceConfig&)` with what install() writes; it starts at
    /// each boot unless that says otherwise. The service gets its name later. A program that POSIX compiles as well takes
    /// `auto&`. A handler set here for pause, continue, param_change or control 128 stands in for the Context's callback.
    template <class Body>
    Service& windows(Body f) {
        detail::apply_windows(host_, f);
        return *this;
    }

    /// Runs the service as its host wants it. What main() is to return.
    template <class Body>
    int run(Body body) {
        return run_as(detail::VerbLine(), std::string(), std::move(body));
    }

    /// As above, or does what the first argument says: run, start, stop, restart, reload, status, install, uninstall, help.
    /// What follows is the body's, as Context::arguments(). With a verb it ends as init scripts do: LSB's exit statuses.
    template <class Body>
    int run(int argc, char** argv, Body body) {
        const std::vector<std::string> words = detail::words_of(argc, argv);
        return run_as(detail::parse_verbs(words, 1), words[0], std::move(body));
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

    template <class Body>
    int run_as(detail::VerbLine line, const std::string& program, Body body) {
        Callback<int(Context&)> call = adapt(std::move(body));
        return detail::run_service_program(settings_, host_, call, line, program);
    }

    detail::ServiceSettings settings_;
    detail::ServiceHost host_;
};

} // namespace daemonize

#endif
