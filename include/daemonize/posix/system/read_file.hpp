// Reading a whole file: a unit, or one of /proc.
// Uses descriptors; whatever looks at files of others uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_READ_FILE_HPP
#define DAEMONIZE_POSIX_SYSTEM_READ_FILE_HPP

#include "descriptors.hpp"

#include <string>

namespace daemonize {
namespace detail {

// Empty where it cannot be read.
inline std::string read_file(const std::string& path) {
    const Descriptor file = open_file(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    std::string text;
    char part[4096];
    ssize_t size = 0;
    while (file && (size = retry([&] { return DAEMONIZE_SYSTEM(read)(file.get(), part, sizeof part); })) > 0) {
        text.append(part, static_cast<std::size_t>(size));
    }
    return text;
}

} // namespace detail
} // namespace daemonize

#endif
