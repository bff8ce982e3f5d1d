// ProgressLine: the progress of a launch on standard error, as one line that is written over on a terminal (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_PROGRESS_LINE_HPP
#define DAEMONIZE_POSIX_SYSTEM_PROGRESS_LINE_HPP

#include "write_error.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/ioctl.h>

namespace daemonize {
namespace detail {

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
