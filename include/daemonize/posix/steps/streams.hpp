// The daemon's standard streams: their targets, log files, and /dev/null in place of the launcher's streams (internal).
#ifndef DAEMONIZE_POSIX_STEPS_STREAMS_HPP
#define DAEMONIZE_POSIX_STEPS_STREAMS_HPP

#include "../system/null_device.hpp"

#include <cstdio>
#include <poll.h>
#include <string>

namespace daemonize {
namespace detail {

// The target of a standard stream. The path is absolute inside the daemon's root.
struct StreamTarget {
    enum class Kind { null, kept, path, descriptor };
    Kind kind = Kind::null;
    std::string path;
    int descriptor = -1;
    bool waits = false;   // the stream gets the target at readiness; until then the launcher relays it
    bool is_copy = false; // set-up duplicated the descriptor, because a stream would have replaced it
};

// A pipe that is a standard stream of the daemon until readiness.
struct OutputPipe {
    Descriptor read_end; // the launcher's
    Descriptor write_end;
};

inline Stage stream_stage(int stream) noexcept {
    if (stream == STDIN_FILENO) return Stage::standard_input;
    return stream == STDOUT_FILENO ? Stage::standard_output : Stage::standard_error;
}

// Returns a reason that is clearer than the text of the errno value, or "".
inline const char* open_reason(int error, const char* path) noexcept {
    struct stat status;
    if (error == ELOOP) return "it is a symbolic link";
    if (error == ENXIO && DAEMONIZE_SYSTEM(lstat)(path, &status) == 0 && S_ISFIFO(status.st_mode)) {
        return "it is a FIFO without a reader";
    }
    return "";
}

// Opens the file of a stream: standard input for reading, the others for appending, with O_CREAT. O_NONBLOCK keeps
// open(2) from waiting for the reader of a FIFO, and is cleared afterwards: programs expect standard streams to block.
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

// Makes `stream` a copy of `source`.
inline StepError put_stream(int source, int stream, const char* path) noexcept {
    if (retry([&] { return DAEMONIZE_SYSTEM(dup2)(source, stream); }) != stream) {
        return step_error(stream_stage(stream), errno, path);
    }
    return StepError();
}

// Opens /dev/null as `null`, and fills all standard streams, because a later open(2) would return a closed number from
// 0 to 2. A stream gets its pipe until readiness, if there is one. Files are opened later, as the daemon's user.
inline StepError fill_streams(const StreamTarget (&streams)[3], Descriptor& null, OutputPipe (&pipes)[3]) noexcept {
    if (const StepError failed = open_null_device(null)) return failed;
    for (int i = 0; i < 3; ++i) {
        const StreamTarget& target = streams[i];
        int source = null.get();
        const bool waits = target.kind == StreamTarget::Kind::kept || target.waits;
        if (pipes[i].write_end) {
            source = pipes[i].write_end.get();
        } else if (waits && is_open(i)) {
            continue;
        } else if (!waits && target.kind == StreamTarget::Kind::descriptor) {
            source = target.descriptor;
        }
        if (const StepError failed = put_stream(source, i, "/dev/null")) return failed;
        pipes[i].write_end.reset();
    }
    return StepError();
}

// Whether a process reads the pipe. SIGPIPE would kill the daemon of a dead launcher. Without the write, the record of
// readiness fails next, and the daemon exits cleanly.
inline bool has_reader(int pipe) noexcept {
    pollfd watched = {pipe, POLLOUT, 0};
    return DAEMONIZE_SYSTEM(poll)(&watched, 1, 0) <= 0 || (watched.revents & POLLERR) == 0;
}

// At readiness, puts the targets of standard output and standard error in place. The launcher gets no more output.
inline StepError swap_streams(const StreamTarget (&streams)[3], Descriptor (&targets)[3]) noexcept {
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
        if (!targets[stream]) continue;
        const char* path = streams[stream].path.c_str();
        if (stream == STDOUT_FILENO && has_reader(stream) && std::fflush(stdout) != 0) {
            return step_error(Stage::flush, errno, "standard output");
        }
        if (const StepError failed = put_stream(targets[stream].get(), stream, path)) return failed;
        targets[stream].reset();
    }
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
