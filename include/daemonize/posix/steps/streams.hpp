// The daemon's standard streams: where each leads, and how its target is opened.
// Uses descriptors and options; the launch and the daemon use it.
#ifndef DAEMONIZE_POSIX_STEPS_STREAMS_HPP
#define DAEMONIZE_POSIX_STEPS_STREAMS_HPP

#include "../launch/options.hpp"
#include "../system/descriptor.hpp"

#include <string>

namespace daemonize {
namespace detail {

// Where a standard stream leads, resolved: a path is absolute, as the daemon sees it.
struct StreamTarget {
    enum class Kind { null, kept, path, descriptor };
    Kind kind = Kind::null;
    std::string path;
    int descriptor = -1;
    bool is_copy = false; // made in the daemon, for a descriptor that a stream is about to replace
};

inline Stage stream_stage(int stream) noexcept {
    if (stream == STDIN_FILENO) return Stage::standard_input;
    return stream == STDOUT_FILENO ? Stage::standard_output : Stage::standard_error;
}

// Why an open failed, where the error's own text would puzzle.
inline const char* open_reason(int error, const char* path) noexcept {
    struct stat facts;
    if (error == ELOOP) return "it is a symbolic link";
    if (error == ENXIO && DAEMONIZE_SYSTEM(lstat)(path, &facts) == 0 && S_ISFIFO(facts.st_mode)) {
        return "it is a FIFO that nobody reads";
    }
    return "";
}

// Opens a stream's file: a log to append to, made where it is missing. Opened without blocking, for a FIFO would hang
// the start until somebody reads; then made to block, as everybody expects of a standard stream.
inline StepError open_stream_file(int stream, const char* path, Descriptor& opened) noexcept {
    constexpr int common = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const int flags = stream == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
    opened = open_above(path, flags | common, 0666);
    if (!opened) return step_error(stream_stage(stream), errno, path, open_reason(errno, path));
    if (DAEMONIZE_SYSTEM(fcntl)(opened.get(), F_SETFL, flags & O_APPEND) != 0) {
        return step_error(stream_stage(stream), errno, path);
    }
    return StepError();
}

// Makes `stream` what `source` is.
inline StepError put_stream(int source, int stream, const char* path) noexcept {
    if (retry([&] { return DAEMONIZE_SYSTEM(dup2)(source, stream); }) != stream) {
        return step_error(stream_stage(stream), errno, path);
    }
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
