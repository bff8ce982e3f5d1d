// Windows' errors as failures with Windows' own words, strings both ways, times as Windows takes them, and where this
// program is.
// Uses core and windows_header; everything that calls Windows uses it.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_ERROR_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_ERROR_HPP

#include "../../core/duration.hpp"
#include "../../core/failure.hpp"
#include "../../core/utf.hpp"
#include "../../scm/service_name.hpp"
#include "windows_header.hpp"

#include <string>

namespace daemonize {
namespace detail {

inline std::wstring widen(const std::string& text) { return to_utf16<std::wstring>(text); }
inline std::string narrow(const wchar_t* wide) {
    return wide == nullptr ? std::string() : to_utf8(wide, std::char_traits<wchar_t>::length(wide));
}

// Windows' sentence for an error, without its full stop and line end, and with the number: that is what people look up.
inline std::string error_text(std::uint32_t error) {
    wchar_t buffer[512];
    const DWORD size = ::FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, error, 0,
                                        buffer, 512, nullptr);
    std::string text = one_line(to_utf8(buffer, size));
    while (!text.empty() && text.back() == '.') text.pop_back();
    const std::string number = "error " + std::to_string(error);
    return text.empty() ? number : text + " (" + number + ")";
}

inline Failure windows_failure(Stage stage, std::uint32_t error, std::string detail) {
    return Failure(stage, win32_error(error), std::move(detail), error_text(error));
}

// Rounded up, so that the last millisecond is not spent in a loop; what is longer than 24 days is 24 days.
inline DWORD to_milliseconds(Duration span) noexcept {
    const std::int64_t milliseconds = span.milliseconds();
    if (span <= Duration()) return 0;
    if (milliseconds >= INT32_MAX) return INT32_MAX;
    return static_cast<DWORD>(milliseconds) + (Duration::milliseconds(milliseconds) < span ? 1 : 0);
}

// The path of this program. It takes characters, not bytes, and cuts without a word: hence the growing buffer.
inline std::wstring program_path() {
    std::wstring path(MAX_PATH, L'\0');
    for (;;) {
        const DWORD size = DAEMONIZE_SYSTEM(GetModuleFileNameW)(nullptr, &path[0], static_cast<DWORD>(path.size()));
        if (size < path.size()) {
            path.resize(size);
            return path;
        }
        path.resize(path.size() * 2);
    }
}

} // namespace detail
} // namespace daemonize

#endif
