// EventLog: syslog, by the calls that Windows' event log has.
// Uses core; programs use it.
#ifndef DAEMONIZE_POSIX_SYSTEM_EVENT_LOG_HPP
#define DAEMONIZE_POSIX_SYSTEM_EVENT_LOG_HPP

#include "../../core/failure.hpp"
#include "../../core/severity.hpp"

#include <string>

#include <syslog.h>

namespace daemonize {

/// The system's log, under one source. syslog(3) knows one source a process: it is whichever EventLog wrote first.
class EventLog {
  public:
    explicit EventLog(std::string source) : source_(std::move(source)) {}

    bool information(const std::string& text) const noexcept { return write(Severity::information, text); }
    bool warning(const std::string& text) const noexcept { return write(Severity::warning, text); }
    bool error(const std::string& text) const noexcept { return write(Severity::failure, text); }

    /// True: syslog(3) does not tell whether anybody heard.
    bool write(Severity severity, const std::string& text) const noexcept {
        // It keeps the pointer for good, beyond the life of this object.
        [[maybe_unused]] static const std::string* const kept = [this] {
            const auto* source = new std::string(source_);
            ::openlog(source->c_str(), LOG_PID, LOG_DAEMON);
            return source;
        }();
        const int priority = severity == Severity::failure   ? LOG_ERR
                             : severity == Severity::warning ? LOG_WARNING
                                                             : LOG_INFO;
        ::syslog(priority, "%s", text.c_str());
        return true;
    }
    bool write(Severity severity, const std::string& text, Failure&) const noexcept { return write(severity, text); }

    /// A source needs no registration here.
    bool install(Failure&) const noexcept { return true; }
    bool uninstall(Failure&) const noexcept { return true; }

#if DAEMONIZE_HAS_EXCEPTIONS()
    void install() const {}
    void uninstall() const {}
#endif

  private:
    std::string source_;
};

} // namespace daemonize

#endif
