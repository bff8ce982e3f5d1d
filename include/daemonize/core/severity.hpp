// Severity: the priority of a line in the Windows event log, in syslog and in the journal (public).
#ifndef DAEMONIZE_CORE_SEVERITY_HPP
#define DAEMONIZE_CORE_SEVERITY_HPP

namespace daemonize {

/// The priority of a line in a log: LOG_INFO, LOG_WARNING and LOG_ERR of syslog(3); on Windows
/// EVENTLOG_INFORMATION_TYPE and so on.
enum class Severity { information, warning, failure };

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(Severity severity) noexcept {
    switch (severity) {
    case Severity::information: return "information";
    case Severity::warning: return "warning";
    case Severity::failure: return "failure";
    }
    return "unknown";
}

} // namespace daemonize

#endif
