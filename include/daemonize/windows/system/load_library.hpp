// Functions of Windows that are looked up at run time, so that a program need not link with their library (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_LOAD_LIBRARY_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_LOAD_LIBRARY_HPP

#include "../../core/config.hpp"
#include "windows_header.hpp"

namespace daemonize {
namespace detail {

// Loads a library from System32 only: never a file of the same name from the directory of the program. The library
// stays loaded. Returns null, with GetLastError(), if the library does not exist.
inline HMODULE system_library(const wchar_t* name) noexcept {
    constexpr DWORD from_system32 = 0x800; // LOAD_LIBRARY_SEARCH_SYSTEM32
    return DAEMONIZE_SYSTEM(LoadLibraryExW)(name, nullptr, from_system32);
}

template <class Function>
[[nodiscard]] bool find_function(HMODULE library, const char* name, Function& function) noexcept {
    function =
        reinterpret_cast<Function>(reinterpret_cast<void (*)()>(DAEMONIZE_SYSTEM(GetProcAddress)(library, name)));
    return function != nullptr;
}

} // namespace detail
} // namespace daemonize

#endif
