// check_service_name(): the rules of CreateService for the name of a service (internal).
#ifndef DAEMONIZE_SCM_SERVICE_NAME_HPP
#define DAEMONIZE_SCM_SERVICE_NAME_HPP

#include "../core/failure.hpp"
#include "../core/utf.hpp"
#include "types.hpp"

#include <string>

namespace daemonize {
namespace detail {

// CreateService takes 1 to 256 characters of UTF-16, without a slash or a backslash. Windows would cut the name at a
// zero byte.
inline Failure check_service_name(const std::string& name) {
    const char* reason = nullptr;
    if (name.empty()) reason = "the name is empty";
    if (utf16_size(name) > 256) reason = "the name has more than 256 characters";
    if (name.find_first_of("/\\") != std::string::npos) reason = "the name has a slash or a backslash";
    if (name.find('\0') != std::string::npos) reason = "the name has a zero byte";
    if (reason == nullptr) return Failure();
    return Failure(Stage::options, win32_error(win32::invalid_name),
                   joined({"the service name \"", name.substr(0, 64), "\""}), reason);
}

} // namespace detail
} // namespace daemonize

#endif
