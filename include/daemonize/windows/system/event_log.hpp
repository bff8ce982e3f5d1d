// EventLog on Windows: writes to the Application log, by the functions that POSIX's EventLog has (public).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_EVENT_LOG_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_EVENT_LOG_HPP

#include "../../core/parameters.hpp"
#include "../../core/severity.hpp"
#include "error.hpp"

#include <cstddef>
#include <string>

namespace daemonize {

/// Writes to the log of the system under one source. Any thread may call every function. Fails at Stage::event_log.
/// Source: RegisterEventSource, ReportEvent.
class EventLog {
  public:
    /// `source` is usually the name of the service. install() refuses an empty source and a source with a backslash.
    explicit EventLog(Text source) : source_(std::move(source)) {}

    /// Writes one entry. A text of more than 31839 characters is cut.
    [[nodiscard]] bool write(Severity severity, const std::string& text, Failure& failure) const noexcept {
        failure = Failure();
        const HANDLE log = DAEMONIZE_SYSTEM(RegisterEventSourceW)(nullptr, detail::widen(source_).c_str());
        if (log == nullptr) return failed(::GetLastError(), failure);
        const WORD type = severity == Severity::failure   ? EVENTLOG_ERROR_TYPE
                          : severity == Severity::warning ? EVENTLOG_WARNING_TYPE
                                                          : EVENTLOG_INFORMATION_TYPE;
        // ReportEventW refuses a longer entry.
        const std::wstring wide = detail::widen(text).substr(0, 31839);
        const wchar_t* strings[] = {wide.c_str()};
        const BOOL written = DAEMONIZE_SYSTEM(ReportEventW)(log, type, 0, message_id, nullptr, 1, 0, strings, nullptr);
        const DWORD error = written != FALSE ? NO_ERROR : ::GetLastError();
        static_cast<void>(DAEMONIZE_SYSTEM(DeregisterEventSource)(log)); // the result of ReportEventW counts
        return error == NO_ERROR || failed(error, failure);
    }

    /// As above, without the reason of a failure.
    bool try_write(Severity severity, const std::string& text) const noexcept {
        Failure dropped;
        return write(severity, text, dropped);
    }

    /// Registers the source. Without the registration the event viewer adds a remark about a missing description to
    /// each entry. The caller must be an administrator. The message file is EventCreate.exe, which every Windows has:
    /// its message 1 is the text itself.
    [[nodiscard]] bool install(Failure& failure) const noexcept {
        failure = Failure();
        if (!names_one_key()) return failed(ERROR_INVALID_NAME, failure);
        HKEY key = nullptr;
        DWORD made = 0;
        LSTATUS error = DAEMONIZE_SYSTEM(RegCreateKeyExW)(HKEY_LOCAL_MACHINE, key_name().c_str(), 0, nullptr, 0,
                                                          KEY_SET_VALUE, nullptr, &key, &made);
        if (error != NO_ERROR) return failed(static_cast<DWORD>(error), failure);
        constexpr wchar_t file[] = L"%SystemRoot%\\System32\\EventCreate.exe";
        const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
        error = DAEMONIZE_SYSTEM(RegSetValueExW)(key, L"EventMessageFile", 0, REG_EXPAND_SZ,
                                                 reinterpret_cast<const BYTE*>(file), sizeof file);
        if (error == NO_ERROR) {
            error = DAEMONIZE_SYSTEM(RegSetValueExW)(key, L"TypesSupported", 0, REG_DWORD,
                                                     reinterpret_cast<const BYTE*>(&types), sizeof types);
        }
        static_cast<void>(DAEMONIZE_SYSTEM(RegCloseKey)(key));
        if (error != NO_ERROR && made == REG_CREATED_NEW_KEY) {
            // The result of RegSetValueExW counts.
            static_cast<void>(DAEMONIZE_SYSTEM(RegDeleteKeyW)(HKEY_LOCAL_MACHINE, key_name().c_str()));
        }
        return error == NO_ERROR || failed(static_cast<DWORD>(error), failure);
    }

    /// Removes the registration. Succeeds if the source is not registered.
    [[nodiscard]] bool uninstall(Failure& failure) const noexcept {
        failure = Failure();
        if (!names_one_key()) return failed(ERROR_INVALID_NAME, failure);
        const LSTATUS error = DAEMONIZE_SYSTEM(RegDeleteKeyW)(HKEY_LOCAL_MACHINE, key_name().c_str());
        return error == NO_ERROR || error == ERROR_FILE_NOT_FOUND || failed(static_cast<DWORD>(error), failure);
    }

    /// A text is no null pointer.
    template <class... Others>
    bool write(Severity, std::nullptr_t, Others&&...) const = delete;
    bool try_write(Severity, std::nullptr_t) const = delete;
    void information(std::nullptr_t) const = delete;
    void warning(std::nullptr_t) const = delete;
    void error(std::nullptr_t) const = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    void write(Severity severity, const std::string& text) const {
        Failure failure;
        detail::throw_unless(write(severity, text, failure), failure);
    }
    void information(const std::string& text) const { write(Severity::information, text); }
    void warning(const std::string& text) const { write(Severity::warning, text); }
    void error(const std::string& text) const { write(Severity::failure, text); }
    void install() const {
        Failure failure;
        detail::throw_unless(install(failure), failure);
    }
    void uninstall() const {
        Failure failure;
        detail::throw_unless(uninstall(failure), failure);
    }
#endif

  private:
    static constexpr DWORD message_id = 1;

    // An empty source would name the key of the log itself, and install() or uninstall() would change that key.
    bool names_one_key() const noexcept {
        return !source_.empty() && source_.find('\\') == std::string::npos && source_.find('\0') == std::string::npos;
    }

    std::wstring key_name() const {
        return L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" + detail::widen(source_);
    }

    bool failed(DWORD error, Failure& failure) const {
        failure = detail::windows_failure(Stage::event_log, error, "of " + source_);
        return false;
    }

    std::string source_;
};

} // namespace daemonize

#endif
