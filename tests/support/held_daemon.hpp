// A daemon that is up and stays until the test releases it, so that the test can inspect the daemon from outside.
#ifndef DAEMONIZE_TESTS_SUPPORT_HELD_DAEMON_HPP
#define DAEMONIZE_TESTS_SUPPORT_HELD_DAEMON_HPP

#include <daemonize.hpp>

#include "support/process.hpp"

#include <sys/socket.h>
#include <type_traits>

namespace test {

/// Launches a daemon from this process, which must have an Orphanage. The daemon runs `body`, sends the returned text
/// to the test, and waits. The daemon has one more descriptor for that, far above the descriptors of a test.
class HeldDaemon {
  public:
    explicit HeldDaemon(daemonize::Daemonizer& daemonizer) : HeldDaemon(daemonizer, [] { return std::string(); }) {}

    /// `body`: a std::string(daemonize::Daemon&), or without the argument.
    template <class Body>
    HeldDaemon(daemonize::Daemonizer& daemonizer, Body body) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("cannot make a socket pair");
        test_end_ = raise(ends[0]);
        its_ = raise(ends[1]);
        const daemonize::Launch launch = daemonizer.keep_fd(its_).launch([&](daemonize::Daemon& daemon) {
            std::string text;
            if constexpr (std::is_invocable<Body&, daemonize::Daemon&>::value) {
                text = body(daemon);
            } else {
                text = body();
            }
            if (::send(its_, text.c_str(), text.size() + 1, MSG_NOSIGNAL) < 0) return 3;
            char byte;
            while (::read(its_, &byte, 1) == -1 && errno == EINTR) {
            }
            return 0;
        });
        ::close(its_);
        pid_ = launch.pid();
        if (launch.ok()) {
            reported_ = receive();
        } else {
            ::close(test_end_);
            throw std::runtime_error("the launch failed: " + launch.failure().message());
        }
    }
    HeldDaemon(const HeldDaemon&) = delete;
    HeldDaemon& operator=(const HeldDaemon&) = delete;
    ~HeldDaemon() {
        if (pid_ > 0) release();
    }

    pid_t pid() const { return pid_; }
    const std::string& reported() const { return reported_; }
    int descriptor() const { return its_; }
    std::string proc(const std::string& name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }

    /// Releases the daemon, and returns its wait status. Sends a byte, because a daemon that keeps all descriptors
    /// never sees the end of the stream.
    int release() {
        static_cast<void>(::send(test_end_, "", 1, MSG_NOSIGNAL)); // the daemon may be dead
        ::close(test_end_);
        int status = 0;
        while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
        }
        pid_ = -1;
        return status;
    }

  private:
    static int raise(int number) {
        const int high = ::fcntl(number, F_DUPFD_CLOEXEC, 200);
        ::close(number);
        if (high < 0) throw std::runtime_error("cannot duplicate a descriptor");
        return high;
    }

    std::string receive() {
        std::string text;
        for (;;) {
            struct pollfd watched = {test_end_, POLLIN, 0};
            char byte;
            if (::poll(&watched, 1, patience) == 0 || ::read(test_end_, &byte, 1) != 1) {
                test::kill(pid_, SIGKILL);
                release();
                throw std::runtime_error("the daemon told nothing, after: " + text);
            }
            if (byte == '\0') return text;
            text += byte;
        }
    }

    int test_end_ = -1;
    int its_ = -1;
    pid_t pid_ = -1;
    std::string reported_;
};

} // namespace test

#endif
