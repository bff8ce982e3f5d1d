// A daemon that stays until the test releases it, so that the test can inspect a running daemon.
#ifndef DAEMONIZE_TESTS_SUPPORT_HELD_HPP
#define DAEMONIZE_TESTS_SUPPORT_HELD_HPP

#include "support/process.hpp"

#include <daemonize.hpp>

namespace test {

/// Launches at once. The daemon runs `body`, which may write to the report pipe, and then stays until it is released,
/// and returns from its body. Needs an Orphanage that was made before.
class Held {
  public:
    explicit Held(daemonize::Daemonizer& daemonizer) {
        launch(daemonizer, [](Pipe&) {});
    }
    explicit Held(daemonize::Daemonizer&& daemonizer) : Held(daemonizer) {}
    template <class Body>
    Held(daemonize::Daemonizer& daemonizer, Body body) {
        launch(daemonizer, body);
    }
    template <class Body>
    Held(daemonize::Daemonizer&& daemonizer, Body body) : Held(daemonizer, std::move(body)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        if (launch_.ok()) end();
    }

    const daemonize::Launch& launched() const { return launch_; }
    bool ok() const { return launch_.ok(); }
    pid_t pid() const { return launch_.pid(); }

    /// A line that the body wrote.
    std::string line() { return report_.line(); }

    /// Releases the daemon, and waits for its end. Returns the wait status.
    int end() {
        hold_.close_write();
        return reap();
    }

    /// Ends the daemon by a signal. Returns the wait status.
    int kill(int number) {
        test::kill(pid(), number);
        return reap();
    }

  private:
    template <class Body>
    void launch(daemonize::Daemonizer& daemonizer, Body body) {
        // close_fds() closes the other ends: the daemon must not wait for itself.
        daemonizer.keep_fd(hold_.read_end()).keep_fd(report_.write_end());
        launch_ = daemonizer.launch([&] {
            body(report_);
            hold_.wait_until_closed();
        });
        report_.close_write();
    }

    int reap() {
        int status = 0;
        while (!ended_ && ::waitpid(pid(), &status, 0) == -1 && errno == EINTR) {
        }
        ended_ = true;
        return status;
    }

    Pipe hold_;
    Pipe report_;
    daemonize::Launch launch_;
    bool ended_ = false;
};

/// A child of the test that runs `body` and then stays until it is released.
class Child {
  public:
    template <class Body>
    explicit Child(Body body) {
        pid_ = ::fork();
        if (pid_ == -1) throw std::runtime_error("cannot fork");
        if (pid_ == 0) {
            hold_.close_write();
            report_.close_read();
            body(report_);
            report_.close_write();
            hold_.wait_until_closed();
            std::_Exit(0);
        }
        hold_.close_read();
        report_.close_write();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { end(); }

    pid_t pid() const { return pid_; }
    std::string line() { return report_.line(); }

    void end() {
        hold_.close_write();
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    Pipe hold_;
    Pipe report_;
};

} // namespace test

#endif
