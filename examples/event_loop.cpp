// A daemon with an event loop: poll(2) waits for signals, by the descriptor of Events, and for text from a FIFO. Usage:
// event_loop FIFO LOG PID_FILE
#include <daemonize.hpp>

#include <cstdio>
#include <fcntl.h>
#include <poll.h>

namespace {

int serve(daemonize::Daemon& daemon, int fifo) {
    daemonize::Failure failure;
    daemonize::Events events(failure);
    if (failure) daemon.fail_and_exit(failure.message(), failure.exit_code());
    events.on_reload([] { std::puts("reload"); });
    events.on_stop([&] { std::printf("stop, by signal %d\n", events.stop_signal()); });
    daemon.ready();
    pollfd watched[] = {{events.native_handle(), POLLIN, 0}, {fifo, POLLIN, 0}};
    while (events.poll()) { // false after a request to stop
        std::fflush(stdout);
        if (::poll(watched, 2, -1) <= 0) continue; // EINTR: events.poll() handles the signal
        char bytes[512];
        const ssize_t size = watched[1].revents != 0 ? ::read(fifo, bytes, sizeof bytes) : 0;
        if (size > 0) std::printf("%.*s", static_cast<int>(size), bytes);
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: event_loop FIFO LOG PID_FILE\n");
        return 64;
    }
    // O_RDWR: with O_RDONLY, read(2) would return the end of the file each time the last writer closes the FIFO.
    const int fifo = ::open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fifo < 0) {
        std::perror(argv[1]);
        return 66;
    }
    auto daemon = daemonize::Daemonizer("event_loop")
                      .keep_fd(fifo)
                      .stdout_to(argv[2])
                      .pid_file(argv[3])
                      .wait_until_ready()
                      .daemonize();
    return serve(daemon, fifo);
}
