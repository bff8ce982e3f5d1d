// Writing a pid file: the process takes the lock that names it, and writes its number (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_WRITE_HPP
#define DAEMONIZE_POSIX_PID_FILE_WRITE_HPP

#include "../system/files.hpp"
#include "locks.hpp"

namespace daemonize {
namespace detail {

// Takes the lock that names this process, and writes the number as the file's one line. Allocates nothing.
inline StepError write_pid_file(int file, const char* path) noexcept {
    // A read lock that another process takes in between must not refuse the start. The number in the file then names
    // this process: only the owner of the file can write it.
    bool is_taken = false;
    if (!lock_daemon(file, is_taken) && !is_taken) return step_error(Stage::pid_file_lock, errno, path);
    char line[22];
    char digits[21];
    std::size_t size = format_number(static_cast<std::uint64_t>(DAEMONIZE_SYSTEM(getpid)()), digits);
    for (std::size_t i = 0; i < size; ++i) line[i] = digits[i];
    line[size++] = '\n';
    const int error = write_all(line, size, [&](const char* from, std::size_t count) {
        return DAEMONIZE_SYSTEM(pwrite)(file, from, count, from - line);
    });
    return error == 0 ? StepError() : step_error(Stage::pid_file_write, error, path);
}

} // namespace detail
} // namespace daemonize

#endif
