// Functions found while the program runs: what few programs need asks nothing of those that link without it.
// Uses windows_header; parent, winsock and service_directories use it.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_LIBRARY_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_LIBRARY_HPP

#include "../../core/config.hpp"
#include "windows_header.hpp"

namespace daemonize {
namespace detail {

// One of Windows' own: none of that name beside the program. It stays loaded. Null where there is none.
inline HMODULE system_library(const wchar_t* name) noexcept {
    constexpr DWORD from_system32 = 0x800; // LOAD_LIBRARY_SEARCH_SYSTEM32
    return DAEMONIZE_SYSTEM(LoadLibraryExW)(name, nullptr, from_system32);
}

template <class Function>
bool find_function(HMODULE library, const char* name, Function& function) noexcept {
    function =
        reinterpret_cast<Function>(reinterpret_cast<void (*)()>(DAEMONIZE_SYSTEM(GetProcAddress)(library, name)));
    return function != nullptr;
}

} // namespace detail
} // namespace daemonize

#endif
