// Writing to the terminal: error lines and a progress line that is written over (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_TERMINAL_HPP
#define DAEMONIZE_POSIX_SYSTEM_TERMINAL_HPP

#include "files.hpp"
#include "signals.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

// Writes the whole text. Returns an errno value, or 0. write(2) and no stdio: exit(3) would write again what stdio could
// not. SIGPIPE is ignored meanwhile, because a launcher that dies of SIGPIPE reports no failure and ends no daemon.
inline int write_text(int stream, std::string_view text) noexcept {
    const IgnoredSigpipe ignored;
    return write_all(stream, text.data(), text.size());
}

// Writes to standard error. A failure has nowhere to go, and is dropped.
inline void write_error(std::string_view text) noexcept { static_cast<void>(write_text(STDERR_FILENO, text)); }

// Writes one line to standard error, with spaces for control characters. If memory is short for the line, the line is cut.
inline void write_error_line(std::initializer_list<Piece> pieces) noexcept {
    if (call_within_memory([&] { write_error(joined({one_line(joined(pieces)), "\n"})); })) return;
    char line[1024];
    std::size_t size = 0;
    for (const Piece& piece : pieces) {
        for (std::size_t i = 0; i < piece.size() && size < sizeof line - 1; ++i) {
            const auto byte = static_cast<unsigned char>(piece.data()[i]);
            line[size++] = byte < 0x20 || byte == 0x7f ? ' ' : piece.data()[i];
        }
    }
    line[size++] = '\n';
    write_error({line, size});
}

// Writes the line of a failure to standard error. If memory is short for the message, the line says so.
inline void write_failure(const char* name, const Failure& failure) noexcept {
    if (call_within_memory([&] { write_error_line({name, ": ", failure.message()}); })) return;
    write_error_line({name, ": cannot ", stage_info(failure.stage()).step, ": ", memory_is_short});
}

// Shows progress on standard error: one line that each report replaces on a terminal, one line a report elsewhere.
class ProgressLine {
  public:
    explicit ProgressLine(const std::string& name) : name_(name) {}

    void show(const std::string& text) {
        const char* term = std::getenv("TERM");
        const bool plain =
            term == nullptr || std::strcmp(term, "dumb") == 0 || DAEMONIZE_SYSTEM(isatty)(STDERR_FILENO) == 0;
        const std::string line = joined({name_, ": ", one_line(text)});
        write_error(plain ? joined({line, "\n"}) : joined({"\r\033[K", fitting(line)}));
        shown_ = !plain;
    }

    bool is_shown() const noexcept { return shown_; }

    // Erases the line, so that other text can follow.
    void clear() {
        if (shown_) write_error("\r\033[K");
        shown_ = false;
    }

  private:
    // Cuts the line to the terminal's width, between two UTF-8 characters. A line that wraps cannot be erased.
    static std::string fitting(std::string line) {
        struct winsize size = {};
        const bool known = DAEMONIZE_SYSTEM(ioctl)(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
        std::size_t most = known ? size.ws_col - 1u : line.size();
        if (line.size() <= most) return line;
        while (most > 0 && (static_cast<unsigned char>(line[most]) & 0xc0) == 0x80) --most;
        line.resize(most);
        return line;
    }

    const std::string& name_;
    bool shown_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
