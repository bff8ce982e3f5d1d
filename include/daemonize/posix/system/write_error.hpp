// Writes text, lines and failures to standard error (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_WRITE_ERROR_HPP
#define DAEMONIZE_POSIX_SYSTEM_WRITE_ERROR_HPP

#include "files.hpp"
#include "signals.hpp"

#include <string>
#include <string_view>
#include <unistd.h>

namespace daemonize {
namespace detail {

// Writes the whole text. Returns an errno value, or 0. Uses write(2) and not stdio: stdio keeps text that could not be
// written, and exit(3) writes that text again. SIGPIPE is ignored meanwhile, because a launcher that dies of SIGPIPE
// reports no failure and ends no daemon.
inline int write_text(int stream, std::string_view text) noexcept {
    const IgnoredSigpipe ignored;
    return write_all(stream, text.data(), text.size());
}

// Writes to standard error. A failure is ignored: no stream is left for a report.
inline void write_error(std::string_view text) noexcept { static_cast<void>(write_text(STDERR_FILENO, text)); }

// Copies the pieces into an array, cut to `capacity`, with spaces for control characters, and without spaces at the end
// of the last piece. Returns the size. Allocates nothing.
inline std::size_t fill_line(char* line, std::size_t capacity, std::initializer_list<Piece> pieces) noexcept {
    std::size_t size = 0, last = 0;
    for (const Piece& piece : pieces) {
        last = size;
        for (std::size_t i = 0; i < piece.size() && size < capacity; ++i) {
            const auto byte = static_cast<unsigned char>(piece.data()[i]);
            line[size++] = byte < 0x20 || byte == 0x7f ? ' ' : piece.data()[i];
        }
    }
    while (size > last && line[size - 1] == ' ') --size;
    return size;
}

// Writes one line, with spaces for control characters. If memory is short for the line, the line is cut. A failure to
// write is ignored.
inline void write_line(int stream, std::initializer_list<Piece> pieces) noexcept {
    const auto write_whole = [&] { static_cast<void>(write_text(stream, joined({one_line(joined(pieces)), "\n"}))); };
    if (call_within_memory(write_whole)) return;
    char line[1024];
    std::size_t size = fill_line(line, sizeof line - 1, pieces);
    line[size++] = '\n';
    static_cast<void>(write_text(stream, {line, size}));
}
inline void write_error_line(std::initializer_list<Piece> pieces) noexcept { write_line(STDERR_FILENO, pieces); }

// Writes the line of a failure to standard error. If memory is short for the message, the line says so.
inline void write_failure(const char* name, const Failure& failure) noexcept {
    if (call_within_memory([&] { write_error_line({name, ": ", failure.message()}); })) return;
    write_error_line({name, ": cannot ", step_without_detail(failure.stage()), ": ", memory_is_short});
}

} // namespace detail
} // namespace daemonize

#endif
