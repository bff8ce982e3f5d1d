// Whether the SCM started this process: services.exe is its parent then. Session and token mislead in containers and with
// restricted accounts, and to ask the dispatcher itself costs ten seconds at a console.
// Uses library; real_scm uses it.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_PARENT_PROCESS_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_PARENT_PROCESS_HPP

#include "library.hpp"

#include <tlhelp32.h>

namespace daemonize {
namespace detail {

// 0 where Windows does not tell. NtQueryInformationProcess, ProcessBasicInformation.
inline DWORD parent_process() noexcept {
    struct {
        LONG_PTR exit_status;
        void* environment_block;
        ULONG_PTR affinity;
        LONG_PTR priority;
        ULONG_PTR process;
        ULONG_PTR parent;
    } facts = {};
    LONG(WINAPI * query)(HANDLE, int, void*, ULONG, ULONG*) = nullptr;
    const HMODULE library = system_library(L"ntdll.dll");
    const bool is_told = library != nullptr && find_function(library, "NtQueryInformationProcess", query) &&
                         query(DAEMONIZE_SYSTEM(GetCurrentProcess)(), 0, &facts, sizeof facts, nullptr) == 0;
    return is_told ? static_cast<DWORD>(facts.parent) : 0;
}

inline bool is_scm_program(const wchar_t* name) noexcept {
    return DAEMONIZE_SYSTEM(lstrcmpiW)(name, L"services.exe") == 0;
}

// Asks the parent itself. False where this account may not, and `is_scm` is not set.
inline bool ask_parent(bool& is_scm) noexcept {
    const DWORD parent = parent_process();
    const HANDLE process =
        parent == 0 ? nullptr : DAEMONIZE_SYSTEM(OpenProcess)(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, parent);
    if (process == nullptr) return false;
    wchar_t path[MAX_PATH];
    DWORD size = MAX_PATH;
    const bool is_told = DAEMONIZE_SYSTEM(QueryFullProcessImageNameW)(process, 0, path, &size) != FALSE;
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(process));
    const wchar_t* name = path;
    for (DWORD i = 0; is_told && i < size; ++i) {
        if (path[i] == L'\\') name = path + i + 1;
    }
    if (is_told) is_scm = is_scm_program(name);
    return is_told;
}

// Looks for the parent in a snapshot of all processes, which any account may take; it takes milliseconds.
inline bool is_scm_parent_in_snapshot() noexcept {
    const HANDLE snapshot = DAEMONIZE_SYSTEM(CreateToolhelp32Snapshot)(TH32CS_SNAPPROCESS, 0);
    if (snapshot == INVALID_HANDLE_VALUE) return false;
    const DWORD self = DAEMONIZE_SYSTEM(GetCurrentProcessId)();
    DWORD parent = 0;
    bool found = false;
    PROCESSENTRY32W entry = {};
    for (int pass = 0; pass < 2; ++pass) {
        entry.dwSize = sizeof entry;
        BOOL more = DAEMONIZE_SYSTEM(Process32FirstW)(snapshot, &entry);
        for (; more != FALSE; more = DAEMONIZE_SYSTEM(Process32NextW)(snapshot, &entry)) {
            if (pass == 0 && entry.th32ProcessID == self) parent = entry.th32ParentProcessID;
            if (pass == 1 && entry.th32ProcessID == parent) found = is_scm_program(entry.szExeFile);
        }
    }
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(snapshot));
    return found;
}

inline bool is_started_by_scm() noexcept {
    bool is_scm = false;
    return ask_parent(is_scm) ? is_scm : is_scm_parent_in_snapshot();
}

} // namespace detail
} // namespace daemonize

#endif
