// A shell on a terminal, from which a launch is started: the shell waits for the launcher and stays. The launcher
// inherits everything that a daemon must give up.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_SHELL_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_SHELL_HPP

#include "support/process.hpp"

#include <string>
#include <sys/ioctl.h>
#include <termios.h>
#include <vector>

namespace faults {

/// The pipes between the harness and a launch.
struct Pipes {
    test::Pipe error;     // its standard error
    test::Pipe seam;      // what the seam tells
    test::Pipe send_text; // which process waits at the gate
    test::Pipe go;        // and opens it
    test::Pipe started;   // from the shell: the launcher's number, then its wait status

    void close_those_of_the_launch() {
        for (test::Pipe* pipe : {&error, &seam, &send_text}) pipe->close_write();
        go.close_read();
    }
};

class Shell {
  public:
    Shell(std::vector<std::string> command, std::vector<std::string> variables)
        : command_(std::move(command)), variables_(std::move(variables)) {
        terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (terminal_ < 0 || ::grantpt(terminal_) != 0 || ::unlockpt(terminal_) != 0) {
            throw std::runtime_error("no terminal");
        }
    }
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;
    ~Shell() { ::close(terminal_); }

    /// Starts both. The shell's number.
    pid_t start(Pipes& pipes) {
        const std::string terminal = ::ptsname(terminal_);
        const pid_t shell = test::fork_clean();
        if (shell != 0) {
            pipes.close_those_of_the_launch();
            pipes.started.close_write();
            return shell;
        }
        ::setsid();
        const int opened = ::open(terminal.c_str(), O_RDWR);
        if (opened < 0 || ::ioctl(opened, TIOCSCTTY, 0) != 0) std::abort();
        const pid_t launcher = test::fork_clean();
        if (launcher == 0) become_launcher(opened, pipes);
        // A process that waits for the end of a pipe must not wait for this process.
        for (int number = 3; number < 256; ++number) {
            if (number != pipes.started.write_end()) ::close(number);
        }
        pipes.started.send_text(std::to_string(launcher) + "\n");
        int status = 0;
        if (::waitpid(launcher, &status, 0) != launcher) std::abort();
        pipes.started.send_text(std::to_string(status) + "\n");
        for (;;) ::pause();
    }

    /// The text that was written to the terminal by now.
    std::string shown() const {
        std::string text;
        struct pollfd watched = {terminal_, POLLIN, 0};
        while (::poll(&watched, 1, 0) > 0 && (watched.revents & POLLIN) != 0) {
            char part[4096];
            const ssize_t size = ::read(terminal_, part, sizeof part);
            for (ssize_t i = 0; i < size; ++i) {
                if (part[i] != '\r') text += part[i];
            }
            if (size <= 0) break;
        }
        return text;
    }

  private:
    // An ignored and a blocked signal, stray descriptors, an open umask, the terminal: 7 is to be kept, 8 is the
    // seam's, 10 and 11 are the gate's.
    [[noreturn]] void become_launcher(int terminal, Pipes& pipes) {
        sigset_t blocked;
        ::sigemptyset(&blocked);
        ::sigaddset(&blocked, SIGUSR2);
        ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
        test::default_signals();
        ::signal(SIGUSR1, SIG_IGN);
        ::umask(0);
        const int stray = ::open("/dev/zero", O_RDONLY);
        // Out of each other's way first: the pipes may have any numbers.
        const int sources[] = {terminal,
                               terminal,
                               pipes.error.write_end(),
                               stray,
                               pipes.seam.write_end(),
                               stray,
                               pipes.send_text.write_end(),
                               pipes.go.read_end()};
        const int numbers[] = {0, 1, 2, 7, 8, 9, 10, 11};
        constexpr int count = 8;
        int high[count];
        for (int i = 0; i < count; ++i) high[i] = ::fcntl(sources[i], F_DUPFD, 40);
        for (int i = 0; i < count; ++i) {
            if (::dup2(high[i], numbers[i]) != numbers[i]) std::abort();
        }
        for (int number = 3; number < 64; ++number) {
            if (number < 7 || number > 11) ::close(number);
        }
        ::execve(command_[0].c_str(), pointers(command_).data(), pointers(variables_).data());
        std::abort();
    }

    static std::vector<char*> pointers(std::vector<std::string>& words) {
        std::vector<char*> list;
        for (std::string& word : words) list.push_back(&word[0]);
        list.push_back(nullptr);
        return list;
    }

    std::vector<std::string> command_, variables_;
    int terminal_ = -1;
};

} // namespace faults

#endif
