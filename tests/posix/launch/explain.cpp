// explain(): the plan as text, each step in order with its value, and the type of every inherited descriptor.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <string>
#include <sys/socket.h>
#include <utility>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Fork;
using daemonize::keep;
using daemonize::Sigchld;

namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The plan without the lines of descriptors, which are as many as the test's runner left open.
std::string without_descriptors(const std::string& text) {
    std::string result;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t to = text.find('\n', from) + 1;
        const std::string line = text.substr(from, to - from);
        if (line.compare(0, 11, "descriptor ") != 0) result += line;
        from = to;
    }
    return result;
}

std::string number_of(int descriptor) { return "descriptor " + std::to_string(descriptor); }

} // namespace

TEST_CASE("setters work on a temporary Daemonizer") {
    const auto made = [] {
        return Daemonizer("made").fork(daemonize::Fork::once).umask(022).stdout_to("/log").before_drop([] {}).user(0);
    };
    auto daemonizer = made().chdir("/tmp");
    const std::string text = daemonizer.explain();
    CHECK(has_line(text, "umask: 022"));
    CHECK(has_line(text, "standard output: /log"));
    CHECK(has_line(text, "directory: /tmp"));
}

TEST_CASE("a Daemonizer that was moved still has all that it was asked for") {
    Daemonizer first("moved");
    first.fork(Fork::once).chdir("/a/place/far/enough/down/not/to/fit/into/the/string/itself");
    const std::string plan = first.explain();
    Daemonizer second(std::move(first));
    CHECK(second.explain() == plan);
    Daemonizer third("other");
    third = std::move(second);
    CHECK(third.explain() == plan);
}

TEST_CASE("the plan of a plain daemon shows every default") {
    CHECK(without_descriptors(Daemonizer("explain").explain()) ==
          "fork: twice\n"
          "setsid: yes\n"
          "sigchld: default action\n"
          "umask: 027\n"
          "environment: kept whole\n"
          "directory: /\n"
          "standard input: /dev/null\n"
          "standard output: /dev/null\n"
          "standard error: /dev/null\n"
          "signals: ignored ones get their default action, the mask is emptied, handlers stay\n"
          "readiness: the end of set-up, within 30000 ms\n");
}

TEST_CASE("the plan shows what was asked for, step by step") {
    const test::Directory directory;
    const std::string text = Daemonizer("explain")
                                 .fork(Fork::once)
                                 .setsid(false)
                                 .sigchld(Sigchld::ignore)
                                 .umask(0)
                                 .environment({"PATH", "LANG"})
                                 .rlimit(RLIMIT_CORE, 0)
                                 .before_drop([] {})
                                 .no_new_privileges()
                                 .chdir(directory.path())
                                 .pid_file(directory / "pid")
                                 .pid_file_mode(0640)
                                 .stdin_from(keep)
                                 .stdout_to(directory / "out.log")
                                 .wait_until_ready(Duration::milliseconds(1500))
                                 .explain();
    CHECK(without_descriptors(text) ==
          "pid file: " + (directory / "pid") + ", mode 640, locked\n" +
              "fork: once\n"
              "setsid: no\n"
              "sigchld: ignored\n"
              "umask: 000\n"
              "environment: only PATH LANG\n"
              "before the drop: the application's own step\n"
              "limit: RLIMIT_CORE 0 of 0\n"
              "new privileges: given up\n"
              "directory: " +
              directory.path() + "\n" + "standard input: kept: " + daemonize::detail::describe_descriptor(0) + "\n" +
              "standard output: " + (directory / "out.log") + "\n" +
              "standard error: /dev/null\n"
              "signals: ignored ones get their default action, the mask is emptied, handlers stay\n"
              "readiness: when ready() is called, within 1500 ms\n");
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK_FALSE(test::exists(directory / "out.log"));
}

TEST_CASE("the plan names the capabilities that are kept, and the ambient ones") {
    NEEDS(other_users());
    NEEDS(capabilities({5, 10, 40}));
    const std::string text = Daemonizer("explain")
                                 .user(65534)
                                 .group(65534)
                                 .keep_capabilities({10, 40})
                                 .ambient_capabilities({10, 5})
                                 .explain();
    CHECK(has_line(text, "capabilities: CAP_NET_BIND_SERVICE CAP_CHECKPOINT_RESTORE CAP_KILL"));
    CHECK(has_line(text, "ambient capabilities: CAP_NET_BIND_SERVICE CAP_KILL"));
    const std::string none = Daemonizer("explain").user(65534).group(65534).keep_capabilities({}).explain();
    CHECK(has_line(none, "capabilities: none"));
    CHECK(none.find("ambient") == std::string::npos);
}

TEST_CASE("the plan says that standard output is shown") {
    const std::string line = "standard output: /dev/null, until readiness shown by the launcher";
    CHECK(has_line(Daemonizer("explain").show_stdout().explain(), line));
    CHECK_FALSE(has_line(Daemonizer("explain").show_stdout().foreground().explain(), line));
}

TEST_CASE("what is kept is said to be kept") {
    const std::string text = Daemonizer("explain")
                                 .umask(keep)
                                 .chdir(keep)
                                 .sigchld(Sigchld::keep)
                                 .environment({})
                                 .stdout_to(keep)
                                 .stderr_to(STDOUT_FILENO)
                                 .explain();
    CHECK(has_line(text, "umask: kept"));
    CHECK(has_line(text, "directory: kept"));
    CHECK(has_line(text, "sigchld: kept"));
    CHECK(has_line(text, "environment: only nothing"));
    CHECK(text.find("\nstandard output: kept: ") != std::string::npos);
    CHECK(text.find("\nstandard error: descriptor 1, ") != std::string::npos);
}

TEST_CASE("a relative path is shown as the daemon will see it") {
    const std::string here = daemonize::detail::current_directory();
    const std::string text = Daemonizer("explain").stdout_to("out.log").chdir("below").explain();
    CHECK(has_line(text, "standard output: " + here + "/out.log"));
    CHECK(has_line(text, "directory: " + here + "/below"));
}

TEST_CASE("every inherited descriptor is named by what it is, and by what becomes of it") {
    const test::Directory directory;
    test::write_file(directory / "data", "");
    test::Pipe pipe;
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const daemonize::detail::Descriptor one(pair[0]), other(pair[1]);
    const auto open = [](const std::string& path) {
        return daemonize::detail::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    };
    const auto file = open(directory / "data"), folder = open(directory.path()), device = open("/dev/zero");
    const auto high = daemonize::detail::Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, 300));

    const std::string text = Daemonizer("explain").keep_fd(file.get()).explain();
    CHECK(has_line(text, number_of(file.get()) + ": kept: a file, " + (directory / "data")));
    CHECK(has_line(text, number_of(folder.get()) + ": closed: a directory, " + directory.path()));
    CHECK(has_line(text, number_of(device.get()) + ": closed: a character device, /dev/zero"));
    CHECK(has_line(text, number_of(high.get()) + ": closed: a file, " + (directory / "data")));
    CHECK(text.find(number_of(one.get()) + ": closed: a socket, socket:[") != std::string::npos);
    CHECK(text.find(number_of(pipe.read_end()) + ": closed: a pipe, pipe:[") != std::string::npos);
    for (const int number : test::open_descriptors()) {
        INFO("descriptor " << number);
        CHECK((number <= STDERR_FILENO || text.find("\n" + number_of(number) + ": ") != std::string::npos));
    }
    // The descriptors that explain() opens are not listed.
    CHECK(text.find("/proc/") == std::string::npos);
    CHECK(text.find(": closed: closed") == std::string::npos);

    const std::string open_text = Daemonizer("explain").close_fds(false).explain();
    CHECK(has_line(open_text, number_of(folder.get()) + ": kept: a directory, " + directory.path()));
    CHECK(open_text.find(": closed: ") == std::string::npos);
}

TEST_CASE("a plan with mistakes shows them first") {
    const std::string text = Daemonizer("explain").user("no-such-user").keep_fd(-1).explain();
    CHECK(text.compare(0, 62, "problem: cannot become the user no-such-user: there is no such") == 0);
    CHECK(has_line(text, "problem: cannot accept keep_fd(-1): Bad file descriptor"));
}

TEST_CASE("a plan for the foreground has no fork and no session") {
    const std::string text = Daemonizer("explain").foreground().wait_until_ready().explain();
    CHECK(has_line(text, "fork: none: the process stays in the foreground"));
    CHECK(has_line(text, "directory: kept"));
    CHECK(has_line(text, "readiness: when ready() is called; no launcher waits"));
    CHECK(text.find("setsid") == std::string::npos);
    CHECK(text.find("\nstandard input: kept: ") != std::string::npos);
}

TEST_CASE("the plan of a dropped identity names user, groups and directories") {
    NEEDS(other_users());
    NEEDS(system_directories());
    NEEDS(new_root());
    const test::Directory directory;
    const std::string text = Daemonizer("explain")
                                 .user("nobody")
                                 .chroot(directory.path())
                                 .runtime_directory("explain")
                                 .log_directory("explain")
                                 .explain();
    CHECK(has_line(text, "root directory: " + directory.path()));
    CHECK(has_line(text, "user: nobody (" + std::to_string(test::nobody) + ")"));
    CHECK(text.find("\ngroups: ") != std::string::npos);
    CHECK(has_line(text, "runtime directory: /run/explain"));
    CHECK(has_line(text, "log directory: /var/log/explain"));
    CHECK_FALSE(test::exists("/var/log/explain"));
}

TEST_CASE("the plan shows its steps in the order in which they are done") {
    const test::Pipe inherited;
    const std::string text = Daemonizer("explain").explain();
    const std::string descriptor = "\ndescriptor " + std::to_string(inherited.read_end()) + ": ";
    REQUIRE(text.find(descriptor) != std::string::npos);
    CHECK(text.find("\nenvironment: ") < text.find(descriptor));
    CHECK(text.find(descriptor) < text.find("\ndirectory: "));
}
