// A service's run in the foreground: what its host is told, what the body hears, and what its end comes to.
#include "catch.hpp"
#include "service_program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

using daemonize::Context;
using daemonize::Duration;
using daemonize::HostKind;
using daemonize::Service;
using daemonize::StopReason;
using test::Said;

namespace {

// A service without a pid file of its own, on a host that the test chooses.
test::Run::Main program(HostKind host, std::function<int(Context&)> body) {
    return [host, body = std::move(body)](int argc, char** argv) {
        test::Directory directory;
        return Service("tested")
            .host(host)
            .posix([&](daemonize::Daemonizer& daemonizer) {
                daemonizer.close_fds(false).pid_file(directory / "tested.pid");
            })
            .run(argc, argv, body);
    };
}

test::Run::Main program(std::function<int(Context&)> body) { return program(HostKind::unknown, std::move(body)); }

int ready_and_wait(Context& context) {
    context.ready();
    std::fputs("ready\n", stderr);
    context.wait_for_stop();
    return 0;
}

// Where systemd would listen.
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

TEST_CASE("in the foreground a stop that was asked for ends with success, whatever the body returns") {
    test::Run run(program([](Context& context) {
                      ready_and_wait(context);
                      return 7;
                  }),
                  {"run"});
    REQUIRE(run.error_line() == "ready");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(run.error.empty());
}

TEST_CASE("a body's own end is told by its value") {
    CHECK(test::run(program([](Context& context) {
                        context.ready();
                        return 7;
                    }),
                    {})
              .code == 7);
    CHECK(test::run(program([](Context& context) {
                        context.ready();
                        return 256; // which exit would make success of
                    }),
                    {})
              .code == 1);
}

TEST_CASE("what fails is told in one line and is no success") {
    Said said = test::run(program([](Context&) { return 0; }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: it ended before it was ready\n");

    said = test::run(program([](Context&) -> int { throw std::runtime_error("no\ncache"); }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: no cache\n");

    said = test::run(program([](Context& context) { return context.fail("port 80 is taken", 0); }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: port 80 is taken\n");

    said = test::run(program([](Context& context) {
                         context.ready();
                         return context.fail("the disk is full", 9);
                     }),
                     {});
    CHECK(said.code == 9);
    CHECK(said.error == "tested: the disk is full\n");

    // What the body returns beside it does not make it a success.
    said = test::run(program([](Context& context) { return context.fail("no cache", 256) == 1 ? 0 : 8; }), {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: no cache\n");
}

TEST_CASE("what is thrown during a stop is a failure all the same") {
    test::Run run(program([](Context& context) -> int {
                      ready_and_wait(context);
                      throw std::runtime_error("cannot save");
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    CHECK(run.end(SIGTERM) == 1);
    CHECK(run.error == "tested: cannot save\n");
}

TEST_CASE("a stop before the body is ready is no failure") {
    test::Run run(program([](Context& context) {
                      std::fputs("starting\n", stderr);
                      context.wait_for_stop();
                      return 3;
                  }),
                  {});
    REQUIRE(run.error_line() == "starting");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(run.error.empty());
}

TEST_CASE("who asked for the stop is told") {
    const auto reason = [](HostKind host, int signal) {
        test::Run run(program(host,
                              [](Context& context) {
                                  if (context.stop_reason() != StopReason::none) return 100;
                                  ready_and_wait(context);
                                  std::fprintf(stderr, "%d\n", static_cast<int>(context.stop_reason()));
                                  return 0;
                              }),
                      {});
        REQUIRE(run.error_line() == "ready");
        CHECK(run.end(signal) == 0);
        return static_cast<StopReason>(std::atoi(run.error.c_str()));
    };
    CHECK(reason(HostKind::terminal, SIGTERM) == StopReason::operator_request);
    CHECK(reason(HostKind::terminal, SIGINT) == StopReason::interrupt);
    CHECK(reason(HostKind::terminal, SIGQUIT) == StopReason::interrupt);
    CHECK(reason(HostKind::systemd, SIGTERM) == StopReason::supervisor);
    CHECK(reason(HostKind::supervisor, SIGTERM) == StopReason::supervisor);
}

TEST_CASE("systemd hears of the start, of a reload, of the status and of the stop") {
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
                              context.report("idle");
                              context.wait_for_stop();
                              return 0;
                          }),
                  {}, [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(manager.message() == "STATUS=warming up");
    CHECK(manager.message() == "EXTEND_TIMEOUT_USEC=2000000");
    CHECK(manager.message() == "READY=1");
    CHECK(manager.message() == "STATUS=idle");
    ::kill(run.pid(), SIGHUP);
    CHECK(manager.message().find("RELOADING=1\nMONOTONIC_USEC=") == 0);
    CHECK(manager.message() == "READY=1");
    ::kill(run.pid(), SIGHUP);
    CHECK(manager.message().find("RELOADING=1\n") == 0);
    CHECK(manager.message() == "READY=1\nSTATUS=cannot use the new configuration: line 3");
    ::kill(run.pid(), SIGTERM);
    CHECK(manager.message() == "STOPPING=1");
    CHECK(run.end() == 0);
    CHECK(run.error == "tested: warming up\ntested: cannot use the new configuration: line 3\n");
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
    CHECK(manager.message(1000) == "MAINPID=" + std::to_string(daemon));
    CHECK(manager.message(1000) == "READY=1");
    CHECK(test::run(body, {"stop"}).code == 0);
    CHECK(manager.message(1000) == "STOPPING=1");
    orphanage.wait_until_empty();
}

TEST_CASE("systemd's status has the reason of a failed start") {
    const Manager manager;
    const Said said =
        test::run(program(HostKind::systemd, [](Context& context) { return context.fail("no cache", 4); }), {},
                  [&] { ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1); });
    CHECK(said.code == 4);
    CHECK(manager.message() == "STATUS=no cache");
}

TEST_CASE("the watchdog hears of a body that sleeps, and not of one that is stuck") {
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
    ::kill(run.pid(), SIGTERM);
    std::string last = manager.message();
    while (last == "WATCHDOG=1") last = manager.message();
    CHECK(last == "STOPPING=1");
    CHECK(manager.message(200).empty());
    hold.close_write();
    CHECK(run.end() == 0);
}

TEST_CASE("the watchdog is not told more often than it asks for") {
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
    const auto body = program([](Context& context) {
        struct timespec used = {};
        const Duration before = daemonize::detail::monotonic_now();
        const bool whole = context.sleep_for(Duration::milliseconds(300));
        const Duration after = daemonize::detail::monotonic_now();
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        context.ready();
        const bool slept = whole && after >= before + Duration::milliseconds(300);
        return !slept ? 1 : used.tv_sec > 0 || used.tv_nsec > 20000000 ? 2 : 0;
    });
    CHECK(test::run(body, {}).code == 0);
}

TEST_CASE("progress is a sign of life") {
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

TEST_CASE("a body that worked for a while before it sleeps is not late with its sign of life") {
    const Manager manager;
    test::Run run(program(HostKind::systemd,
                          [](Context& context) {
                              context.poll();
                              ::poll(nullptr, 0, 1900); // works
                              context.wait_for_stop();
                              return 0;
                          }),
                  {}, [&] {
                      ::setenv("NOTIFY_SOCKET", manager.path().c_str(), 1);
                      ::setenv("WATCHDOG_USEC", "4000000", 1);
                      ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
                  });
    CHECK(manager.message() == "WATCHDOG=1");
    const Duration first = daemonize::detail::monotonic_now();
    CHECK(manager.message() == "WATCHDOG=1");
    CHECK(daemonize::detail::monotonic_now() < first + Duration::seconds(3));
    CHECK(run.end(SIGTERM) == 0);
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

TEST_CASE("sockets that were passed are the service's, and then none is bound") {
    const int passed = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::listen(passed, 1) == 0);
    const auto body = [](int argc, char** argv) {
        return Service("tested")
            .host(HostKind::systemd)
            .listen("http", "127.0.0.1:0")
            .run(argc, argv, [](Context& context) {
                for (const daemonize::Socket& socket : context.sockets()) std::puts(socket.name().c_str());
                std::printf("%d\n", std::getenv("LISTEN_FDS") == nullptr);
                context.ready();
            });
    };
    CHECK(test::run(body, {}).output == "http\n1\n");
    CHECK(test::run(body, {}, [&] {
              ::dup2(passed, 3);
              ::setenv("LISTEN_FDS", "1", 1);
              ::setenv("LISTEN_FDNAMES", "given", 1);
              ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
          }).output == "given\n1\n");
    ::close(passed);
}

TEST_CASE("an address that cannot be bound ends the start by name") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .listen("http", "203.0.113.1:80")
            .posix([&](daemonize::Daemonizer& daemonizer) {
                daemonizer.pid_file(directory / "pid").before_drop([] { std::fputs("too late\n", stderr); });
            })
            .run(argc, argv, [](Context&) {});
    };
    const std::string line = "tested: cannot use the socket http 203.0.113.1:80: Cannot assign requested address\n";
    Said said = test::run(body, {});
    CHECK(said.code == 67);
    CHECK(said.error == line);
    said = test::run(body, {"start"});
    CHECK(said.code == 1);
    CHECK(said.error == line);
    CHECK(!test::exists(directory / "pid"));
    CHECK(orphanage.is_empty());
}

TEST_CASE("under inetd the connection is the service's socket, and stray output does not reach the peer") {
    int ends[2];
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(server, reinterpret_cast<struct sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(server, 1) == 0);
    REQUIRE(::getsockname(server, reinterpret_cast<struct sockaddr*>(&address), &size) == 0);
    ends[0] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(ends[0], reinterpret_cast<struct sockaddr*>(&address), size) == 0);
    ends[1] = ::accept(server, nullptr, nullptr);
    const Said said = test::run(
        [](int argc, char** argv) {
            return Service("tested").run(argc, argv, [](Context& context) {
                context.ready();
                std::puts("stray");
                std::fflush(stdout);
                const daemonize::Socket connection = std::move(context.sockets().at(0));
                const bool right = context.host().kind == HostKind::inetd &&
                                   connection.kind() == daemonize::SocketKind::connected && connection.get() > 2;
                return right && ::send(connection.get(), "hello", 5, MSG_NOSIGNAL) == 5 ? 0 : 3;
            });
        },
        {},
        [&] {
            for (int i = 0; i < 3; ++i) ::dup2(ends[1], i);
            ::close(ends[1]);
        });
    ::close(ends[1]);
    CHECK(said.code == 0);
    char text[16];
    CHECK(std::string(text, static_cast<std::size_t>(::recv(ends[0], text, sizeof text, MSG_WAITALL))) == "hello");
    ::close(ends[0]);
    ::close(server);
}

TEST_CASE("on a terminal it runs in the foreground, and in the background where that is asked for") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    for (const HostKind host : {HostKind::terminal, HostKind::unknown}) {
        const Said said = test::run(
            [&](int argc, char** argv) {
                return Service("tested")
                    .background()
                    .host(host)
                    .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
                    .run(argc, argv, [](Context& context) {
                        context.ready();
                        context.wait_for_stop();
                    });
            },
            {});
        CHECK(said.code == 0);
        CHECK(said.output.find("tested: running, pid ") == 0);
        CHECK_NOTHROW(daemonize::Instance::at(directory / "pid").stop());
        orphanage.wait_until_empty();
    }
    test::Run supervised(
        [&](int argc, char** argv) {
            return Service("tested").background().host(HostKind::supervisor).run(argc, argv, ready_and_wait);
        },
        {});
    CHECK(supervised.error_line() == "ready");
    CHECK(supervised.end(SIGTERM) == 0);
}

TEST_CASE("a paused service sleeps on until it is continued") {
    test::Run run(program([](Context& context) {
                      bool was_paused = false;
                      context.on_pause([&] {
                          was_paused = true;
                          ::poll(nullptr, 0, 2); // the sleep's own time is over
                          std::fputs("paused\n", stderr);
                      });
                      context.on_reload([] { std::fputs("reload\n", stderr); });
                      context.on_continue([] { std::fputs("continued\n", stderr); });
                      context.ready();
                      std::fputs("ready\n", stderr);
                      while (!was_paused) context.sleep_for(Duration::milliseconds(1));
                      std::fputs(context.paused() ? "slept too short\n" : "awake\n", stderr);
                      context.wait_for_stop();
                      return 0;
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    ::kill(run.pid(), SIGCONT); // nothing is paused
    ::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "reload");
    ::kill(run.pid(), SIGTSTP);
    CHECK(run.error_line() == "paused");
    ::kill(run.pid(), SIGTSTP);   // it is already
    for (int i = 0; i < 2; ++i) { // the second is of a turn in which that has been seen
        ::kill(run.pid(), SIGHUP);
        CHECK(run.error_line() == "reload");
    }
    ::kill(run.pid(), SIGCONT);
    CHECK(run.error_line() == "continued");
    CHECK(run.error_line() == "awake");
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("of a pause and its end that come while the body works the latter counts") {
    test::Pipe hold;
    test::Run run(program([&](Context& context) {
                      context.on_pause([] { std::fputs("paused\n", stderr); });
                      context.on_continue([] { std::fputs("continued\n", stderr); });
                      context.ready();
                      std::fputs("ready\n", stderr);
                      struct pollfd news = {context.native_handle(), POLLIN, 0};
                      while (::poll(&news, 1, -1) != 1) {
                      }
                      std::fputs("came\n", stderr);
                      hold.close_write();
                      hold.wait_until_closed(); // works
                      context.poll();
                      std::fputs(context.paused() ? "is paused\n" : "goes on\n", stderr);
                      context.wait_for_stop();
                      return 0;
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    ::kill(run.pid(), SIGTSTP);
    REQUIRE(run.error_line() == "came");
    ::kill(run.pid(), SIGCONT);
    hold.close_write();
    CHECK(run.error_line() == "goes on");
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("logs are reopened on SIGUSR1 before the body hears of it") {
    const test::Directory directory;
    const std::string log = directory / "log";
    test::Run run(
        [&](int argc, char** argv) {
            return Service("tested")
                .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.stdout_to(log); })
                .run(argc, argv, [&](Context& context) {
                    context.on_reopen_logs([&] {
                        std::puts("new");
                        std::fflush(stdout);
                        std::fputs("reopened\n", stderr);
                    });
                    return ready_and_wait(context);
                });
        },
        {});
    REQUIRE(run.error_line() == "ready");
    REQUIRE(::rename(log.c_str(), (directory / "old").c_str()) == 0);
    ::kill(run.pid(), SIGUSR1);
    CHECK(run.error_line() == "reopened");
    CHECK(test::contents(log) == "new\n");
    CHECK(test::contents(directory / "old").empty());
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("directories are those that the service manager made, or those of the service's name") {
    const auto body = program([](Context& context) {
        std::printf("%s %s %s\n", context.runtime_directory().c_str(), context.state_directory().c_str(),
                    context.log_directory().c_str());
        context.ready();
        return 0;
    });
    CHECK(test::run(body, {}, [] {
              ::setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
              ::setenv("STATE_DIRECTORY", "/var/lib/private/c", 1);
              ::setenv("LOGS_DIRECTORY", "/var/log/d", 1);
          }).output == "/run/a /var/lib/private/c /var/log/d\n");
    CHECK(test::run(body, {},
                    [] {
                        ::setenv("RUNTIME_DIRECTORY", "relative", 1); // no manager's
                        ::setenv("XDG_RUNTIME_DIR", "/r", 1);
                        ::setenv("XDG_STATE_HOME", "/s", 1);
                    })
              .output ==
          (::geteuid() == 0 ? "/run/tested /var/lib/tested /var/log/tested\n" : "/r/tested /s/tested /s/log/tested\n"));
}

TEST_CASE("the journal is given the priority of each line") {
    const auto body = program([](Context& context) {
        context.ready();
        context.log(daemonize::Severity::information, "up");
        context.log(daemonize::Severity::warning, "two\nlines");
        return context.fail("broken");
    });
    const Said journal = test::run(body, {}, [] {
        struct stat facts;
        ::fstat(STDERR_FILENO, &facts);
        ::setenv("JOURNAL_STREAM", (std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino)).c_str(), 1);
    });
    CHECK(journal.error == "<6>up\n<4>two lines\n<3>broken\n");
    const Said other = test::run(body, {}, [] { ::setenv("JOURNAL_STREAM", "1:2", 1); });
    CHECK(other.error == "tested: up\ntested: two lines\ntested: broken\n");
}

TEST_CASE("a second run of the same service in the foreground is refused") {
    const test::Directory directory;
    const auto body = [&](int argc, char** argv) {
        return Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
            .run(argc, argv, ready_and_wait);
    };
    test::Run first(body, {"run"});
    REQUIRE(first.error_line() == "ready");
    const Said second = test::run(body, {"run"});
    CHECK(second.code == 75);
    CHECK(second.error == "tested: cannot lock the pid file " + (directory / "pid") + ": it runs already as process " +
                              std::to_string(first.pid()) + "\n");
    CHECK(first.end(SIGTERM) == 0);
    CHECK(!test::exists(directory / "pid"));
}

TEST_CASE("a callback that replaces itself runs to its end") {
    struct Alive {
        explicit Alive(bool& its_flag) : flag(its_flag) { flag = true; }
        Alive(const Alive&) = delete;
        Alive& operator=(const Alive&) = delete;
        ~Alive() { flag = false; }
        bool& flag;
    };
    bool is_alive[4] = {};
    test::Run run(program([&](Context& context) {
                      const auto alive = [&](int i) { return std::make_shared<Alive>(is_alive[i]); };
                      const auto tell = [&](int i) { std::fputs(is_alive[i] ? "alive\n" : "gone\n", stderr); };
                      context.on_reload([&, held = alive(0)] {
                          context.on_reload([&] { tell(0); });
                          tell(0);
                      });
                      context.on_reopen_logs([&, held = alive(1)] {
                          context.on_reopen_logs([] {});
                          tell(1);
                      });
                      context.on_pause([&, held = alive(2)] {
                          context.on_pause([] {});
                          tell(2);
                      });
                      context.on_continue([&, held = alive(3)] {
                          context.on_continue([] {});
                          tell(3);
                      });
                      return ready_and_wait(context);
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    for (const int signal : {SIGHUP, SIGUSR1, SIGTSTP, SIGCONT}) {
        ::kill(run.pid(), signal);
        CHECK(run.error_line() == "alive");
    }
    ::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "gone");
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("as process 1 it hands on what names it, and its body leads a group of its own") {
    test::Run run(program(HostKind::container_init,
                          [](Context& context) {
                              const bool is_mine = std::atoi(std::getenv("WATCHDOG_PID")) == ::getpid();
                              const bool leads = ::getpgrp() == ::getpid();
                              context.ready();
                              std::fprintf(stderr, "%d %d\n", is_mine, leads);
                              return 0;
                          }),
                  {}, [] { ::setenv("WATCHDOG_PID", "1", 1); });
    CHECK(run.error_line() == "1 1");
    CHECK(run.end() == 0);
}

TEST_CASE("as process 1 it hears of its child's end where SIGCHLD was ignored") {
    const auto ignore = [] { ::signal(SIGCHLD, SIG_IGN); };
    CHECK(
        test::run(program(HostKind::container_init, [](Context& context) { return context.fail("no", 9); }), {}, ignore)
            .code == 9);
}

TEST_CASE("as process 1 it reaps orphans, passes signals on, and ends as the body does") {
    // It need not be process 1 of anything to behave as one.
    const auto body = [](int code) {
        return program(HostKind::container_init, [code](Context& context) {
            context.on_reload([] { std::fputs("reload\n", stderr); });
            ready_and_wait(context);
            return code;
        });
    };
    test::Run run(body(0), {});
    REQUIRE(run.error_line() == "ready");
    ::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "reload");
    CHECK(run.end(SIGTERM) == 0);
    CHECK(
        test::run(program(HostKind::container_init, [](Context& context) { return context.fail("no", 9); }), {}).code ==
        9);
    CHECK(test::run(program(HostKind::container_init, [](Context&) -> int { std::abort(); }), {}).code ==
          128 + SIGABRT);
}
