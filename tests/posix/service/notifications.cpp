// The notifications of a service to its manager: readiness, status, signs of life, and the priorities of the journal.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <type_traits>
#include <utility>

using daemonize::Context;
using daemonize::Duration;
using daemonize::HostKind;
using daemonize::Service;
using test::program;
using test::ready_and_wait;
using test::Said;

namespace {

// The socket in place of systemd's.
class Manager {
  public:
    Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        struct sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        path().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(socket_, reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0) std::abort();
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { ::close(socket_); }

    std::string path() const { return directory_ / "notify"; }

    // The next message; empty where none comes in `longest` milliseconds.
    std::string message(int longest = test::patience) const {
        struct pollfd watched = {socket_, POLLIN, 0};
        if (::poll(&watched, 1, longest) != 1) return {};
        char text[4096];
        const ssize_t size = ::recv(socket_, text, sizeof text, 0);
        return size < 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
    }

  private:
    test::Directory directory_;
    int socket_;
};

} // namespace

TEST_CASE("systemd hears of the start, of a reload, of the status and of the stop") {
    NEEDS(pid_files());
    const Manager manager;
    test::Run run(program(HostKind::systemd,
                          [](Context& context) {
                              bool good = false;
                              context.on_reload([&](std::string& why) {
                                  why = "line 3";
                                  good = !good;
                                  return good;
                              });
                              context.progress("warming up", Duration::seconds(2));
                              context.ready();
                              context.ready();
                              context.status("idle");
                              context.wait_for_stop();
                              return 0;
                          }),
                  {}, [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(manager.message() == "STATUS=warming up");
    CHECK(manager.message() == "EXTEND_TIMEOUT_USEC=2000000");
    CHECK(manager.message() == "READY=1");
    CHECK(manager.message() == "STATUS=idle");
    test::kill(run.pid(), SIGHUP);
    CHECK(manager.message().find("RELOADING=1\nMONOTONIC_USEC=") == 0);
    CHECK(manager.message() == "READY=1");
    test::kill(run.pid(), SIGHUP);
    CHECK(manager.message().find("RELOADING=1\n") == 0);
    CHECK(manager.message() == "READY=1\nSTATUS=cannot use the new configuration: line 3");
    test::kill(run.pid(), SIGTERM);
    CHECK(manager.message() == "STOPPING=1");
    CHECK(run.end() == 0);
    CHECK(run.error == "tested: warming up\ntested: cannot use the new configuration: line 3\n");
}

namespace {

struct Ignore {
    void operator()() const {}
};

template <class View, class = void>
struct HasOnStop : std::false_type {};
template <class View>
struct HasOnStop<View, decltype(static_cast<void>(std::declval<View>().on_stop(Ignore())))> : std::true_type {};

template <class View, class = void>
struct HasOnReload : std::false_type {};
template <class View>
struct HasOnReload<View, decltype(static_cast<void>(std::declval<View>().on_reload(Ignore())))> : std::true_type {};

} // namespace

TEST_CASE("a body that registers further events leaves systemd its reload and its stop") {
    NEEDS(pid_files());
    using View = decltype(std::declval<Context&>().events());
    CHECK_FALSE(HasOnStop<View>::value);
    CHECK_FALSE(HasOnReload<View>::value);
    const Manager manager;
    test::Pipe report;
    test::Run run(program(HostKind::systemd,
                          [&](Context& context) {
                              daemonize::Failure failure;
                              for (const int number : {SIGHUP, SIGUSR1, SIGTSTP, SIGCONT}) {
                                  if (context.events().on(
                                          number, [] {}, failure))
                                      return 3;
                              }
                              report.send_text(failure.message() + "\n");
                              for (const int number : {SIGINT, SIGQUIT, SIGTERM}) {
                                  if (context.events().on(
                                          number, [] {}, failure))
                                      return 5;
                              }
                              report.send_text(failure.message() + "\n");
                              if (!context.events().on(
                                      SIGUSR2, [&] { report.send_text("SIGUSR2\n"); }, failure))
                                  return 4;
                              context.ready();
                              context.wait_for_stop();
                              return 0;
                          }),
                  {}, [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(manager.message() == "READY=1");
    test::kill(run.pid(), SIGHUP);
    CHECK(manager.message().find("RELOADING=1\n") == 0);
    CHECK(manager.message() == "READY=1");
    test::kill(run.pid(), SIGUSR2);
    CHECK(report.line() ==
          "cannot take signals as events (signal " + std::to_string(SIGCONT) + "): Context::on_continue() handles it");
    CHECK(report.line() == "cannot take signals as events (signal 15): Context::wait_for_stop() and "
                           "Context::stop_requested() report it");
    CHECK(report.line() == "SIGUSR2");
    test::kill(run.pid(), SIGTERM);
    CHECK(manager.message() == "STOPPING=1");
    CHECK(run.end() == 0);
}

TEST_CASE("a manager whose unit runs the verb start learns whom to watch, from the daemon itself") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const Manager manager;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
            .run(argc, argv, [](Context& context) {
                context.ready();
                context.wait_for_stop();
            });
    };
    const Said said = test::run(body, {"start"}, [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(said.code == 0);
    const pid_t daemon = daemonize::PidFile::holder(directory / "pid").pid;
    CHECK(manager.message() == "MAINPID=" + std::to_string(daemon));
    CHECK(manager.message() == "READY=1");
    CHECK(test::run(body, {"stop"}).code == 0);
    CHECK(manager.message() == "STOPPING=1");
    orphanage.wait_until_empty();
}

TEST_CASE("systemd's status has the reason of a failed start") {
    NEEDS(pid_files());
    const Manager manager;
    const Said said =
        test::run(program(HostKind::systemd, [](Context& context) { return context.fail("no cache", 4); }), {},
                  [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(said.code == 4);
    CHECK(manager.message() == "STATUS=no cache");
}

TEST_CASE("the watchdog hears of a body that sleeps, and not of one that is stuck") {
    NEEDS(pid_files());
    const Manager manager;
    test::Pipe hold;
    test::Run run(program(HostKind::systemd,
                          [&](Context& context) {
                              context.ready();
                              context.wait_for_stop();
                              hold.close_write();
                              hold.wait_until_closed(); // stuck
                              return 0;
                          }),
                  {}, [&] {
                      ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
                      ::setenv("WATCHDOG_USEC", "40000", 1);
                      ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
                  });
    CHECK(manager.message() == "READY=1");
    for (int i = 0; i < 5; ++i) CHECK(manager.message() == "WATCHDOG=1");
    test::kill(run.pid(), SIGTERM);
    std::string last = manager.message();
    while (last == "WATCHDOG=1") last = manager.message();
    CHECK(last == "STOPPING=1");
    CHECK(manager.message(200).empty());
    hold.close_write();
    CHECK(run.end() == 0);
}

TEST_CASE("the watchdog is not told more often than it asks for") {
    NEEDS(pid_files());
    const Manager manager;
    const auto body = program(HostKind::systemd, [](Context& context) {
        for (int i = 0; i < 20; ++i) context.poll();
        context.ready();
        return 0;
    });
    CHECK(test::run(body, {}, [&] {
              ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
              ::setenv("WATCHDOG_USEC", "600000000", 1);
              ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
          }).code == 0);
    CHECK(manager.message() == "WATCHDOG=1");
    CHECK(manager.message() == "READY=1");
}

TEST_CASE("a body sleeps for the whole time, and costs nothing meanwhile") {
    NEEDS(pid_files());
    const auto body = program([](Context& context) {
        const auto used = [] {
            struct timespec time = {};
            ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
            return Duration::seconds(time.tv_sec) + Duration::nanoseconds(time.tv_nsec);
        };
        const Duration before = daemonize::detail::monotonic_now(), used_before = used();
        const bool whole = context.sleep_for(Duration::milliseconds(300));
        const Duration cost = used() - used_before, after = daemonize::detail::monotonic_now();
        context.ready();
        const bool slept = whole && after >= before + Duration::milliseconds(300);
        return !slept ? 1 : cost > Duration::milliseconds(20) ? 2 : 0;
    });
    CHECK(test::run(body, {}).code == 0);
}

TEST_CASE("progress is a sign of life") {
    NEEDS(pid_files());
    const Manager manager;
    const auto body = program(HostKind::systemd, [](Context& context) {
        context.progress("step");
        context.ready();
        return 0;
    });
    CHECK(test::run(body, {}, [&] {
              ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
              ::setenv("WATCHDOG_USEC", "60000000", 1);
              ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
          }).code == 0);
    CHECK(manager.message() == "STATUS=step");
    CHECK(manager.message() == "WATCHDOG=1");
    CHECK(manager.message() == "READY=1");
}

TEST_CASE("a notification socket that cannot be used ends the start by name") {
    const auto with = [](const std::string& socket) {
        return test::run(program([](Context&) { return 0; }), {},
                         [&] { ::setenv("NOTIFY_SOCKET", socket.c_str(), 1); });
    };
    for (const std::string& socket : {std::string("relative"), "/" + std::string(200, 'x'), std::string("/gone")}) {
        const Said said = with(socket);
        CHECK(said.code == 68);
        CHECK(said.error.find("tested: cannot notify the service manager") == 0);
        CHECK(said.error.find('\n') == said.error.size() - 1);
    }
}

TEST_CASE("what a service manager left malformed in the environment ends the start by name") {
    const struct {
        const char* name;
        const char* value;
        int code;
    } wrong[] = {{"WATCHDOG_USEC", "0", 68}, {"WATCHDOG_USEC", "soon", 68}, {"LISTEN_FDS", "many", 67},
                 {"LISTEN_FDS", "-1", 67},   {"LISTEN_FDS", "0x1", 67},     {"LISTEN_FDS", "99999999999", 67}};
    for (const auto& one : wrong) {
        INFO(one.name << '=' << one.value);
        const Manager manager;
        const Said said = test::run(program([](Context& context) {
                                        context.ready();
                                        return 0;
                                    }),
                                    {}, [&] {
                                        ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
                                        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
                                        ::setenv(one.name, one.value, 1);
                                    });
        CHECK(said.code == one.code);
        CHECK(said.error.find("tested: cannot ") == 0);
        CHECK(said.error.find(one.name) != std::string::npos);
        CHECK(said.error.find('\n') == said.error.size() - 1);
    }
}

TEST_CASE("what a service manager meant for another process is none of the service's") {
    NEEDS(pid_files());
    const Said said = test::run(program([](Context& context) {
                                    context.ready();
                                    return static_cast<int>(context.sockets().size());
                                }),
                                {}, [] {
                                    ::setenv("LISTEN_PID", "1", 1);
                                    ::setenv("LISTEN_FDS", "3", 1);
                                    ::setenv("WATCHDOG_PID", "1", 1);
                                    ::setenv("WATCHDOG_USEC", "1000", 1);
                                });
    CHECK(said.code == 0);
    CHECK(said.error.empty());
}

TEST_CASE("a supervisor that waits for a newline gets it when the service is ready") {
    NEEDS(pid_files());
    test::Pipe supervisor;
    test::Run run(
        [&](int argc, char** argv) {
            return Service("tested")
                .host(HostKind::supervisor)
                .notify_fd(supervisor.write_end())
                .run(argc, argv, ready_and_wait);
        },
        {});
    REQUIRE(run.error_line() == "ready");
    supervisor.close_write();
    CHECK(supervisor.rest() == "\n"); // and it is closed
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("the journal is given the priority of each line") {
    NEEDS(pid_files());
    const auto body = program([](Context& context) {
        context.ready();
        context.log(daemonize::Severity::information, "up");
        context.log(daemonize::Severity::warning, "two\nlines");
        return context.fail("broken");
    });
    const Said journal = test::run(body, {}, [] {
        struct stat file_info;
        ::fstat(STDERR_FILENO, &file_info);
        ::setenv("JOURNAL_STREAM", (std::to_string(file_info.st_dev) + ":" + std::to_string(file_info.st_ino)).c_str(),
                 1);
    });
    CHECK(journal.error == "<6>up\n<4>two lines\n<3>broken\n");
    const Said other = test::run(body, {}, [] { ::setenv("JOURNAL_STREAM", "1:2", 1); });
    CHECK(other.error == "tested: up\ntested: two lines\ntested: broken\n");
}

TEST_CASE("the journal is given the priority of a start that failed") {
    const test::Directory directory;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) {
                daemonizer.pid_file(directory / "pid").stdout_to(directory / "none/log");
            })
            .run(argc, argv, ready_and_wait);
    };
    const Said journal = test::run(body, {"run"}, [] {
        struct stat file_info;
        ::fstat(STDERR_FILENO, &file_info);
        ::setenv("JOURNAL_STREAM", (std::to_string(file_info.st_dev) + ":" + std::to_string(file_info.st_ino)).c_str(),
                 1);
    });
    CHECK(journal.error ==
          "<3>cannot open standard output to " + (directory / "none/log") + ": No such file or directory\n");
    CHECK(journal.code == 209);
}
