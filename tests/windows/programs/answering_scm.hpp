// A service control manager that answers ServiceManager's calls in Windows' place: it notes what was asked and with
// which rights, refuses what Windows documents that it refuses, and keeps to Windows' rules for null and empty fields.
// For what Wine's services.exe accepts without evidence, or not at all. To be included before <daemonize.hpp>.
#ifndef DAEMONIZE_TESTS_WINDOWS_ANSWERING_SCM_HPP
#define DAEMONIZE_TESTS_WINDOWS_ANSWERING_SCM_HPP

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
    // In the order of their stopping.
    Text dependents;
    // What a stop is refused with.
    DWORD refusal = 0;
    // How many more queries see it stopping.
    int stopping = 0;

    DWORD start = SERVICE_DEMAND_START;
    std::wstring display, path;
    // Empty is what Windows calls null, and does not keep.
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
// What the manager was opened for, what each service was opened or made for, and what happened, in order.
inline std::vector<DWORD> manager_rights;
inline std::vector<DWORD> service_rights;
inline std::vector<std::string> events;
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

// The library's calls, looked up from where it makes them, find these first.
namespace daemonize {

inline SC_HANDLE WINAPI OpenSCManagerW(const wchar_t*, const wchar_t*, DWORD rights) {
    scm::manager_rights.push_back(rights);
    return scm::open(nullptr, rights);
}

inline SC_HANDLE WINAPI OpenServiceW(SC_HANDLE, const wchar_t* name, DWORD rights) {
    scm::service_rights.push_back(rights);
    const auto found = scm::services.find(name);
    if (found != scm::services.end()) return scm::open(&found->second, rights);
    ::SetLastError(ERROR_SERVICE_DOES_NOT_EXIST);
    return nullptr;
}

inline SC_HANDLE WINAPI CreateServiceW(SC_HANDLE manager, const wchar_t* name, const wchar_t* display, DWORD rights,
                                       DWORD, DWORD start, DWORD, const wchar_t* path, const wchar_t*, DWORD*,
                                       const wchar_t*, const wchar_t*, const wchar_t*) {
    const auto* opened = reinterpret_cast<const scm::Handle*>(manager);
    const bool allowed = (opened->rights & SC_MANAGER_CREATE_SERVICE) != 0;
    if (!allowed || scm::services.count(name) != 0) {
        ::SetLastError(allowed ? ERROR_SERVICE_EXISTS : ERROR_ACCESS_DENIED);
        return nullptr;
    }
    scm::service_rights.push_back(rights);
    scm::Service& made = scm::services[name];
    made.name = name;
    made.display = display;
    made.path = path;
    made.start = start;
    return scm::open(&made, rights);
}

inline BOOL WINAPI CloseServiceHandle(SC_HANDLE handle) {
    --scm::open_handles;
    delete reinterpret_cast<scm::Handle*>(handle);
    return TRUE;
}

inline BOOL WINAPI DeleteService(SC_HANDLE handle) {
    scm::Service* service = scm::with_right(handle, 0x10000);
    if (service == nullptr) return FALSE;
    scm::happened("delete " + scm::ascii(service->name.c_str()));
    scm::services.erase(std::wstring(service->name));
    return TRUE;
}

inline BOOL WINAPI StartServiceW(SC_HANDLE handle, DWORD, const wchar_t**) {
    scm::Service* service = scm::with_right(handle, SERVICE_START);
    if (service == nullptr) return FALSE;
    if (service->state != SERVICE_STOPPED) return scm::refuse(ERROR_SERVICE_ALREADY_RUNNING);
    scm::run(*service);
    return TRUE;
}

inline BOOL WINAPI ControlService(SC_HANDLE handle, DWORD control, SERVICE_STATUS*) {
    scm::Service* service = scm::with_right(handle, scm::right_for(control));
    if (service == nullptr) return FALSE;
    if (control == SERVICE_CONTROL_STOP) return scm::ask_to_stop(*service);
    if (control == SERVICE_CONTROL_PAUSE) service->state = SERVICE_PAUSED;
    if (control == SERVICE_CONTROL_CONTINUE) service->state = SERVICE_RUNNING;
    return TRUE;
}

inline BOOL WINAPI QueryServiceStatusEx(SC_HANDLE handle, SC_STATUS_TYPE, BYTE* buffer, DWORD size, DWORD*) {
    scm::Service* service = scm::with_right(handle, SERVICE_QUERY_STATUS);
    if (service == nullptr) return FALSE;
    if (service->state == SERVICE_STOP_PENDING && service->stopping-- == 0) {
        service->state = SERVICE_STOPPED;
        scm::happened("stopped " + scm::ascii(service->name.c_str()));
    }
    SERVICE_STATUS_PROCESS status = {};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = service->state;
    status.dwWaitHint = service->state == SERVICE_STOP_PENDING ? 5000 : 0;
    if (size < sizeof status) return scm::refuse(ERROR_INSUFFICIENT_BUFFER);
    std::memcpy(buffer, &status, sizeof status);
    return TRUE;
}

inline BOOL WINAPI EnumDependentServicesW(SC_HANDLE handle, DWORD which, ENUM_SERVICE_STATUSW* found, DWORD size,
                                          DWORD* needed, DWORD* count) {
    const scm::Service* service = scm::with_right(handle, SERVICE_ENUMERATE_DEPENDENTS);
    if (service == nullptr) return FALSE;
    std::vector<ENUM_SERVICE_STATUSW> entries;
    scm::Text names;
    for (const std::wstring& name : service->dependents) {
        if ((which & (scm::active(name) ? SERVICE_ACTIVE : SERVICE_INACTIVE)) == 0) continue;
        ENUM_SERVICE_STATUSW entry = {};
        entry.ServiceStatus.dwCurrentState = scm::services[name].state;
        entries.push_back(entry);
        names.push_back(name);
    }
    *count = 0;
    scm::Answer answer(found, size, needed);
    ENUM_SERVICE_STATUSW* placed = answer.place(entries.data(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        wchar_t* const text = answer.text(names[i]);
        if (placed != nullptr) placed[i].lpServiceName = placed[i].lpDisplayName = text;
    }
    if (answer.result(ERROR_MORE_DATA) == FALSE) return FALSE;
    *count = static_cast<DWORD>(entries.size());
    return TRUE;
}

inline BOOL WINAPI QueryServiceConfigW(SC_HANDLE handle, QUERY_SERVICE_CONFIGW* found, DWORD size, DWORD* needed) {
    const scm::Service* service = scm::with_right(handle, SERVICE_QUERY_CONFIG);
    if (service == nullptr) return FALSE;
    QUERY_SERVICE_CONFIGW config = {};
    config.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    config.dwStartType = service->start;
    config.dwErrorControl = SERVICE_ERROR_NORMAL;
    scm::Answer answer(found, size, needed);
    QUERY_SERVICE_CONFIGW* placed = answer.place(&config, 1);
    wchar_t* const path = answer.text(service->path);
    wchar_t* const display = answer.text(service->display);
    wchar_t* const account = answer.text(L"LocalSystem");
    if (answer.result(ERROR_INSUFFICIENT_BUFFER) == FALSE) return FALSE;
    placed->lpBinaryPathName = path;
    placed->lpDisplayName = display;
    placed->lpServiceStartName = account;
    return TRUE;
}

inline BOOL WINAPI ChangeServiceConfigW(SC_HANDLE handle, DWORD, DWORD start, DWORD, const wchar_t* path,
                                        const wchar_t*, DWORD*, const wchar_t*, const wchar_t*, const wchar_t*,
                                        const wchar_t* display) {
    scm::Service* service = scm::with_right(handle, SERVICE_CHANGE_CONFIG);
    if (service == nullptr) return FALSE;
    service->start = start;
    service->path = path;
    service->display = display;
    return TRUE;
}

inline BOOL WINAPI QueryServiceConfig2W(SC_HANDLE handle, DWORD level, BYTE* buffer, DWORD size, DWORD* needed) {
    scm::Service* service = scm::with_right(handle, SERVICE_QUERY_CONFIG);
    if (service == nullptr) return FALSE;
    scm::Answer answer(buffer, size, needed);
    if (level == SERVICE_CONFIG_DESCRIPTION) {
        SERVICE_DESCRIPTIONW info = {};
        auto* placed = answer.place(&info, 1);
        info.lpDescription = answer.text(service->description);
        if (placed != nullptr) *placed = info;
    } else if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
        SERVICE_FAILURE_ACTIONSW info = {};
        auto* placed = answer.place(&info, 1);
        info.dwResetPeriod = service->reset;
        info.lpCommand = answer.text(service->command);
        info.lpRebootMsg = answer.text(service->reboot_message);
        info.cActions = static_cast<DWORD>(service->actions.size());
        info.lpsaActions = answer.place(service->actions.data(), service->actions.size());
        if (placed != nullptr) *placed = info;
    } else if (level == SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO) {
        SERVICE_REQUIRED_PRIVILEGES_INFOW info = {};
        auto* placed = answer.place(&info, 1);
        std::wstring list;
        for (const std::wstring& one : service->privileges) list += one + L'\0';
        info.pmszRequiredPrivileges = answer.text(list); // with its own zero
        if (placed != nullptr) *placed = info;
    } else {
        answer.place(&service->numbers[level], 1);
    }
    return answer.result(ERROR_INSUFFICIENT_BUFFER);
}

inline BOOL WINAPI ChangeServiceConfig2W(SC_HANDLE handle, DWORD level, void* info) {
    scm::Service* service = scm::with_right(handle, SERVICE_CHANGE_CONFIG);
    if (service == nullptr) return FALSE;
    scm::happened(scm::level_text(level, info));
    if (level == scm::refused_level) {
        scm::refused_level = 0;
        return scm::refuse(ERROR_NOT_ENOUGH_QUOTA);
    }
    if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
        const auto& actions = *static_cast<const SERVICE_FAILURE_ACTIONSW*>(info);
        for (DWORD i = 0; i < actions.cActions && actions.lpsaActions != nullptr; ++i) {
            const bool starts = actions.lpsaActions[i].Type == SC_ACTION_RESTART;
            if (starts && scm::with_right(handle, SERVICE_START) == nullptr) return FALSE;
        }
    }
    scm::keep(*service, level, info);
    return TRUE;
}

} // namespace daemonize

// In brackets, so that the arguments' namespaces are not looked into.
#define DAEMONIZE_SYSTEM(call) (call)

#endif
