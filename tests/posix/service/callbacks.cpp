// The callbacks of a service: pause, continue and the reopening of logs, and a callback that replaces itself.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

using daemonize::Context;
using daemonize::Duration;
using daemonize::Service;
using test::program;
using test::ready_and_wait;

TEST_CASE("a paused service sleeps on until it is continued") {
    NEEDS(pid_files());
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
    test::kill(run.pid(), SIGCONT); // nothing is paused
    test::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "reload");
    test::kill(run.pid(), SIGTSTP);
    CHECK(run.error_line() == "paused");
    test::kill(run.pid(), SIGTSTP); // it is already
    for (int i = 0; i < 2; ++i) {   // the second is of a turn in which that has been seen
        test::kill(run.pid(), SIGHUP);
        CHECK(run.error_line() == "reload");
    }
    test::kill(run.pid(), SIGCONT);
    CHECK(run.error_line() == "continued");
    CHECK(run.error_line() == "awake");
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("of a pause and its end that come while the body works the latter counts") {
    NEEDS(pid_files());
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
    test::kill(run.pid(), SIGTSTP);
    REQUIRE(run.error_line() == "came");
    test::kill(run.pid(), SIGCONT);
    hold.close_write();
    CHECK(run.error_line() == "goes on");
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("logs are reopened on SIGUSR1 before the body hears of it") {
    NEEDS(pid_files());
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
    test::kill(run.pid(), SIGUSR1);
    CHECK(run.error_line() == "reopened");
    CHECK(test::contents(log) == "new\n");
    CHECK(test::contents(directory / "old").empty());
    CHECK(run.end(SIGTERM) == 0);
}

TEST_CASE("a callback that replaces itself runs to its end") {
    NEEDS(pid_files());
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
                      const auto send_text = [&](int i) { std::fputs(is_alive[i] ? "alive\n" : "gone\n", stderr); };
                      context.on_reload([&, held = alive(0)] {
                          context.on_reload([&] { send_text(0); });
                          send_text(0);
                      });
                      context.on_reopen_logs([&, held = alive(1)] {
                          context.on_reopen_logs([] {});
                          send_text(1);
                      });
                      context.on_pause([&, held = alive(2)] {
                          context.on_pause([] {});
                          send_text(2);
                      });
                      context.on_continue([&, held = alive(3)] {
                          context.on_continue([] {});
                          send_text(3);
                      });
                      return ready_and_wait(context);
                  }),
                  {});
    REQUIRE(run.error_line() == "ready");
    for (const int signal : {SIGHUP, SIGUSR1, SIGTSTP, SIGCONT}) {
        test::kill(run.pid(), signal);
        CHECK(run.error_line() == "alive");
    }
    test::kill(run.pid(), SIGHUP);
    CHECK(run.error_line() == "gone");
    CHECK(run.end(SIGTERM) == 0);
}
