// Win32 errors as Failures, with the text of FormatMessage (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_ERROR_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_ERROR_HPP

#include "../../core/failure.hpp"
#include "../../scm/types.hpp"
#include "strings.hpp"
#include "windows_header.hpp"

#include <string>

namespace daemonize {
namespace detail {

// The text of Windows for an error, without the full stop and the end of the line, and the number of the error.
inline std::string error_text(std::uint32_t error) {
    wchar_t buffer[512];
    const DWORD size = DAEMONIZE_SYSTEM(FormatMessageW)(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                                                        nullptr, error, 0, buffer, 512, nullptr);
    std::string text = one_line(to_utf8(buffer, size));
    while (!text.empty() && text.back() == '.') text.pop_back();
    const std::string number = "error " + std::to_string(error);
    return text.empty() ? number : text + " (" + number + ")";
}

inline Failure windows_failure(Stage stage, std::uint32_t error, std::string detail) {
    return Failure(stage, win32_error(error), std::move(detail), error_text(error));
}

// Sets the failure. Returns false, for the caller to return.
[[nodiscard]] inline bool set_failure(Stage stage, DWORD error, std::string detail, Failure& failure) {
    failure = windows_failure(stage, error, std::move(detail));
    return false;
}

} // namespace detail
} // namespace daemonize

#endif
