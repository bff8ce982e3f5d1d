// Windows' side of Service: what its platform's setters reach, and where a command line leads.
// Uses service_verbs and real_scm; Service uses it.
#ifndef DAEMONIZE_WINDOWS_SERVICE_MAIN_HPP
#define DAEMONIZE_WINDOWS_SERVICE_MAIN_HPP

#include "../scm/detect_host.hpp"
#include "../scm/dispatcher.hpp"
#include "../system/listen_on.hpp"
#include "context.hpp"
#include "verbs.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace daemonize {

/// Daemonizer's, whose word has to be known where a program for POSIX as well gives it to Service::posix().
struct Keep {};
inline constexpr Keep keep{};

namespace detail {

struct ServiceHost {
    ServiceHost() : service(std::string()) { config.start = StartType::automatic; } // as everywhere: at each boot

    // Gives the service its body, and its name, which only now is known whole.
    void prepare(const ServiceSettings& settings, Callback<int(Context&)> call, std::vector<std::string> arguments,
                 const Host& host) {
        ServiceCore& core = service.core();
        core.name = settings.full_name();
        body = std::move(call);
        core.body = [this, &settings, words = std::move(arguments), host](WinServiceContext& context) {
            return run_body(settings, words, host, context);
        };
        hear(Control::param_change, [this] { reload(); });
        hear(user_control(Context::reopen_logs_control), [this] { running->call(running->on_reopen_logs); });
        hear(Control::pause, [this] { running->call(running->on_pause); });
        hear(Control::resume, [this] { running->call(running->on_continue); });
    }

    int run(RunMode mode) {
        if (service.mode_ == RunMode::detected) service.run_mode(mode);
        return service.run();
    }

    WinService service;
    ServiceConfig config;
    Callback<int(Context&)> body;
    RunningService* running = nullptr; // while the body runs

  private:
    // What Service::windows() took for itself stays as it is. What is accepted is the body's to say, by its callbacks.
    template <class Call>
    void hear(Control control, Call call) {
        HandlerTable& handlers = service.core().handlers;
        if (handlers.find(control) != nullptr) return;
        handlers.set(control, control, false, adapt_handler<Control, &ControlEvent::control>(std::move(call)));
    }

    void reload() {
        const std::string problem = running->reload();
        if (!problem.empty()) running->service.log(Severity::failure, problem);
    }

    // In ServiceMain, or on the console's thread.
    int run_body(const ServiceSettings& settings, const std::vector<std::string>& words, const Host& host,
                 WinServiceContext& service_context) {
        RunningService run(settings, host, service_context);
        run.arguments = service_context.arguments().empty() ? words : service_context.arguments();
        for (const ListenSetting& one : settings.listen) {
            Failure failure;
            run.sockets.push_back(listen_on(one.name, one.address, failure));
            if (failure) return service_context.fail(failure.message(), failure.exit_code());
        }
        running = &run;
        Context context(run);
        return body(context);
    }
};

template <class Body>
void apply_posix(ServiceHost&, Body&) {}

template <class Body>
void apply_windows(ServiceHost& host, Body& body) {
    if constexpr (std::is_invocable<Body&, WinService&, ServiceConfig&>::value) {
        body(host.service, host.config);
    } else {
        body(host.service);
    }
}

// What main() gets has lost what the code page lacks: the process's own command line has it all.
inline std::vector<std::string> words_of(int, char**) { return program_and_arguments(); }

// A start by the SCM that goes wrong before it is a service has nobody on a console to be told.
inline int refuse_command_line(const ServiceSettings& settings, const std::string& problem) {
    write_console(settings.full_name() + ": " + problem);
    if (is_started_by_scm()) static_cast<void>(EventLog(settings.full_name()).error(problem));
    return lsb::wrong_arguments;
}

inline int run_service_program(ServiceSettings& settings, ServiceHost& host, Callback<int(Context&)>& body,
                               VerbLine& line, const std::string& program) {
    if (!line.problem.empty()) return refuse_command_line(settings, line.problem);
    if (line.verb != Verb::none && line.verb != Verb::run) {
        return ServiceVerbs(settings, host.config, program).perform(line);
    }
    const Host found = settings.is_host_given ? Host{settings.host, "the program says so"} : detect_host();
    RunMode mode = RunMode::console;
    if (found.kind == HostKind::windows_scm) {
        mode = is_started_by_scm() && !settings.is_host_given ? RunMode::detected : RunMode::service;
    }
    host.prepare(settings, std::move(body), std::move(line.arguments), found);
    return host.run(mode);
}

} // namespace detail
} // namespace daemonize

#endif
