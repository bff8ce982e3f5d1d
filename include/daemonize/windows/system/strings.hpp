// widen() and narrow(): UTF-8 to UTF-16 for Windows, and back (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_STRINGS_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_STRINGS_HPP

#include "../../core/utf.hpp"

#include <string>

namespace daemonize {
namespace detail {

inline std::wstring widen(const std::string& text) { return to_utf16<std::wstring>(text); }

inline std::string narrow(const std::wstring& wide) { return to_utf8(wide.data(), wide.size()); }

// An empty string for a null pointer.
inline std::string narrow(const wchar_t* wide) {
    return wide == nullptr ? std::string() : to_utf8(wide, std::char_traits<wchar_t>::length(wide));
}

} // namespace detail
} // namespace daemonize

#endif
