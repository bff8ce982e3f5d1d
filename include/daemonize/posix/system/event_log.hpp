// EventLog on POSIX: writes to syslog, by the functions that Windows' EventLog has (public).
#ifndef DAEMONIZE_POSIX_SYSTEM_EVENT_LOG_HPP
#define DAEMONIZE_POSIX_SYSTEM_EVENT_LOG_HPP

#include "../../core/failure.hpp"
#include "../../core/parameters.hpp"
#include "../../core/severity.hpp"

#include <cstddef>
#include <string>
#include <syslog.h>

namespace daemonize {

/// Writes to the log of the system under one source. syslog(3) has one source for a process: the source of the EventLog
/// that writes first. Any thread may call every function. syslog(3) does not report failures, so no function fails on
/// POSIX. Source: openlog(3), syslog(3).
class EventLog {
  public:
    /// `source` is usually the name of the program. openlog(3) gets the first 255 bytes.
    explicit EventLog(Text source) : source_(std::move(source)) {}

    /// Writes one entry. On Windows it fails at Stage::event_log.
    [[nodiscard]] bool write(Severity severity, const std::string& text, Failure& failure) const noexcept {
        failure = Failure();
        return try_write(severity, text);
    }

    /// As above, without the reason of a failure.
    DAEMONIZE_SHARED bool try_write(Severity severity, const std::string& text) const noexcept {
        static char source[256]; // openlog(3) keeps the pointer, beyond the life of this object
        [[maybe_unused]] static const bool is_open = [this] {
            source_.copy(source, sizeof source - 1);
            ::openlog(source, LOG_PID, LOG_DAEMON);
            return true;
        }();
        const int priority = severity == Severity::failure   ? LOG_ERR
                             : severity == Severity::warning ? LOG_WARNING
                                                             : LOG_INFO;
        ::syslog(priority, "%s", text.c_str());
        return true;
    }

    /// Does nothing: syslog needs no registration. On Windows it registers the source.
    [[nodiscard]] bool install(Failure& failure) const noexcept {
        failure = Failure();
        return true;
    }

    /// Does nothing. On Windows it removes the registration.
    [[nodiscard]] bool uninstall(Failure& failure) const noexcept {
        failure = Failure();
        return true;
    }

    /// A text is no null pointer.
    template <class... Others>
    bool write(Severity, std::nullptr_t, Others&&...) const = delete;
    bool try_write(Severity, std::nullptr_t) const = delete;
    void information(std::nullptr_t) const = delete;
    void warning(std::nullptr_t) const = delete;
    void error(std::nullptr_t) const = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; on Windows they throw Error.
    void write(Severity severity, const std::string& text) const { try_write(severity, text); }
    void information(const std::string& text) const { write(Severity::information, text); }
    void warning(const std::string& text) const { write(Severity::warning, text); }
    void error(const std::string& text) const { write(Severity::failure, text); }
    void install() const {}
    void uninstall() const {}
#endif

  private:
    std::string source_;
};

} // namespace daemonize

#endif
