// ProgressLine: the progress of a launch on standard error (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_PROGRESS_LINE_HPP
#define DAEMONIZE_POSIX_SYSTEM_PROGRESS_LINE_HPP

#include "write_error.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/ioctl.h>

namespace daemonize {
namespace detail {

// Shows progress on standard error. On a terminal each report replaces the line of the last report; elsewhere each
// report is a new line.
class ProgressLine {
  public:
    explicit ProgressLine(const std::string& name) noexcept : name_(name) {}

    // Allocates nothing.
    void show(const char* text) noexcept {
        const char* term = std::getenv("TERM");
        const bool plain =
            term == nullptr || std::strcmp(term, "dumb") == 0 || DAEMONIZE_SYSTEM(isatty)(STDERR_FILENO) == 0;
        constexpr std::string_view erase = erase_line;
        char bytes[4096];
        char* const line = bytes + erase.copy(bytes, erase.size());
        std::size_t size = fill_line(line, sizeof bytes - erase.size() - 1, {name_, ": ", text});
        if (plain) {
            line[size++] = '\n';
            write_error({line, size});
        } else {
            write_error({bytes, erase.size() + fitting(line, size)});
        }
        shown_ = !plain;
    }

    bool is_shown() const noexcept { return shown_; }

    // Erases the line, so that other text can follow.
    void clear() noexcept {
        if (shown_) write_error(erase_line);
        shown_ = false;
    }

  private:
    static constexpr const char* erase_line = "\r\033[K";

    // Returns the size of the part that fits into the terminal's width, cut between two UTF-8 characters. A line that
    // wraps cannot be erased.
    static std::size_t fitting(const char* line, std::size_t size) noexcept {
        struct winsize window = {};
        const bool known = DAEMONIZE_SYSTEM(ioctl)(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1;
        std::size_t most = known ? window.ws_col - 1u : size;
        if (size <= most) return size;
        while (most > 0 && (static_cast<unsigned char>(line[most]) & 0xc0) == 0x80) --most;
        return most;
    }

    const std::string& name_;
    bool shown_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
