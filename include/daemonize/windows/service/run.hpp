// Chooses how Service::run() runs on Windows: a verb or a run; the WinService of Service::windows() (internal).
#ifndef DAEMONIZE_WINDOWS_SERVICE_RUN_HPP
#define DAEMONIZE_WINDOWS_SERVICE_RUN_HPP

#include "../../core/out_of_memory.hpp"
#include "../../core/parameters.hpp"
#include "../scm/detect_host.hpp"
#include "../scm/dispatcher.hpp"
#include "../system/listen_on.hpp"
#include "context.hpp"
#include "verbs.hpp"

#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace daemonize {

namespace detail {

struct ServiceHost {
    // The verb install starts a service at each boot, on every platform.
    ServiceHost() : service(std::string()) { config.start = StartType::automatic; }

    // Sets the name and the body of the WinService. The full name is known only when Service::run() is called.
    void prepare(const ServiceSettings& settings, Callback<int(Context&)> call, std::vector<std::string> arguments,
                 const Host& host) {
        ServiceCore& core = service.core();
        core.name = settings.full_name();
        body = std::move(call);
        core.body = [this, &settings, line_arguments = std::move(arguments), host](WinServiceContext& context) {
            return run_body(settings, line_arguments, host, context);
        };
        on(Control::param_change, [this] { reload(); });
        on(user_control(Context::reopen_logs_control), [this] { running->call(running->on_reopen_logs); });
        on(Control::pause, [this] { running->call(running->on_pause); });
        on(Control::resume, [this] { running->call(running->on_continue); });
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
    // Sets a handler, unless Service::windows() has set one. The callbacks of the Context decide which controls are
    // accepted.
    template <class Call>
    void on(Control control, Call call) {
        HandlerTable& handlers = service.core().handlers;
        if (handlers.find(control) != nullptr) return;
        handlers.set(control, control, false, adapt_handler<Control, &ControlEvent::control>(std::move(call)));
    }

    void reload() {
        const std::string problem = running->reload();
        if (!problem.empty()) running->service.log(Severity::failure, problem);
    }

    // Runs in ServiceMain, or on a console in the main thread.
    int run_body(const ServiceSettings& settings, const std::vector<std::string>& line_arguments, const Host& host,
                 WinServiceContext& service_context) {
        RunningService run(settings, host, service_context);
        run.arguments = service_context.arguments().empty() ? line_arguments : service_context.arguments();
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

// The arguments of main() have lost the characters that the code page lacks, so the command line of the process is
// used.
inline std::vector<std::string> command_line_of(int, char**) { return program_and_arguments(); }

// The console of a process that the SCM started is invisible, so the event log gets the text too.
inline void report_refusal(const ServiceSettings& settings, const std::string& problem) {
    write_console(settings.full_name() + ": " + problem);
    if (is_started_by_scm()) EventLog(settings.full_name()).try_write(Severity::failure, problem);
}

// Reports a run that is out of memory. Allocates nothing.
inline void report_out_of_memory(const ServiceSettings& settings) noexcept {
    const char* const at = settings.instance.empty() ? "" : "@";
    static_cast<void>(std::fprintf(stderr, "%s%s%s: cannot %s: %s\n", settings.name.c_str(), at,
                                   settings.instance.c_str(), stage_info(Stage::memory).step, memory_is_short));
}

// Returns the exit status of main().
inline int run_service_program(ServiceSettings& settings, ServiceHost& host, Callback<int(Context&)>& body,
                               VerbLine& line, const std::string& program) {
    if (!line.problem.empty()) {
        report_refusal(settings, line.problem);
        return lsb::wrong_arguments;
    }
    Failure failure = settings.check_values();
    if (failure) {
        report_refusal(settings, failure.message());
        return failure.exit_code();
    }
    if (line.verb != Verb::none && line.verb != Verb::run) {
        return ServiceVerbs(settings, host.config, program).perform(line);
    }
    const Host found = settings.host ? host_of_program(*settings.host) : detect_host(failure);
    if (failure) {
        report_refusal(settings, failure.message());
        return failure.exit_code();
    }
    RunMode mode = RunMode::console;
    if (found.kind == HostKind::windows_scm) {
        mode = is_started_by_scm() && !settings.host ? RunMode::detected : RunMode::service;
    }
    host.prepare(settings, std::move(body), std::move(line.arguments), found);
    return host.run(mode);
}

} // namespace detail
} // namespace daemonize

#endif
