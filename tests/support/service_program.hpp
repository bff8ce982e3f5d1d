// Runs a service program in a separate process: its output, its exit status, and the reports of its body.
#ifndef DAEMONIZE_TESTS_SUPPORT_SERVICE_PROGRAM_HPP
#define DAEMONIZE_TESTS_SUPPORT_SERVICE_PROGRAM_HPP

#include "support/process.hpp"

#include <daemonize.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace test {

/// One run of the program. `body` is its main, with the arguments behind the program's name. The child leaves by
/// exit(3), so that the pid file is removed as in any program.
class Run {
  public:
    using Main = std::function<int(int argc, char** argv)>;

    Run(
        const Main& body, std::vector<std::string> arguments, const std::function<void()>& prepare = [] {}) {
        pid_ = fork_clean();
        if (pid_ == 0) {
            if (::dup2(output_.write_end(), STDOUT_FILENO) < 0 || ::dup2(error_.write_end(), STDERR_FILENO) < 0) {
                std::abort();
            }
            output_.close_read();
            output_.close_write();
            error_.close_read();
            error_.close_write();
            default_signals();
            prepare();
            arguments.insert(arguments.begin(), "program");
            std::vector<char*> argv;
            for (std::string& word : arguments) argv.push_back(&word[0]);
            argv.push_back(nullptr);
            std::exit(body(static_cast<int>(arguments.size()), argv.data()));
        }
        output_.close_write();
        error_.close_write();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    pid_t pid() const { return pid_; }
    std::string error_line() { return error_.line(); }

    /// Waits for the end of the program, and for the end of its output. Returns the exit status, or 1000 plus the
    /// signal that killed the program.
    int end() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) == -1 && errno == EINTR) {
        }
        output = output_.rest();
        error = error_.rest();
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    int end(int signal) {
        test::kill(pid_, signal);
        return end();
    }

    std::string output;
    std::string error;

  private:
    pid_t pid_ = -1;
    Pipe output_;
    Pipe error_;
};

/// The output and the exit status of a run.
struct Said {
    int code = 0;
    std::string output;
    std::string error;
};

inline Said run(
    const Run::Main& body, const std::vector<std::string>& arguments, const std::function<void()>& prepare = [] {}) {
    Run run(body, arguments, prepare);
    Said said;
    said.code = run.end();
    said.output = run.output;
    said.error = run.error;
    return said;
}

/// The main of a service that is up at once and does nothing until a stop. `ask` is also the argument of posix().
inline Run::Main plain_service(
    const std::string& pid_file,
    const std::function<void(daemonize::Daemonizer&)>& ask = [](daemonize::Daemonizer&) {}) {
    return [=](int argc, char** argv) {
        return daemonize::Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) { ask(daemonizer.pid_file(pid_file)); })
            .run(argc, argv, [](daemonize::Context& context) {
                context.ready();
                context.wait_for_stop();
            });
    };
}

/// A service with the default pid file, on a host that the test chooses.
inline Run::Main program(daemonize::HostKind host, std::function<int(daemonize::Context&)> body) {
    return [host, body = std::move(body)](int argc, char** argv) {
        Directory directory;
        return daemonize::Service("tested")
            .host(host)
            .posix([&](daemonize::Daemonizer& daemonizer) {
                daemonizer.close_fds(false).pid_file(directory / "tested.pid");
            })
            .run(argc, argv, body);
    };
}

inline Run::Main program(std::function<int(daemonize::Context&)> body) {
    return program(daemonize::HostKind::unknown, std::move(body));
}

inline int ready_and_wait(daemonize::Context& context) {
    context.ready();
    std::fputs("ready\n", stderr);
    context.wait_for_stop();
    return 0;
}

} // namespace test

#endif
