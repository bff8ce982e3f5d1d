// A service control manager that answers the calls of ServiceManager in Windows' place. It records the calls and their
// access rights, refuses calls that Windows documents as refused, and follows the rules of Windows for null and empty
// fields. For calls that Wine's services.exe accepts without an effect, or does not have. Must be included before
// <daemonize.hpp>.
#ifndef DAEMONIZE_TESTS_WINDOWS_ANSWERING_SCM_HPP
#define DAEMONIZE_TESTS_WINDOWS_ANSWERING_SCM_HPP

#include "kept_services.hpp"

// The library's calls, looked up from where it makes them, find these first.
namespace daemonize {

inline ULONGLONG WINAPI GetTickCount64() { return scm::clock; }
inline void WINAPI Sleep(DWORD milliseconds) { scm::clock += milliseconds; }

inline SC_HANDLE WINAPI OpenSCManagerW(const wchar_t*, const wchar_t*, DWORD rights) {
    scm::manager_rights.push_back(rights);
    return scm::open(nullptr, rights);
}

inline SC_HANDLE WINAPI OpenServiceW(SC_HANDLE, const wchar_t* name, DWORD rights) {
    scm::service_rights.push_back(rights);
    const auto found = scm::services.find(name);
    const bool exists = found != scm::services.end();
    if (exists && (rights & scm::denied_rights) == 0) return scm::open(&found->second, rights);
    ::SetLastError(exists ? ERROR_ACCESS_DENIED : ERROR_SERVICE_DOES_NOT_EXIST);
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
    if (service->start_refusal != 0) return scm::refuse(service->start_refusal);
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
    if ((service->gone || service->state == SERVICE_STOP_PENDING) && service->stopping-- == 0) {
        service->state = SERVICE_STOPPED;
        service->gone = false;
        scm::happened("stopped " + scm::ascii(service->name.c_str()));
    }
    SERVICE_STATUS_PROCESS status = {};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = service->state;
    status.dwProcessId = service->process;
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
                                        const wchar_t*, DWORD*, const wchar_t*, const wchar_t* account, const wchar_t*,
                                        const wchar_t* display) {
    scm::Service* service = scm::with_right(handle, SERVICE_CHANGE_CONFIG);
    if (service == nullptr) return FALSE;
    scm::accounts.push_back(scm::ascii(account));
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
