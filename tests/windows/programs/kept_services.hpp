// The state of the answering SCM: its services, by the rules of Windows for null and empty fields, and the recorded
// calls. Includes no header of the library; answering_scm.hpp uses this header.
#ifndef DAEMONIZE_TESTS_WINDOWS_KEPT_SERVICES_HPP
#define DAEMONIZE_TESTS_WINDOWS_KEPT_SERVICES_HPP

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <winsvc.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace scm {

using Text = std::vector<std::wstring>;

struct Service {
    std::wstring name;
    DWORD state = SERVICE_STOPPED;
    DWORD process = 0;
    // In the order of their stopping.
    Text dependents;
    // The error of a refused stop; 0 accepts the stop.
    DWORD refusal = 0;
    // The error of a refused start; 0 accepts the start.
    DWORD start_refusal = 0;
    // If the error is ERROR_BROKEN_PIPE, the process ends then: the number of queries that do not notice the end yet.
    int unnoticed = 2;
    bool gone = false;
    // The number of further queries that return the old state, or STOP_PENDING.
    int stopping = 0;

    DWORD start = SERVICE_DEMAND_START;
    std::wstring display, path;
    // An empty text is null for Windows, and is not kept.
    std::wstring description, command, reboot_message;
    std::vector<SC_ACTION> actions;
    DWORD reset = 0;
    Text privileges;
    // Levels of one number: delayed start, flag, SID type, pre-shutdown time-out.
    std::map<DWORD, DWORD> numbers;
};

struct Handle {
    Service* service;
    DWORD rights;
};

inline std::map<std::wstring, Service> services;
inline int open_handles = 0;
// Milliseconds. The clock advances by the slept time, so that waiting takes no time.
inline ULONGLONG clock = 0;
// The access rights of each opened manager, and of each opened or created service, and the events, in order.
inline std::vector<DWORD> manager_rights;
inline std::vector<DWORD> service_rights;
inline std::vector<std::string> events;
// The accounts that ChangeServiceConfig was given.
inline std::vector<std::string> accounts;
// Rights that nobody gets.
inline DWORD denied_rights = 0;
// The level of ChangeServiceConfig2 that is refused, once.
inline DWORD refused_level = 0;

inline std::string ascii(const wchar_t* text) {
    if (text == nullptr) return "null";
    std::string result;
    for (; *text != 0; ++text) result += static_cast<char>(*text);
    return result;
}

inline void happened(const std::string& event) { events.push_back(event); }

inline void forget() {
    manager_rights.clear();
    service_rights.clear();
    events.clear();
    accounts.clear();
}

inline std::string joined(const std::vector<std::string>& lines) {
    std::string result;
    for (const std::string& line : lines) result += line + "\n";
    return result;
}

inline BOOL refuse(DWORD error) {
    ::SetLastError(error);
    return FALSE;
}

inline SC_HANDLE open(Service* service, DWORD rights) {
    ++open_handles;
    return reinterpret_cast<SC_HANDLE>(new Handle{service, rights});
}

// The service, if the handle was opened with that right.
inline Service* with_right(SC_HANDLE handle, DWORD right) {
    const auto* opened = reinterpret_cast<const Handle*>(handle);
    if ((opened->rights & right) == right) return opened->service;
    ::SetLastError(ERROR_ACCESS_DENIED);
    return nullptr;
}

inline bool active(const std::wstring& name) { return services[name].state != SERVICE_STOPPED; }

inline void run(Service& service) {
    service.state = SERVICE_RUNNING;
    happened("start " + ascii(service.name.c_str()));
}

inline DWORD right_for(DWORD control) {
    if (control >= 128) return SERVICE_USER_DEFINED_CONTROL;
    if (control == SERVICE_CONTROL_STOP) return SERVICE_STOP;
    return control == SERVICE_CONTROL_INTERROGATE ? SERVICE_INTERROGATE : SERVICE_PAUSE_CONTINUE;
}

inline BOOL ask_to_stop(Service& service) {
    happened("stop " + ascii(service.name.c_str()));
    for (const std::wstring& name : service.dependents) {
        if (active(name)) return refuse(ERROR_DEPENDENT_SERVICES_RUNNING);
    }
    service.gone = service.refusal == ERROR_BROKEN_PIPE;
    if (service.gone) service.stopping = service.unnoticed;
    if (service.refusal != 0) return refuse(service.refusal);
    service.state = SERVICE_STOP_PENDING;
    service.stopping = 2;
    return TRUE;
}

inline Text strings(const wchar_t* list) {
    Text result;
    for (; list != nullptr && *list != 0; list += result.back().size() + 1) result.emplace_back(list);
    return result;
}

// Every field by its name, so that nothing is left to chance.
inline std::string actions_text(const SERVICE_FAILURE_ACTIONSW& info) {
    std::string result = "failure actions: reset " + std::to_string(info.dwResetPeriod) + ", message '" +
                         ascii(info.lpRebootMsg) + "', command '" + ascii(info.lpCommand) + "', " +
                         std::to_string(info.cActions) + (info.lpsaActions == nullptr ? " of null" : "");
    for (DWORD i = 0; i < info.cActions && info.lpsaActions != nullptr; ++i) {
        result +=
            ", " + std::to_string(info.lpsaActions[i].Type) + " after " + std::to_string(info.lpsaActions[i].Delay);
    }
    return result;
}

inline std::string privileges_text(const wchar_t* list) {
    std::string result = "privileges:";
    if (list == nullptr) return result + " null";
    for (const std::wstring& one : strings(list)) result += " " + ascii(one.c_str());
    return result;
}

inline const char* number_name(DWORD level) {
    switch (level) {
    case SERVICE_CONFIG_DELAYED_AUTO_START_INFO: return "delayed start";
    case SERVICE_CONFIG_FAILURE_ACTIONS_FLAG: return "non-crash failures";
    case SERVICE_CONFIG_SERVICE_SID_INFO: return "SID type";
    case SERVICE_CONFIG_PRESHUTDOWN_INFO: return "pre-shutdown time-out";
    default: return "unknown level";
    }
}

// The structure that Windows declares for the level, and not one that looks like it.
inline DWORD number_in(DWORD level, const void* info) {
    switch (level) {
    case SERVICE_CONFIG_DELAYED_AUTO_START_INFO:
        return static_cast<DWORD>(static_cast<const SERVICE_DELAYED_AUTO_START_INFO*>(info)->fDelayedAutostart);
    case SERVICE_CONFIG_FAILURE_ACTIONS_FLAG:
        return static_cast<DWORD>(
            static_cast<const SERVICE_FAILURE_ACTIONS_FLAG*>(info)->fFailureActionsOnNonCrashFailures);
    case SERVICE_CONFIG_SERVICE_SID_INFO: return static_cast<const SERVICE_SID_INFO*>(info)->dwServiceSidType;
    default: return static_cast<const SERVICE_PRESHUTDOWN_INFO*>(info)->dwPreshutdownTimeout;
    }
}

inline std::string level_text(DWORD level, const void* info) {
    if (level == SERVICE_CONFIG_DESCRIPTION) {
        return "description: '" + ascii(static_cast<const SERVICE_DESCRIPTIONW*>(info)->lpDescription) + "'";
    }
    if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
        return actions_text(*static_cast<const SERVICE_FAILURE_ACTIONSW*>(info));
    }
    if (level == SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO) {
        return privileges_text(static_cast<const SERVICE_REQUIRED_PRIVILEGES_INFOW*>(info)->pmszRequiredPrivileges);
    }
    return std::string(number_name(level)) + ": " + std::to_string(number_in(level, info));
}

// Null leaves what is there; an empty text, an empty list, or no actions at an address that is not null take it away.
inline void keep(Service& service, DWORD level, const void* info) {
    const auto set = [](std::wstring& text, const wchar_t* value) {
        if (value != nullptr) text = value;
    };
    if (level == SERVICE_CONFIG_DESCRIPTION) {
        set(service.description, static_cast<const SERVICE_DESCRIPTIONW*>(info)->lpDescription);
    } else if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
        const auto& found = *static_cast<const SERVICE_FAILURE_ACTIONSW*>(info);
        set(service.command, found.lpCommand);
        set(service.reboot_message, found.lpRebootMsg);
        if (found.lpsaActions == nullptr) return;
        service.actions.assign(found.lpsaActions, found.lpsaActions + found.cActions);
        service.reset = found.cActions == 0 ? 0 : found.dwResetPeriod;
    } else if (level == SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO) {
        const auto* list = static_cast<const SERVICE_REQUIRED_PRIVILEGES_INFOW*>(info)->pmszRequiredPrivileges;
        if (list != nullptr) service.privileges = strings(list);
    } else {
        service.numbers[level] = number_in(level, info);
    }
}

// All that there is to put back.
inline std::string configuration(const std::wstring& name) {
    Service& service = services[name];
    std::string result = ascii(service.display.c_str()) + ", " + ascii(service.path.c_str()) + ", start " +
                         std::to_string(service.start) + ", '" + ascii(service.description.c_str()) + "', '" +
                         ascii(service.command.c_str()) + "', reset " + std::to_string(service.reset);
    for (const SC_ACTION& action : service.actions) {
        result += ", " + std::to_string(action.Type) + " after " + std::to_string(action.Delay);
    }
    for (const std::wstring& one : service.privileges) result += ", " + ascii(one.c_str());
    for (const auto& one : service.numbers) {
        if (one.second != 0) result += ", " + std::string(number_name(one.first)) + " " + std::to_string(one.second);
    }
    return result;
}

// Writes a structure and what follows it, as queries do: null where there is nothing.
class Answer {
  public:
    Answer(void* buffer, DWORD size, DWORD* needed)
        : buffer_(static_cast<BYTE*>(buffer)), size_(size), needed_(needed) {}

    template <class T>
    T* place(const T* values, std::size_t count) {
        if (count == 0) return nullptr;
        used_ = (used_ + alignof(T) - 1) / alignof(T) * alignof(T);
        const std::size_t at = used_;
        used_ += count * sizeof(T);
        if (used_ > size_ || buffer_ == nullptr) return nullptr;
        return static_cast<T*>(std::memcpy(buffer_ + at, values, count * sizeof(T)));
    }
    wchar_t* text(const std::wstring& value) {
        return value.empty() ? nullptr : place(value.c_str(), value.size() + 1);
    }
    BOOL result(DWORD error) {
        *needed_ = static_cast<DWORD>(used_);
        return used_ <= size_ ? TRUE : refuse(error);
    }

  private:
    BYTE* buffer_;
    std::size_t size_;
    DWORD* needed_;
    std::size_t used_ = 0;
};

} // namespace scm

#endif
