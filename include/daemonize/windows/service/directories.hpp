// The runtime, state and log directory of a service on Windows, writable by the service alone (internal).
#ifndef DAEMONIZE_WINDOWS_SERVICE_DIRECTORIES_HPP
#define DAEMONIZE_WINDOWS_SERVICE_DIRECTORIES_HPP

#include "../system/error.hpp"
#include "../system/load_library.hpp"

#include <string>
#include <vector>

#include <aclapi.h>
#include <sddl.h>

namespace daemonize {
namespace detail {

// GetTokenInformation for the token of this process. Empty after a failure.
inline std::vector<BYTE> token_information(TOKEN_INFORMATION_CLASS which) {
    std::vector<BYTE> bytes;
    HANDLE token = nullptr;
    if (DAEMONIZE_SYSTEM(OpenProcessToken)(DAEMONIZE_SYSTEM(GetCurrentProcess)(), TOKEN_QUERY, &token) == FALSE)
        return bytes;
    DWORD size = 0;
    DAEMONIZE_SYSTEM(GetTokenInformation)(token, which, nullptr, 0, &size);
    bytes.resize(size);
    if (DAEMONIZE_SYSTEM(GetTokenInformation)(token, which, bytes.data(), size, &size) == FALSE) bytes.clear();
    static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(token));
    return bytes;
}

inline bool is_elevated() {
    const std::vector<BYTE> bytes = token_information(TokenElevation);
    return bytes.size() >= sizeof(TOKEN_ELEVATION) &&
           reinterpret_cast<const TOKEN_ELEVATION*>(bytes.data())->TokenIsElevated != 0;
}

// %ProgramData%, or %LOCALAPPDATA% of the user. Asks Windows, because another program may have set the environment
// variable. Empty after a failure.
inline std::wstring data_directory(bool of_user) noexcept {
    constexpr int common = 0x23; // CSIDL_COMMON_APPDATA
    constexpr int local = 0x1c;  // CSIDL_LOCAL_APPDATA
    HRESULT(WINAPI * folder_path)(HWND, int, HANDLE, DWORD, wchar_t*) = nullptr;
    const HMODULE library = system_library(L"shell32.dll");
    wchar_t path[MAX_PATH] = {};
    if (library == nullptr || !find_function(library, "SHGetFolderPathW", folder_path) ||
        folder_path(nullptr, of_user ? local : common, nullptr, 0, path) != S_OK) {
        return {};
    }
    return path;
}

// Makes directories with full access for SYSTEM, the administrators and the account of this process, and no access for
// others. By default any user may write below %ProgramData%, and may have made the directory before. So the owner of an
// existing directory must be SYSTEM, the administrators or the account of this process.
class PrivateDirectories {
  public:
    PrivateDirectories() : user_(token_information(TokenUser)) {
        wchar_t* text = nullptr;
        if (user_.empty() || DAEMONIZE_SYSTEM(ConvertSidToStringSidW)(user_sid(), &text) == FALSE) return;
        const std::wstring own = std::wstring(L"(A;OICI;FA;;;") + text + L")";
        DAEMONIZE_SYSTEM(LocalFree)(text);
        const std::wstring rights = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" + own;
        if (DAEMONIZE_SYSTEM(ConvertStringSecurityDescriptorToSecurityDescriptorW)(rights.c_str(), SDDL_REVISION_1,
                                                                                   &descriptor_, nullptr) == FALSE) {
            descriptor_ = nullptr;
        }
    }
    PrivateDirectories(const PrivateDirectories&) = delete;
    PrivateDirectories& operator=(const PrivateDirectories&) = delete;
    ~PrivateDirectories() {
        if (descriptor_ != nullptr) DAEMONIZE_SYSTEM(LocalFree)(descriptor_);
    }

    [[nodiscard]] bool make(Stage stage, const std::wstring& path, Failure& failure) const {
        if (descriptor_ == nullptr) return failed(stage, ::GetLastError(), path, failure);
        SECURITY_ATTRIBUTES rights = {sizeof rights, descriptor_, FALSE};
        if (DAEMONIZE_SYSTEM(CreateDirectoryW)(path.c_str(), &rights) != FALSE) return true;
        if (::GetLastError() != ERROR_ALREADY_EXISTS) return failed(stage, ::GetLastError(), path, failure);
        return can_be_trusted(stage, path, failure);
    }

  private:
    PSID user_sid() const noexcept { return reinterpret_cast<const TOKEN_USER*>(user_.data())->User.Sid; }

    static bool failed(Stage stage, DWORD error, const std::wstring& path, Failure& failure) {
        failure = windows_failure(stage, error, narrow(path.c_str()));
        return false;
    }

    static bool refuse(Stage stage, const std::wstring& path, const char* reason, Failure& failure) {
        failure = Failure(stage, win32_error(win32::access_denied), narrow(path.c_str()), reason);
        return false;
    }

    // Checks an open handle: another process may replace the directory under the name at any time.
    bool can_be_trusted(Stage stage, const std::wstring& path, Failure& failure) const {
        constexpr DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
        constexpr DWORD flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
        const HANDLE handle = DAEMONIZE_SYSTEM(CreateFileW)(path.c_str(), READ_CONTROL | FILE_READ_ATTRIBUTES, all,
                                                            nullptr, OPEN_EXISTING, flags, nullptr);
        if (handle == INVALID_HANDLE_VALUE) return failed(stage, ::GetLastError(), path, failure);
        BY_HANDLE_FILE_INFORMATION info = {};
        PSID owner = nullptr;
        PSECURITY_DESCRIPTOR descriptor = nullptr;
        const BOOL has_info = DAEMONIZE_SYSTEM(GetFileInformationByHandle)(handle, &info);
        const DWORD error = has_info == FALSE
                                ? ::GetLastError()
                                : DAEMONIZE_SYSTEM(GetSecurityInfo)(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION,
                                                                    &owner, nullptr, nullptr, nullptr, &descriptor);
        const bool is_trusted = error == NO_ERROR && is_trusted_owner(owner);
        if (descriptor != nullptr) DAEMONIZE_SYSTEM(LocalFree)(descriptor);
        static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(handle));
        if (error != NO_ERROR) return failed(stage, error, path, failure);
        constexpr DWORD kind = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
        if ((info.dwFileAttributes & kind) != FILE_ATTRIBUTE_DIRECTORY) {
            return refuse(stage, path, "not a directory", failure);
        }
        return is_trusted || refuse(stage, path, "another user owns the directory", failure);
    }

    bool is_trusted_owner(PSID owner) const noexcept {
        return DAEMONIZE_SYSTEM(IsWellKnownSid)(owner, WinLocalSystemSid) != FALSE ||
               DAEMONIZE_SYSTEM(IsWellKnownSid)(owner, WinBuiltinAdministratorsSid) != FALSE ||
               DAEMONIZE_SYSTEM(EqualSid)(owner, user_sid()) != FALSE;
    }

    std::vector<BYTE> user_;
    PSECURITY_DESCRIPTOR descriptor_ = nullptr;
};

// Makes %ProgramData%\NAME\`below` and returns the path. If an ordinary user runs the program on a console, the path is
// %LOCALAPPDATA%\NAME\`below`. Empty after a failure.
inline std::string service_directory(Stage stage, bool is_service, const std::string& name, const char* below,
                                     Failure& failure) {
    const std::wstring base = data_directory(!is_service && !is_elevated());
    if (base.empty()) {
        failure = windows_failure(stage, ERROR_PATH_NOT_FOUND, "of " + name);
        return {};
    }
    const std::wstring own = base + L"\\" + widen(name);
    const std::wstring whole = own + L"\\" + widen(below);
    const PrivateDirectories directories;
    if (!directories.make(stage, own, failure) || !directories.make(stage, whole, failure)) return {};
    return narrow(whole.c_str());
}

} // namespace detail
} // namespace daemonize

#endif
