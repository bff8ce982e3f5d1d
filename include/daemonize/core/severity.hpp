// Severity: the priority of a line in the Windows event log, in syslog and in the journal (public).
#ifndef DAEMONIZE_CORE_SEVERITY_HPP
#define DAEMONIZE_CORE_SEVERITY_HPP

namespace daemonize {

/// The priority of a line in a log: LOG_INFO, LOG_WARNING and LOG_ERR of syslog(3); on Windows
/// EVENTLOG_INFORMATION_TYPE and so on.
enum class Severity { information, warning, failure };

} // namespace daemonize

#endif
