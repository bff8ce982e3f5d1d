// EventLog: Windows' Application log, under a source of the application's own.
// Uses error; WinService logs through it, and programs may. On POSIX the same class writes to syslog.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_EVENT_LOG_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_EVENT_LOG_HPP

#include "../../core/severity.hpp"
#include "error.hpp"

#include <string>

namespace daemonize {

/// The system's log, under one source. Each call stands alone, and may come from any thread.
class EventLog {
  public:
    /// `source` is mostly the service's name. To be registered it must not be empty, nor have a backslash.
    explicit EventLog(std::string source) : source_(std::move(source)) {}

    bool information(const std::string& text) const noexcept { return write(Severity::information, text); }
    bool warning(const std::string& text) const noexcept { return write(Severity::warning, text); }
    bool error(const std::string& text) const noexcept { return write(Severity::failure, text); }

    /// False where nothing could be written; the reason is in the other form.
    bool write(Severity severity, const std::string& text) const noexcept {
        Failure ignored;
        return write(severity, text, ignored);
    }
    bool write(Severity severity, const std::string& text, Failure& failure) const noexcept {
        const HANDLE log = DAEMONIZE_SYSTEM(RegisterEventSourceW)(nullptr, detail::widen(source_).c_str());
        if (log == nullptr) return failed(::GetLastError(), failure);
        const WORD type = severity == Severity::failure   ? EVENTLOG_ERROR_TYPE
                          : severity == Severity::warning ? EVENTLOG_WARNING_TYPE
                                                          : EVENTLOG_INFORMATION_TYPE;
        // An entry holds 31839 characters, and is refused whole where it has more.
        const std::wstring wide = detail::widen(text).substr(0, 31839);
        const wchar_t* strings[] = {wide.c_str()};
        const BOOL written = DAEMONIZE_SYSTEM(ReportEventW)(log, type, 0, message_id, nullptr, 1, 0, strings, nullptr);
        const DWORD error = written != FALSE ? NO_ERROR : ::GetLastError();
        static_cast<void>(DAEMONIZE_SYSTEM(DeregisterEventSource)(log)); // the entry is written, or is not
        return error == NO_ERROR || failed(error, failure);
    }

    /// Registers the source, so that the log shows the texts without a complaint about a missing description. Wants an
    /// administrator. Its texts are those of a program that every Windows has, whose message 1 is the text itself.
    bool install(Failure& failure) const noexcept {
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
            // The first failure counts.
            static_cast<void>(DAEMONIZE_SYSTEM(RegDeleteKeyW)(HKEY_LOCAL_MACHINE, key_name().c_str()));
        }
        return error == NO_ERROR || failed(static_cast<DWORD>(error), failure);
    }

    /// Takes the registration away; that there is none is no failure.
    bool uninstall(Failure& failure) const noexcept {
        if (!names_one_key()) return failed(ERROR_INVALID_NAME, failure);
        const LSTATUS error = DAEMONIZE_SYSTEM(RegDeleteKeyW)(HKEY_LOCAL_MACHINE, key_name().c_str());
        return error == NO_ERROR || error == ERROR_FILE_NOT_FOUND || failed(static_cast<DWORD>(error), failure);
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    void install() const {
        Failure failure;
        if (!install(failure)) throw Error(failure);
    }
    void uninstall() const {
        Failure failure;
        if (!uninstall(failure)) throw Error(failure);
    }
#endif

  private:
    static constexpr DWORD message_id = 1;

    // Without a name it would be the log's own key that is written, or deleted.
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
