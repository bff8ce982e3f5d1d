// What is wrong with a service's name, found before Windows is asked; and Win32 error numbers as error codes.
// Uses failure and service_types; WinService and ServiceManager use it.
#ifndef DAEMONIZE_SCM_SERVICE_NAME_HPP
#define DAEMONIZE_SCM_SERVICE_NAME_HPP

#include "../core/failure.hpp"
#include "../core/utf.hpp"
#include "types.hpp"

#include <string>

namespace daemonize {
namespace detail {

inline std::error_code win32_error(std::uint32_t error) noexcept {
    return std::error_code(static_cast<int>(error), std::system_category());
}

// CreateService's rules: 1 to 256 characters, of UTF-16, neither slash nor backslash.
inline Failure check_service_name(const std::string& name) {
    const char* reason = nullptr;
    if (name.empty()) reason = "it is empty";
    if (utf16_size(name) > 256) reason = "it has more than 256 characters";
    if (name.find_first_of("/\\") != std::string::npos) reason = "it has a slash or a backslash";
    if (name.find('\0') != std::string::npos) reason = "it has a zero byte";
    if (reason == nullptr) return Failure();
    return Failure(Stage::options, win32_error(win32::invalid_name),
                   joined({"the service name \"", name.substr(0, 64), "\""}), reason);
}

} // namespace detail
} // namespace daemonize

#endif
