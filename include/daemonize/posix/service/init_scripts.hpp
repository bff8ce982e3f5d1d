// The init scripts of OpenRC and System V that the verb install writes (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_INIT_SCRIPTS_HPP
#define DAEMONIZE_POSIX_SERVICE_INIT_SCRIPTS_HPP

#include "../../core/failure.hpp"
#include "definition.hpp"
#include "quote.hpp"

#include <string>

namespace daemonize {
namespace detail {

// The command line of a verb that takes the arguments of the service.
inline std::string verb_command(const ServiceDefinition& service, const char* verb) {
    std::string command = joined({quote_for_shell(service.program), " ", verb, " --"});
    for (const std::string& argument : service.arguments) append(command, {" ", quote_for_shell(argument)});
    return command;
}

inline std::string openrc_text(const ServiceDefinition& service) {
    const std::string program = quote_for_shell(service.program);
    const std::string description = quote_for_shell(one_line(service.description));
    return joined({"#!/sbin/openrc-run\n", install_comment, "\ndescription=", description,
                   "\nextra_started_commands=\"reload\"\n\nstart() {\n    ", verb_command(service, "start"),
                   "\n}\n\nstop() {\n    ", program, " stop\n}\n\nreload() {\n    ", verb_command(service, "reload"),
                   "\n}\n\nstatus() {\n    ", program, " status\n}\n"});
}

inline std::string sysv_text(const ServiceDefinition& service) {
    const std::string description = one_line(service.description.empty() ? service.name : service.description);
    return joined({"#!/bin/sh\n### BEGIN INIT INFO\n# Provides:          ", service.name,
                   "\n# Required-Start:    $remote_fs $syslog\n# Required-Stop:     $remote_fs $syslog\n",
                   "# Default-Start:     2 3 4 5\n# Default-Stop:      0 1 6\n# Short-Description: ", description,
                   "\n### END INIT INFO\n", install_comment, "\ncase \"$1\" in\nstart) exec ",
                   verb_command(service, "start"), " ;;\nrestart | force-reload) exec ",
                   verb_command(service, "restart"), " ;;\nreload) exec ", verb_command(service, "reload"),
                   " ;;\nstop | status) exec ", quote_for_shell(service.program),
                   " \"$1\" ;;\n*)\n    echo \"usage: $0 start|stop|restart|force-reload|reload|status\" ",
                   ">&2\n    exit 2\n    ;;\nesac\n"});
}

} // namespace detail
} // namespace daemonize

#endif
