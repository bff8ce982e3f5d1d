// The fixture of the tests of real hosts: a temporary directory, a private /run, and the start of programs as a host
// starts them. No process is left at the end.
#ifndef DAEMONIZE_TESTS_HOSTS_HOST_HPP
#define DAEMONIZE_TESTS_HOSTS_HOST_HPP

#include "support/abilities.hpp"

#include <arpa/inet.h>
#include <initializer_list>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <vector>

namespace test {

using Command = std::vector<std::string>;

const std::string service = SERVICE;         // examples/service.cpp
const std::string echo_server = ECHO_SERVER; // examples/echo_server.cpp
const std::string probe = PROBE;             // programs/probe.cpp

/// Waits until `is_so()` is true. Returns false after the time-out of the tests.
template <class Condition>
bool eventually(Condition is_so) {
    for (int i = 0; i < patience / 5; ++i) {
        if (is_so()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// In a child of the test.
[[noreturn]] inline void execute(const Command& command) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    std::perror(argv[0]);
    std::_Exit(127);
}

/// Root mounts a private /run. Other users have an XDG_RUNTIME_DIR.
inline std::string own_run() { return ::geteuid() == 0 ? private_mounts() : ""; }

/// Whether the program exists, in PATH or at its path.
inline bool is_program(const std::string& name) {
    const Command look = {"sh", "-c", "command -v \"$0\" >/dev/null", name};
    const pid_t child = fork_clean();
    if (child == 0) execute(look);
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

#define NEEDS_PROGRAM(name, package)                                                                                   \
    do {                                                                                                               \
        if (!test::is_program(name)) SKIP_MISSING(package);                                                            \
    } while (false)

/// The exit status and the output of a program.
struct Ran {
    int status = -1;
    std::string output;
    std::string error;

    int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
};

/// A temporary directory and a private /run. Programs that are started here end with the Place at the latest.
class Place {
  public:
    Place() {
        for (const char* name : {"NOTIFY_SOCKET", "NOTIFY_FD", "DAEMONIZE_HOST", "LISTEN_FDS", "JOURNAL_STREAM"}) {
            ::unsetenv(name);
        }
        const std::string run = directory_ / "run";
        if (::mkdir(run.c_str(), 0755) != 0) throw std::runtime_error("cannot make " + run);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        // The death of a parent makes its children orphans of this process, so the loop repeats until there is no
        // child.
        while (!orphans_.is_empty()) {
            for (const pid_t child : children()) test::kill(child, SIGKILL);
            ::poll(nullptr, 0, 1);
        }
    }

    std::string operator/(const std::string& name) const { return directory_ / name; }
    const Orphanage& orphans() const { return orphans_; }

    /// The process of the service that runs here; 0 if no service runs.
    pid_t pid_of(const std::string& name) const {
        return static_cast<pid_t>(std::atol(contents(directory_ / ("run/" + name + ".pid")).c_str()));
    }

    /// A copy of the program for users other than root, who may not be able to enter the source tree.
    std::string copy_of(const std::string& program) const {
        const std::string copy = directory_ / program.substr(program.rfind('/') + 1);
        if (run({"cp", program, copy}).code() != 0) throw std::runtime_error("cannot copy " + program);
        return copy;
    }

    /// In a child of the test: enters this Place. Root gets the private /run, other users get the XDG_RUNTIME_DIR.
    void enter() const {
        const std::string run = directory_ / "run";
        default_signals();
        if (::geteuid() != 0) {
            ::setenv("XDG_RUNTIME_DIR", run.c_str(), 1);
        } else if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                   ::mount(run.c_str(), "/run", nullptr, MS_BIND, nullptr) != 0) {
            std::abort();
        }
        if (::chdir(directory_.path().c_str()) != 0) std::abort();
    }

    /// Starts a program here, and calls `prepare` in its process.
    template <class Prepare>
    pid_t start(const Command& command, Prepare prepare) const {
        const pid_t child = fork_clean();
        if (child != 0) return child;
        enter();
        prepare();
        execute(command);
    }
    pid_t start(const Command& command) const {
        return start(command, [] {});
    }

    /// Runs a program here to its end, and to the end of its output: a daemon that kept the output makes the test time
    /// out.
    template <class Prepare>
    Ran run(const Command& command, Prepare prepare) const {
        Ran ran;
        Pipe output, error;
        const pid_t child = start(command, [&] {
            ::dup2(output.write_end(), STDOUT_FILENO);
            ::dup2(error.write_end(), STDERR_FILENO);
            prepare();
        });
        ran.output = output.rest();
        ran.error = error.rest();
        ran.status = orphans_.wait_for(child);
        return ran;
    }
    Ran run(const Command& command) const {
        return run(command, [] {});
    }

  private:
    static std::set<pid_t> children() {
        std::ifstream file("/proc/thread-self/children");
        return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
    }

    Orphanage orphans_;
    Directory directory_;
};

/// A terminal: this object has one end, and a program has the other end.
class Terminal {
  public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0 || ::ptsname(master_) == nullptr) {
            throw std::runtime_error("cannot make a terminal");
        }
        name_ = ::ptsname(master_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() { hang_up(); }

    const std::string& name() const { return name_; }

    /// In a child of the test: leads a session on this terminal, with the standard streams on the terminal.
    void take() const {
        ::setsid();
        const int terminal = ::open(name_.c_str(), O_RDWR); // becomes the controlling terminal
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            if (::dup2(terminal, stream) != stream) std::abort();
        }
        if (terminal > STDERR_FILENO) ::close(terminal);
        ::setenv("TERM", "vt100", 1);
    }

    void type(const std::string& keys) const {
        if (::write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) std::abort();
    }

    /// Closes the terminal, like a closed window.
    void hang_up() {
        if (master_ >= 0) ::close(master_);
        master_ = -1;
    }

    /// Returns the shown text up to the first occurrence of `text`, or all text at the end of the stream.
    const std::string& shown_until(const std::string& text) {
        for (;;) {
            struct pollfd watched = {master_, POLLIN, 0};
            char bytes[1024];
            if (has(shown_, text) || ::poll(&watched, 1, patience) != 1) return shown_;
            const ssize_t size = ::read(master_, bytes, sizeof bytes);
            if (size <= 0) return shown_; // no process has the other end any more
            shown_.append(bytes, static_cast<std::size_t>(size));
        }
    }

  private:
    int master_;
    std::string name_;
    std::string shown_;
};

/// An address of the loopback that no other test uses at this time.
inline std::string loopback() {
    const int pid = ::getpid();
    return "127." + std::to_string(1 + pid / 62500 % 250) + "." + std::to_string(pid / 250 % 250) + "." +
           std::to_string(1 + pid % 250);
}

constexpr unsigned short echo_port = 7007;

/// A client of the echo server.
class Client {
  public:
    explicit Client(const std::string& address, unsigned short port = echo_port)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        struct sockaddr_in name = {};
        name.sin_family = AF_INET;
        name.sin_port = htons(port);
        is_connected_ = ::inet_pton(AF_INET, address.c_str(), &name.sin_addr) == 1 &&
                        ::connect(socket_, reinterpret_cast<struct sockaddr*>(&name), sizeof name) == 0;
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(socket_); }

    bool is_connected() const { return is_connected_; }
    void send(const std::string& text) const {
        static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
    }
    void end() const { ::shutdown(socket_, SHUT_WR); }

    /// Receives up to this many bytes, or to the end of the stream.
    std::string receive(std::size_t size = static_cast<std::size_t>(-1)) const {
        std::string text;
        while (text.size() < size) {
            struct pollfd watched = {socket_, POLLIN, 0};
            char byte;
            if (::poll(&watched, 1, patience) != 1) return text + " and then nothing in time";
            if (::recv(socket_, &byte, 1, 0) != 1) break;
            text += byte;
        }
        return text;
    }

    std::string echo(const std::string& text) const {
        send(text);
        return receive(text.size());
    }

  private:
    int socket_;
    bool is_connected_ = false;
};

inline bool answers(const std::string& address) {
    return eventually([&] { return Client(address).is_connected(); });
}

/// The same without a connection, which would start the program of a super-server.
inline bool is_listened_at(const std::string& address, unsigned short port = echo_port) {
    struct in_addr number = {};
    char line[32];
    if (::inet_pton(AF_INET, address.c_str(), &number) != 1) return false;
    std::snprintf(line, sizeof line, "%08X:%04X 00000000:0000 0A", static_cast<unsigned>(number.s_addr), port);
    return eventually([&] { return has(contents("/proc/net/tcp"), line); });
}

/// Waits for the end of a process that is not a child, by a pidfd.
class Watched {
  public:
    explicit Watched(pid_t pid) : process_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() {
        if (process_ >= 0) ::close(process_);
    }

    bool is_alive() const {
        struct pollfd end = {process_, POLLIN, 0};
        return process_ >= 0 && ::poll(&end, 1, 0) == 0;
    }
    bool ends() const {
        struct pollfd end = {process_, POLLIN, 0};
        return process_ >= 0 && ::poll(&end, 1, patience) == 1;
    }

  private:
    int process_;
};

/// The children of this process, with their states: "123 S".
inline std::set<std::string> children_of(pid_t parent) {
    std::set<std::string> found;
    DIR* folder = ::opendir("/proc");
    if (folder == nullptr) return found;
    while (const struct dirent* entry = ::readdir(folder)) {
        const auto pid = static_cast<pid_t>(std::atol(entry->d_name));
        if (pid <= 0 || process_status("PPid", pid) != std::to_string(parent)) continue;
        found.insert(std::to_string(pid) + " " + process_status("State", pid).substr(0, 1));
    }
    ::closedir(folder);
    return found;
}

} // namespace test

#endif
