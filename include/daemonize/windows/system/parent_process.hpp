// is_started_by_scm(): whether services.exe is the parent process (internal). The session and the token of the process
// differ in containers and for restricted accounts, and the dispatcher takes ten seconds to fail on a console.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_PARENT_PROCESS_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_PARENT_PROCESS_HPP

#include "load_library.hpp"

#include <cstring>
#include <optional>

#include <tlhelp32.h>

namespace daemonize {
namespace detail {

// The id of the parent process, by NtQueryInformationProcess(ProcessBasicInformation). 0 on a failure.
inline DWORD parent_process() noexcept {
    struct {
        LONG_PTR exit_status;
        void* environment_block;
        ULONG_PTR affinity;
        LONG_PTR priority;
        ULONG_PTR process;
        ULONG_PTR parent;
    } info = {};
    LONG(WINAPI * query)(HANDLE, int, void*, ULONG, ULONG*) = nullptr;
    const HMODULE library = system_library(L"ntdll.dll");
    const bool is_known = library != nullptr && find_function(library, "NtQueryInformationProcess", query) &&
                          query(DAEMONIZE_SYSTEM(GetCurrentProcess)(), 0, &info, sizeof info, nullptr) == 0;
    DWORD parent = 0;
    if (is_known)
        std::memcpy(&parent, &info.parent, sizeof parent); // the id has 32 bits, the field has the size of a pointer
    return parent;
}

inline bool is_scm_program(const wchar_t* name) noexcept {
    return DAEMONIZE_SYSTEM(lstrcmpiW)(name, L"services.exe") == 0;
}

// Whether the parent process is the SCM, by the path of its program. Empty if this account has no right to query it.
inline std::optional<bool> is_scm_parent() noexcept {
    const DWORD parent = parent_process();
    const HANDLE process =
        parent == 0 ? nullptr : DAEMONIZE_SYSTEM(OpenProcess)(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, parent);
    if (process == nullptr) return std::nullopt;
    wchar_t path[MAX_PATH];
    DWORD size = MAX_PATH;
    const bool is_known = DAEMONIZE_SYSTEM(QueryFullProcessImageNameW)(process, 0, path, &size) != FALSE;
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(process));
    if (!is_known) return std::nullopt;
    const wchar_t* name = path;
    for (DWORD i = 0; i < size; ++i) {
        if (path[i] == L'\\') name = path + i + 1;
    }
    return is_scm_program(name);
}

// The same by a snapshot of all processes, which needs no right, and takes some milliseconds.
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
    const std::optional<bool> is_scm = is_scm_parent();
    return is_scm ? *is_scm : is_scm_parent_in_snapshot();
}

} // namespace detail
} // namespace daemonize

#endif
