// Runs systemctl(1) for the verbs start, stop, restart and reload of an installed unit (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_SYSTEMCTL_HPP
#define DAEMONIZE_POSIX_SERVICE_SYSTEMCTL_HPP

#include "definition.hpp"
#include "run_command.hpp"

#include <string>
#include <unistd.h>

namespace daemonize {
namespace detail {

inline Failure systemctl(const ServiceDefinition& service, const char* verb) {
    const char* const scope = geteuid() == 0 ? "--system" : "--user";
    return run_command(Stage::instance, service.pid_file,
                       {"systemctl", scope, verb, joined({service.name, ".service"})});
}

} // namespace detail
} // namespace daemonize

#endif
