// The demos of README.md and of examples/run.sh: the real programs, `ps`, a real syslogd, and kill.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <sys/syscall.h>
#include <vector>

namespace {

const std::string examples = EXAMPLES_DIRECTORY;
const std::string tests = TESTS_DIRECTORY;
const std::string patience = std::to_string(test::patience / 1000);

struct Ran {
    int status = -1;
    std::string output;
    std::string error;
};

// Runs a program to its end. A daemon that kept our pipes would have us wait in vain.
Ran run(const std::vector<std::string>& command, const std::string& directory = "/") {
    test::Pipe output, error;
    const pid_t child = ::fork();
    if (child == 0) {
        std::vector<char*> arguments;
        for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        ::dup2(output.write_end(), STDOUT_FILENO);
        ::dup2(error.write_end(), STDERR_FILENO);
        if (::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
        std::_Exit(127);
    }
    Ran ran;
    ran.output = output.rest();
    ran.error = error.rest();
    ::waitpid(child, &ran.status, 0);
    return ran;
}

pid_t pid_in(const std::string& file) { return static_cast<pid_t>(std::atol(test::contents(file).c_str())); }

// The daemon is nobody's child that we know: its end is seen by a descriptor for the process.
class Watched {
  public:
    explicit Watched(pid_t pid) : pid_(pid), process_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() {
        if (process_ < 0) return;
        ::syscall(SYS_pidfd_send_signal, process_, SIGKILL, nullptr, 0);
        ::close(process_);
    }

    bool ends_by(int signal) const {
        struct pollfd end = {process_, POLLIN, 0};
        return test::kill(pid_, signal) == 0 && ::poll(&end, 1, test::patience) == 1;
    }

    std::string column(const std::string& name) const {
        const std::string text = run({"ps", "-o", name + "=", "-p", std::to_string(pid_)}).output;
        const std::size_t from = text.find_first_not_of(' ');
        return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \n") - from + 1);
    }

  private:
    pid_t pid_;
    int process_;
};

std::string wait_for_line(const std::string& file, const std::string& part) {
    return run({"timeout", patience, "sh", "-c", "tail -n +1 -f \"$0\" | grep -m 1 -F -e \"$1\"", file, part}).output;
}

} // namespace

TEST_CASE("timestamp_log has its first line in the log when it returns, and is gone at once on SIGTERM") {
    NEEDS(pid_files());
    const test::Directory directory;
    const Ran ran = run({examples + "/timestamp_log", "--pid-file", "ts.pid"}, directory.path());
    const pid_t pid = pid_in(directory / "ts.pid");
    REQUIRE(pid > 1);
    const Watched daemon(pid);
    CHECK(ran.status == 0);
    CHECK(ran.output == "timestamp_log: running, pid " + std::to_string(pid) + "\n");
    CHECK(ran.error == "");

    const std::string log = test::contents(directory / "daemon.log");
    CHECK(log.size() == std::string("Thu Jan  1 00:00:00 1970\n").size());
    CHECK(log.find('\n') == log.size() - 1);

    CHECK(daemon.column("tty") == "?");
    CHECK(daemon.column("sid") == daemon.column("pgid"));
    CHECK(daemon.column("sid") != std::to_string(pid));
    CHECK(daemon.column("ppid") != std::to_string(::getpid()));
    CHECK(test::link_target("/proc/" + std::to_string(pid) + "/cwd") == "/");

    CHECK(daemon.ends_by(SIGTERM)); // though the next line is due in a minute
    CHECK(test::contents(directory / "daemon.log") == log);
    CHECK(!test::exists(directory / "ts.pid"));
}

TEST_CASE("timestamp_log writes a line at each interval") {
    NEEDS(pid_files());
    const test::Directory directory;
    const Ran ran = run({examples + "/timestamp_log", "--interval", "1", "--log", directory / "log", "--pid-file",
                         directory / "ts.pid"});
    REQUIRE(ran.status == 0);
    const Watched daemon(pid_in(directory / "ts.pid"));
    const std::string lines =
        run({"timeout", patience, "sh", "-c", "tail -n +1 -f \"$0\" | head -n 3", directory / "log"}).output;
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
    CHECK(daemon.ends_by(SIGTERM));
}

TEST_CASE("timestamp_log says why it cannot write its log") {
    NEEDS(pid_files());
    const test::Directory directory;
    const Ran ran = run({examples + "/timestamp_log", "--log", "/dev/full", "--pid-file", directory / "ts.pid"});
    CHECK(WEXITSTATUS(ran.status) == 1);
    CHECK(ran.output == "");
    CHECK(ran.error == "timestamp_log: cannot write /dev/full: No space left on device\n");
    CHECK(!test::exists(directory / "ts.pid"));
}

TEST_CASE("timestamp_log refuses options that it does not know") {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"--interval", "0"}, {"--interval", "soon"}, {"--log"}, {"--what", "x"}, {"x"}}) {
        std::vector<std::string> command = {examples + "/timestamp_log"};
        command.insert(command.end(), options.begin(), options.end());
        const Ran ran = run(command);
        CHECK(WEXITSTATUS(ran.status) == 64);
        CHECK(ran.error.compare(0, 6, "usage:") == 0);
    }
}

TEST_CASE("syslog_daemon tells a real syslogd that it started and that it ends, and leads its session") {
    NEEDS(private_mounts());
    const test::Directory directory;
    const std::string log = directory / "messages";
    const Ran ran = run({"unshare", "-m", "sh", tests + "/support/setup/private_syslog.sh", log,
                         directory / "syslogd.pid", examples + "/syslog_daemon", "--pid-file", directory / "sd.pid"});
    const Watched syslogd(pid_in(directory / "syslogd.pid"));
    REQUIRE(ran.error == "");
    REQUIRE(ran.status == 0);
    const pid_t pid = pid_in(directory / "sd.pid");
    const Watched daemon(pid);
    const std::string name = "daemontest[" + std::to_string(pid) + "]: ";
    CHECK(wait_for_line(log, name + "program started.").find("user.info") != std::string::npos);

    CHECK(daemon.column("tty") == "?");
    CHECK(daemon.column("pgid") == std::to_string(pid));
    CHECK(daemon.column("sid") == std::to_string(pid));
    CHECK(daemon.column("ppid") != std::to_string(::getpid()));

    CHECK(daemon.ends_by(SIGTERM));
    CHECK(wait_for_line(log, name + "program terminated.").find("user.info") != std::string::npos);
    CHECK(!test::exists(directory / "sd.pid"));
    // Its new parent still has to reap it; then the process table knows it no more.
    CHECK(run({"timeout", patience, "tail", "-s", "0.1", "--pid=" + std::to_string(pid), "-f", "/dev/null"}).status ==
          0);
}

TEST_CASE("like_daemon3 keeps directory and streams where it is told to") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string nochdir = GENERATE("0", "1");
    const std::string noclose = GENERATE("0", "1");
    const std::string output = directory / "output";
    const Ran ran = run({"sh", "-c", "exec \"$0\" \"$@\" >output 2>&1", examples + "/like_daemon3", nochdir, noclose},
                        directory.path());
    REQUIRE(ran.status == 0);
    const std::string children = test::contents("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    const pid_t pid = static_cast<pid_t>(std::atol(children.c_str()));
    REQUIRE(pid > 1);
    const std::string process = "/proc/" + std::to_string(pid);
    CHECK(test::link_target(process + "/cwd") == (nochdir == "1" ? directory.path() : "/"));
    CHECK(test::link_target(process + "/fd/1") == (noclose == "1" ? output : "/dev/null"));
    test::kill(pid, SIGTERM);
    CHECK(WTERMSIG(orphanage.wait_for(pid)) == SIGTERM);
}

TEST_CASE("minimal runs, and its words go to its log") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const Ran ran = run({examples + "/minimal"}, directory.path());
    REQUIRE(ran.status == 0);
    const std::string children = test::contents("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    const pid_t pid = static_cast<pid_t>(std::atol(children.c_str()));
    REQUIRE(pid > 1);
    CHECK(wait_for_line(directory / "minimal.log", "minimal: up") == "minimal: up\n");
    test::kill(pid, SIGTERM);
    CHECK(WTERMSIG(orphanage.wait_for(pid)) == SIGTERM);
}
