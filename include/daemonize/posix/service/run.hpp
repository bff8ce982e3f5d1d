// Chooses how Service::run() runs on POSIX: a verb, a daemon or the foreground (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_RUN_HPP
#define DAEMONIZE_POSIX_SERVICE_RUN_HPP

#include "verbs.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

struct ServiceHost {
    Daemonizer daemonizer;
};

template <class Body>
void apply_posix(ServiceHost& host, Body& body) {
    body(host.daemonizer);
}
template <class Body>
void apply_windows(ServiceHost&, Body&) {}

// Returns the command line. execve(2) allows an empty command line: the result is then the name of the program.
inline std::vector<std::string> command_line_of(int argc, char** argv) {
    std::vector<std::string> arguments(argv, argv + argc);
    if (arguments.empty()) arguments.push_back(program_name());
    return arguments;
}

// Reports a run that is out of memory: in a daemon to its launcher, else in one line. Allocates nothing.
inline void report_out_of_memory(const ServiceSettings& settings) noexcept {
    const StepError failed = step_error(Stage::memory, ENOMEM, "", memory_is_short);
    const DaemonState& state = daemon_state();
    if (state.channel) {
        static_cast<void>(send_step_error(state.channel.get(), failed, 0));
        return;
    }
    const char* const step = stage_info(failed.stage).step;
    if (writes_to_journal())
        return write_error_line({journal_prefix(Severity::failure), "cannot ", step, ": ", failed.reason});
    write_error_line({settings.name, settings.instance.empty() ? "" : "@", settings.instance, ": cannot ", step, ": ",
                      failed.reason});
}

// Returns the exit status of main().
inline int run_service_program(ServiceSettings& settings, ServiceHost& host, Callback<int(Context&)>& body,
                               VerbLine& line, const std::string& program) {
    Options& options = options_of(host.daemonizer);
    options.name = settings.full_name();
    ServiceTask task = {settings, options, body, std::move(line.arguments)};
    if (!line.problem.empty()) {
        say(task, line.problem);
        return lsb::wrong_arguments;
    }
    Failure failure = settings.check_values();
    if (failure) return say(task, failure);
    ServiceVerbs verbs(task, program);
    if (line.verb != Verb::none && line.verb != Verb::run) return verbs.perform(line);
    Host found = settings.host ? host_of_program(*settings.host) : detect_host(failure);
    if (failure) return say(task, failure);
    const bool unsupervised = found.kind == HostKind::terminal || found.kind == HostKind::unknown;
    if (line.verb == Verb::none && settings.background && unsupervised) return verbs.start();
    return run_in_foreground(task, std::move(found));
}

} // namespace detail
} // namespace daemonize

#endif
