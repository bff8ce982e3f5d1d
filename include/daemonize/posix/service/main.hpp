// The POSIX part of Service: the Daemonizer of Service::posix(), and the choice between verbs and a run (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_MAIN_HPP
#define DAEMONIZE_POSIX_SERVICE_MAIN_HPP

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

// The command line. execve(2) allows an empty one; then the result holds the name of the program.
inline std::vector<std::string> command_line_of(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = 0; i < argc; ++i) words.push_back(argv[i]);
    if (words.empty()) words.push_back(program_name());
    return words;
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
