// WakePipe: a pipe to the process itself, which a signal handler may write to (internal).
#ifndef DAEMONIZE_POSIX_EVENTS_WAKE_PIPE_HPP
#define DAEMONIZE_POSIX_EVENTS_WAKE_PIPE_HPP

#include "../system/pipes.hpp"

namespace daemonize {
namespace detail {

// descriptor() is readable from wake() until clear().
class WakePipe {
  public:
    StepError open() noexcept {
        const bool is_made =
            make_pipe(read_, write_) && set_non_blocking(read_.get()) && set_non_blocking(write_.get());
        return is_made ? StepError() : step_error(Stage::events, errno);
    }

    int descriptor() const noexcept { return read_.get(); }

    // Async-signal-safe, but changes errno. EAGAIN does no harm: a full pipe is readable already.
    void wake() const noexcept {
        static_cast<void>(retry([&] { return DAEMONIZE_SYSTEM(write)(write_.get(), "", 1); }));
    }

    void clear() const noexcept {
        char bytes[64];
        while (retry([&] { return DAEMONIZE_SYSTEM(read)(read_.get(), bytes, sizeof bytes); }) == sizeof bytes) {
        }
    }

    void close() noexcept {
        read_.reset();
        write_.reset();
    }

  private:
    // A blocking write to a full pipe would deadlock: the handler would wait for the thread that it interrupted.
    static bool set_non_blocking(int number) noexcept {
        return DAEMONIZE_SYSTEM(fcntl)(number, F_SETFL, O_NONBLOCK) == 0;
    }

    Descriptor read_;
    Descriptor write_;
};

} // namespace detail
} // namespace daemonize

#endif
