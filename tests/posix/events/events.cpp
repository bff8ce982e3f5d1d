#include "support/catch.hpp"
#include "support/process.hpp"

#include <daemonize.hpp>

#include <atomic>
#include <poll.h>
#include <stdexcept>
#include <thread>

using daemonize::Duration;
using daemonize::Events;

namespace {

bool is_readable(int number) {
    struct pollfd watched = {number, POLLIN, 0};
    return ::poll(&watched, 1, 0) == 1;
}

void send(int number) { ::kill(::getpid(), number); }

// Long enough that only an event ends it.
const Duration long_time = Duration::seconds(3600);

} // namespace

TEST_CASE("each signal that asks for a stop ends a sleep, and is told as what asked") {
    const int number = GENERATE(SIGTERM, SIGINT, SIGQUIT);
    CHECK(test::in_process([&] {
              Events events;
              std::string reported = events.stop_requested() ? "already " : "";
              events.on_stop([&] { reported += "stop "; });
              send(number);
              reported += events.sleep_for(long_time) ? "slept " : "awake ";
              events.wait_for_stop();
              reported += events.sleep_for(long_time) || events.poll() ? "on " : "";
              return reported + (events.stop_requested() ? std::to_string(events.stop_signal()) : "not");
          }) == "stop awake " + std::to_string(number));
}

TEST_CASE("a signal from another process ends a sleep that has begun") {
    const test::Orphanage orphans;
    test::Pipe report;
    test::Launcher program([&] {
        Events events;
        report.send_text("up\n");
        events.wait_for_stop();
        return events.stop_signal();
    });
    CHECK(report.line() == "up");
    while (test::contents("/proc/" + std::to_string(program.pid()) + "/stat").find(" S ") == std::string::npos) {
        std::this_thread::yield();
    }
    test::kill(program.pid(), SIGTERM);
    CHECK(program.ended().with(SIGTERM));
}

TEST_CASE("stop() asks for a stop as a signal does, but for the signal") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on_stop([&] { reported += "stop "; });
              events.stop();
              events.wait_for_stop();
              send(SIGTERM);
              return reported + std::to_string(events.stop_signal()) + (events.poll() ? " on" : " off");
          }) == "stop 0 off");
}

TEST_CASE("stop() from another thread, and a signal to one, wake the sleeper, whose thread alone runs callbacks") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              const std::thread::id own = std::this_thread::get_id();
              events.on_reload([&] {
                  reported += std::this_thread::get_id() == own ? "reload " : "elsewhere ";
                  std::thread([&] { events.stop(); }).detach();
              });
              events.on_stop([&] { reported += std::this_thread::get_id() == own ? "stop" : "elsewhere"; });
              std::thread other([] { ::pthread_kill(::pthread_self(), SIGHUP); });
              events.wait_for_stop();
              other.join();
              return reported;
          }) == "reload stop");
}

TEST_CASE("SIGHUP is reload, SIGUSR1 reopens logs, and any other is what it was registered for") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on_reload([&] { reported += "reload "; }).on_reopen_logs([&] { reported += "logs "; });
              events.on(SIGUSR2, [&] { reported += "usr2 "; }).on(SIGRTMIN + 1, [&] { reported += "rt "; });
              for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN + 1}) {
                  send(number);
                  if (!events.poll()) reported += "stopped ";
                  if (!events.poll()) reported += "stopped ";
              }
              return reported;
          }) == "reload logs usr2 rt ");
}

TEST_CASE("SIGHUP and SIGUSR1 without a callback are dropped") {
    CHECK(test::in_process([] {
              Events events;
              send(SIGHUP);
              send(SIGUSR1);
              const bool pending = is_readable(events.native_handle());
              const bool goes_on = events.poll();
              return pending && goes_on && !is_readable(events.native_handle()) ? "dropped" : "?";
          }) == "dropped");
}

TEST_CASE("signals are not counted: many before a callback runs are one") {
    CHECK(test::in_process([] {
              Events events;
              int reloads = 0;
              events.on_reload([&] { ++reloads; });
              for (int i = 0; i < 100000; ++i) send(SIGHUP); // more than a pipe holds
              events.poll();
              const int at_once = reloads;
              const bool quiet = !is_readable(events.native_handle());
              send(SIGHUP);
              events.poll();
              return std::to_string(at_once) + (quiet ? " quiet " : " ") + std::to_string(reloads);
          }) == "1 quiet 2");
}

TEST_CASE("the descriptor is readable while something is pending, and quiet after poll") {
    CHECK(test::in_process([] {
              Events events;
              const int handle = events.native_handle();
              std::string reported;
              const auto look = [&] { reported += is_readable(handle) ? "1" : "0"; };
              bool again = true;
              events.on_reload([&] { // pending again while its callback runs
                  if (std::exchange(again, false)) send(SIGHUP);
              });
              events.on(SIGUSR2, [&] { events.stop(); }); // told in the same turn
              look();
              send(SIGHUP);
              look();
              events.poll();
              look();
              events.poll();
              look();
              send(SIGUSR2);
              look();
              events.poll();
              look();
              return reported;
          }) == "011010");
}

TEST_CASE("a sleep lasts its whole time by the monotonic clock, whatever is dispatched meanwhile") {
    CHECK(test::in_process([] {
              Events events;
              int reloads = 0;
              events.on_reload([&] { ++reloads; });
              std::atomic<bool> is_over(false);
              std::thread other([&] {
                  while (!is_over) {
                      send(SIGHUP);
                      std::this_thread::sleep_for(std::chrono::milliseconds(5));
                  }
              });
              bool whole = true;
              while (whole && reloads < 3) { // a busy machine may run the other thread after the first sleep
                  const auto before = daemonize::detail::monotonic_now();
                  whole = events.sleep_for(std::chrono::milliseconds(60)) &&
                          daemonize::detail::monotonic_now() - before >= Duration::milliseconds(60);
              }
              is_over = true;
              other.join();
              return whole && events.sleep_for(Duration()) ? "whole" : "cut short";
          }) == "whole");
}

TEST_CASE("what a callback throws leaves the sleep, and what else was pending comes with the next") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on_reload([] { throw std::runtime_error("thrown "); });
              events.on_reopen_logs([&] { reported += "logs "; });
              events.on_stop([&] { reported += "stop "; });
              send(SIGUSR1);
              send(SIGHUP); // the first by number
              send(SIGTERM);
              try {
                  events.sleep_for(long_time);
                  reported += "nothing ";
              } catch (const std::runtime_error& error) {
                  reported += error.what();
              }
              reported += is_readable(events.native_handle()) ? "pending " : "quiet ";
              reported += events.sleep_for(long_time) ? "slept" : "awake";
              return reported;
          }) == "thrown pending logs stop awake");
}

TEST_CASE("a stop that is pending beside a callback that throws ends the next wait") {
    CHECK(test::in_process([] {
              Events events;
              events.on_reload([] { throw std::runtime_error("thrown "); });
              send(SIGHUP);
              send(SIGTERM);
              std::string reported;
              try {
                  events.wait_for_stop();
              } catch (const std::runtime_error& error) {
                  reported += error.what();
              }
              return reported + (is_readable(events.native_handle()) ? "pending" : "quiet");
          }) == "thrown pending");
}

TEST_CASE("a callback may sleep, what else is pending runs inside it, and none runs twice") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on_reload([&] {
                  reported += "[";
                  const bool slept = events.sleep_for(Duration::milliseconds(1));
                  reported += slept ? "slept]" : "awake]";
              });
              events.on_reopen_logs([&] { reported += "logs "; });
              events.on_stop([&] { reported += events.sleep_for(long_time) ? "slept " : "stop "; });
              send(SIGHUP);
              send(SIGUSR1);
              reported += events.poll() ? "on " : "off ";
              send(SIGHUP);
              send(SIGTERM);
              reported += events.poll() ? "on" : "off";
              return reported;
          }) == "[logs slept]on [stop awake]off");
}

TEST_CASE("a callback may replace itself, and goes on until it returns") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              const std::string kept(100, '1'); // on the heap, within the callback
              events.on_reload([&, kept] {
                  events.on_reload([&] { reported += "2"; });
                  reported += kept;
              });
              send(SIGHUP);
              events.poll();
              send(SIGHUP);
              events.poll();
              return reported;
          }) == std::string(100, '1') + "2");
}

TEST_CASE("a callback may ask for a stop, which is told before the call returns") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on_stop([&] { reported += "stop"; });
              events.on_reload([&] {
                  events.stop();
                  reported += "asked ";
              });
              send(SIGHUP);
              events.wait_for_stop();
              return reported;
          }) == "asked stop");
}

TEST_CASE("a program that waits makes no system call") {
    const test::Orphanage orphans;
    test::Pipe report;
    test::Launcher program([&] {
        Events events;
        report.send_text("up\n");
        events.wait_for_stop();
        return 0;
    });
    CHECK(report.line() == "up");
    const auto state = [&] { return test::contents("/proc/" + std::to_string(program.pid()) + "/stat"); };
    while (state().find(" S ") == std::string::npos) std::this_thread::yield();
    const auto switches = [&] {
        return test::process_status("voluntary_ctxt_switches", program.pid()) + " " +
               test::process_status("nonvoluntary_ctxt_switches", program.pid());
    };
    // Other processes come and go meanwhile; whoever waits by looking has looked. At first the program may still be on
    // its way to sleep.
    const auto others_come_and_go = [](int count) {
        for (int i = 0; i < count; ++i) CHECK(test::in_process([] { return "gone"; }) == "gone");
    };
    others_come_and_go(50);
    const std::string before = switches();
    others_come_and_go(200);
    CHECK(switches() == before);
    test::kill(program.pid(), SIGTERM);
    CHECK(program.ended().with(0));
}
