// Severity: how bad what is logged is, in the event log and in syslog alike.
// Uses nothing; EventLog and WinService use it.
#ifndef DAEMONIZE_CORE_SEVERITY_HPP
#define DAEMONIZE_CORE_SEVERITY_HPP

namespace daemonize {

enum class Severity { information, warning, failure };

} // namespace daemonize

#endif
