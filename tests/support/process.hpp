// The fixture of the tests of real processes: runs a launcher in a child, makes temporary directories, holds a daemon
// by pipes and receives its reports, and checks that nothing is left behind.
#ifndef DAEMONIZE_TESTS_SUPPORT_PROCESS_HPP
#define DAEMONIZE_TESTS_SUPPORT_PROCESS_HPP

#include "support/skip.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <ftw.h>
#include <grp.h>
#include <iterator>
#include <poll.h>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace test {

/// The time-out of a wait for one event, in milliseconds: DAEMONIZE_PATIENCE seconds, which are 60 on a calm machine.
/// setup/patience.sh measures them.
inline const int patience = [] {
    const char* seconds = std::getenv("DAEMONIZE_PATIENCE");
    return 1000 * std::max(60, seconds == nullptr ? 0 : std::atoi(seconds));
}();

/// Makes every orphan of this process its child, so that a test sees the processes that a failed launch leaves, and can
/// wait for the end of a daemon. Checks that the previous test left no process.
class Orphanage {
  public:
    Orphanage() {
        // With SIGCHLD ignored, as some test runners leave it, waitpid(2) would never report a child's end.
        ::signal(SIGCHLD, SIG_DFL);
        if (::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0) return;
        throw Unable(std::string("adopt orphans by PR_SET_CHILD_SUBREAPER: ") + std::strerror(errno));
    }
    Orphanage(const Orphanage&) = delete;
    Orphanage& operator=(const Orphanage&) = delete;

    /// Whether every process that this process started, or inherited, has ended and is reaped.
    bool is_empty() const { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

    /// Waits for the end of a daemon. Returns the wait status.
    int wait_for(pid_t daemon) const {
        int status = 0;
        while (::waitpid(daemon, &status, 0) != daemon) {
            if (errno != EINTR) throw std::runtime_error("no such orphan: " + std::string(std::strerror(errno)));
        }
        return status;
    }

    /// Waits for the end of all processes that this process started, or inherited.
    void wait_until_empty() const {
        while (::waitpid(-1, nullptr, 0) != -1 || errno == EINTR) {
        }
    }
};

/// A temporary directory, mode 0755, removed with its content.
class Directory {
  public:
    Directory() {
        char name[] = "/tmp/daemonize-test-XXXXXX";
        if (::mkdtemp(name) == nullptr || ::chmod(name, 0755) != 0) throw std::runtime_error("cannot make a directory");
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        const auto remove = [](const char* path, const struct stat*, int, struct FTW*) { return std::remove(path); };
        if (::getpid() == owner_) ::nftw(path_.c_str(), remove, 16, FTW_DEPTH | FTW_PHYS);
    }

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
    pid_t owner_ = ::getpid(); // a daemon that leaves the test by exit(3) must not remove the directory
};

/// kill(2) for one process: 0 means the test's own group, and -1, the number in a failed Launch, every process of the
/// machine.
inline int kill(pid_t process, int signal) {
    if (process <= 0) throw std::runtime_error("no process to signal");
    return ::kill(process, signal);
}

inline bool exists(const std::string& path) {
    struct stat file_info;
    return ::lstat(path.c_str(), &file_info) == 0;
}

inline std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

/// The value of `name` in /proc/PID/status of this process, or of `pid`, without the white space around it.
inline std::string process_status(const std::string& name, pid_t pid = 0) {
    std::ifstream file("/proc/" + (pid == 0 ? std::string("self") : std::to_string(pid)) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, name.size() + 1, name + ":") != 0) continue;
        const std::size_t from = line.find_first_not_of(" \t", name.size() + 1);
        return from == std::string::npos ? "" : line.substr(from, line.find_last_not_of(" \t") + 1 - from);
    }
    return "?";
}

constexpr uid_t nobody = 65534; // an ordinary user that every system has

/// In a child of the test: becomes an ordinary user, without a group of root. Does nothing if the process is not root.
inline void become_nobody(uid_t id = nobody) {
    if (::geteuid() != 0) return;
    const bool became = ::setgroups(0, nullptr) == 0 && ::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0;
    if (!became) std::abort();
}

inline mode_t mode_of(const std::string& path) {
    struct stat file_info;
    return ::lstat(path.c_str(), &file_info) == 0 ? file_info.st_mode & 07777 : static_cast<mode_t>(-1);
}

inline std::string link_target(const std::string& path) {
    char target[4096];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    return size < 0 ? "?" : std::string(target, static_cast<std::size_t>(size));
}

/// The numbers in /proc/PID/fd, in order: of this process, or of `pid`.
inline std::set<int> open_descriptors(pid_t pid = 0) {
    std::set<int> open;
    DIR* folder = ::opendir(("/proc/" + (pid == 0 ? std::string("self") : std::to_string(pid)) + "/fd").c_str());
    if (folder == nullptr) throw std::runtime_error("cannot list the descriptors");
    while (const struct dirent* entry = ::readdir(folder)) {
        if (entry->d_name[0] != '.') open.insert(std::atoi(entry->d_name));
    }
    if (pid == 0) open.erase(::dirfd(folder));
    ::closedir(folder);
    return open;
}

/// In a child of the test: restores the default signal actions, which Catch2, or the starter of the tests, has changed.
inline void default_signals() {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGPIPE, SIGTERM}) ::signal(number, SIG_DFL);
}

[[noreturn]] inline void pause_forever() {
    for (;;) ::pause();
}

/// Writes the whole text, or ends the process.
inline void say(int stream, const std::string& text) {
    if (::write(stream, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
}

/// The inode of the path; 0 if nothing is there.
inline ino_t inode_of(const std::string& path) {
    struct stat file_info;
    return ::lstat(path.c_str(), &file_info) == 0 ? file_info.st_ino : 0;
}

/// Forks. The child must not write the buffers of Catch2, least of all when it has closed its streams.
inline pid_t fork_clean() {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == -1) throw std::runtime_error("cannot fork");
    return child;
}

/// A pipe between test and daemon. The daemon writes to the pipe, or waits until the test releases it. Pass the
/// daemon's end to keep_fd().
class Pipe {
  public:
    Pipe() {
        if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_read();
        close_write();
    }

    int read_end() const { return ends_[0]; }
    int write_end() const { return ends_[1]; }
    void close_read() { close(ends_[0]); }
    void close_write() { close(ends_[1]); }

    /// In the daemon: sends a text to the test.
    void send_text(const std::string& text) const {
        if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
    }

    /// In the daemon: stays until the test closes its end. The daemon must not hold the write end.
    void wait_until_closed() const {
        char byte;
        while (::read(ends_[0], &byte, 1) == -1 && errno == EINTR) {
        }
    }

    /// In the test: reads one line, without its end, or the rest of the stream.
    std::string line() { return receive(true); }

    /// In the test: reads until the last writer is gone. Closes the write end of the test first.
    std::string rest() {
        close_write();
        return receive(false);
    }

  private:
    static void close(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }

    std::string receive(bool one_line) {
        std::string text;
        for (;;) {
            struct pollfd watched = {ends_[0], POLLIN, 0};
            const int count = ::poll(&watched, 1, patience);
            if (count == 0) throw std::runtime_error("waited in vain for a word from the daemon, after: " + text);
            char byte;
            const ssize_t size = ::read(ends_[0], &byte, 1);
            if (size == -1 && errno == EINTR) continue;
            if (size <= 0 || (one_line && byte == '\n')) return text;
            text += byte;
        }
    }

    int ends_[2];
};

/// The exit status of a launcher, and its standard error.
struct Ended {
    int status = 0;
    std::string error;

    bool with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
    int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
    int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

/// A launcher that runs in a child of the test: `body` calls daemonize(), and the rest of `body` runs in the daemon,
/// which exits with the returned code. Standard error is a pipe, unless `with_terminal` set another file.
class Launcher {
  public:
    template <class Body>
    explicit Launcher(Body body) {
        pid_ = fork_clean();
        if (pid_ == 0) {
            error_.close_read();
            if (::dup2(error_.write_end(), STDERR_FILENO) != STDERR_FILENO) std::abort();
            error_.close_write();
            default_signals();
            std::_Exit(body());
        }
        error_.close_write();
    }
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    pid_t pid() const { return pid_; }
    std::string error_line() { return error_.line(); }

    /// Waits for the launcher's end, and then for the end of its standard error: a daemon that kept it makes the test
    /// time out.
    Ended ended() {
        Ended result;
        while (::waitpid(pid_, &result.status, 0) == -1 && errno == EINTR) {
        }
        result.error = error_.rest();
        return result;
    }

  private:
    pid_t pid_ = -1;
    Pipe error_;
};

template <class Body>
Ended run_launcher(Body body) {
    return Launcher(body).ended();
}

/// Calls `body`, a std::string(), in a child of the test, and returns the result. For actions that must not change the
/// test itself, such as closing its standard streams or taking a terminal. The low descriptors are free.
template <class Body>
std::string in_child(Body body) {
    Pipe report;
    const pid_t child = fork_clean();
    if (child == 0) {
        const int high = ::fcntl(report.write_end(), F_DUPFD_CLOEXEC, 100);
        report.close_read();
        report.close_write();
        std::string text;
        try {
            text = body();
        } catch (const std::exception& error) {
            text = std::string("it threw: ") + error.what();
        }
        const bool written = ::write(high, text.data(), text.size()) == static_cast<ssize_t>(text.size());
        std::_Exit(written ? 0 : 1);
    }
    report.close_write();
    const std::string text = report.rest();
    int status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    return status == 0 ? text : "it ended with wait status " + std::to_string(status) + ", after: " + text;
}

/// Calls `body` as in_child() does, with the default actions of the signals.
template <class Body>
std::string in_process(Body body) {
    return in_child([&] {
        default_signals();
        ::signal(SIGCHLD, SIG_DFL);
        return std::string(body());
    });
}

} // namespace test

#endif
