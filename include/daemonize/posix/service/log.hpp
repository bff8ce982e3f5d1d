// ServiceLog: the log of a service goes to the journal, to syslog or to standard error (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_LOG_HPP
#define DAEMONIZE_POSIX_SERVICE_LOG_HPP

#include "../../core/number.hpp"
#include "../system/event_log.hpp"
#include "../system/write_error.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

namespace daemonize {
namespace detail {

// True if standard error is the stream of the journal. JOURNAL_STREAM names the stream by device and inode. All
// processes of the unit inherit the variable, also processes with another standard error. systemd.exec(5).
inline bool writes_to_journal() noexcept {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status;
    if (stream == nullptr || DAEMONIZE_SYSTEM(fstat)(STDERR_FILENO, &status) != 0) return false;
    const char* colon = std::strchr(stream, ':');
    std::uint64_t device = 0, inode = 0;
    return colon != nullptr && parse_number(stream, static_cast<std::size_t>(colon - stream), UINT64_MAX, device) &&
           parse_number(colon + 1, std::strlen(colon + 1), UINT64_MAX, inode) &&
           device == convert<std::uint64_t>(status.st_dev) && inode == convert<std::uint64_t>(status.st_ino);
}

// The prefix of sd-daemon(3), which gives the line its priority in the journal.
inline const char* journal_prefix(Severity severity) noexcept {
    if (severity == Severity::failure) return "<3>";
    return severity == Severity::warning ? "<4>" : "<6>";
}

class ServiceLog {
  public:
    // `to_syslog` is for a daemon that this library launched: its standard error is /dev/null or a file.
    ServiceLog(std::string name, bool to_syslog)
        : name_(std::move(name)), event_log_(name_), to_syslog_(to_syslog),
          to_journal_(!to_syslog && writes_to_journal()) {}

    void write(Severity severity, const std::string& text) const noexcept {
        if (to_syslog_) {
            event_log_.try_write(severity, text);
        } else if (to_journal_) {
            write_error_line({journal_prefix(severity), text});
        } else {
            write_error_line({name_, ": ", text});
        }
    }

  private:
    std::string name_;
    EventLog event_log_;
    bool to_syslog_;
    bool to_journal_;
};

} // namespace detail
} // namespace daemonize

#endif
