// What a launcher writes for people: its one line, the daemon's own words, and progress as it comes.
// Uses fault and signals; the launch uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_TERMINAL_HPP
#define DAEMONIZE_POSIX_SYSTEM_TERMINAL_HPP

#include "signals.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace daemonize {
namespace detail {

// Writes all of it, past stdio, which would try again at the exit what failed here; an errno, or 0. A reader that is gone
// must not kill us: a launcher's daemon would go with it, or stay without a word.
inline int write_text(int stream, const std::string& text) noexcept {
    const struct sigaction ignore = plain_action(SIG_IGN);
    struct sigaction before;
    const bool quiet = DAEMONIZE_SYSTEM(sigaction)(SIGPIPE, &ignore, &before) == 0;
    int error = 0;
    for (std::size_t done = 0; done < text.size() && error == 0;) {
        const ssize_t written =
            retry([&] { return DAEMONIZE_SYSTEM(write)(stream, text.data() + done, text.size() - done); });
        if (written <= 0) error = written == 0 ? EIO : errno;
        if (written > 0) done += static_cast<std::size_t>(written);
    }
    if (quiet) static_cast<void>(DAEMONIZE_SYSTEM(sigaction)(SIGPIPE, &before, nullptr));
    return error;
}

// Writes to standard error. Nobody is left to tell where that fails.
inline void write_error(const std::string& text) noexcept { static_cast<void>(write_text(STDERR_FILENO, text)); }

// Progress on standard error: one line that is written over on a terminal, a line each elsewhere.
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

    // Makes room for other words.
    void clear() {
        if (shown_) write_error("\r\033[K");
        shown_ = false;
    }

  private:
    // A line that wraps can't be written over. Cut between characters of UTF-8.
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
