// Events and children: each watched child gets one callback, and other children stay untouched.
#include "support/abilities.hpp"

#include <daemonize.hpp>

#include <algorithm>
#include <vector>

using daemonize::Duration;
using daemonize::Events;
using daemonize::Failure;

namespace {

pid_t start(int code) {
    const pid_t child = test::fork_clean();
    if (child == 0) std::_Exit(code);
    return child;
}

// A child that ends when the pipe is closed.
pid_t start_held(test::Pipe& hold, int code) {
    const pid_t child = test::fork_clean();
    if (child != 0) return child;
    hold.close_write();
    hold.wait_until_closed();
    std::_Exit(code);
}

void wait_for_zombie(pid_t child) {
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0) throw std::runtime_error("no zombie");
}

} // namespace

TEST_CASE("the end of a child is told once, with its wait status, and the child is reaped") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              std::string reported;
              const pid_t child = start_held(hold, 7);
              events.on_child(child, [&](int status) {
                  reported += std::to_string(WEXITSTATUS(status)) + " ";
                  events.stop();
              });
              reported += events.poll() ? "runs " : "stopped ";
              struct pollfd watched = {events.native_handle(), POLLIN, 0};
              reported += ::poll(&watched, 1, 0) == 0 ? "quietly " : "";
              hold.close_write();
              events.wait_for_stop();
              events.poll();
              reported += ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD ? "reaped" : "left";
              return reported;
          }) == "runs quietly 7 reaped");
}

TEST_CASE("a child that has ended already is told, and the descriptor is quiet afterwards") {
    CHECK(test::in_process([] {
              Events events;
              const pid_t child = start(3);
              wait_for_zombie(child);
              int reported = 0;
              events.on_child(child, [&](int status) { reported += WEXITSTATUS(status); });
              struct pollfd watched = {events.native_handle(), POLLIN, 0};
              const bool pending = ::poll(&watched, 1, 0) == 1;
              events.poll();
              const bool quiet = ::poll(&watched, 1, 0) == 0;
              return std::to_string(reported) + (pending ? " pending" : "") + (quiet ? " quiet" : "");
          }) == "3 pending quiet");
}

TEST_CASE("no other child is waited for") {
    CHECK(test::in_process([] {
              Events events;
              const pid_t other = start(5);
              wait_for_zombie(other);
              const pid_t child = start(3);
              events.on_child(child, [&](int) { events.stop(); });
              events.wait_for_stop();
              int status = 0;
              return ::waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 5 ? "there" : "gone";
          }) == "there");
}

TEST_CASE("the ends of 500 children are told, each to its own callback, while others are waited for by system()") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              std::vector<int> reported;
              int wrong = 0;
              for (int i = 0; i < 500; ++i) {
                  events.on_child(start(i % 256), [&, i](int status) {
                      reported.push_back(i);
                      if (WEXITSTATUS(status) != i % 256) ++wrong;
                      if (reported.size() == 500) events.stop();
                  });
                  if (i % 100 == 0 && std::system("exit 9") != 9 << 8) ++wrong;
              }
              events.wait_for_stop();
              std::sort(reported.begin(), reported.end());
              const bool each = std::unique(reported.begin(), reported.end()) == reported.end();
              return std::to_string(reported.size()) + (each ? " each once" : "") + (wrong == 0 ? "" : " wrong");
          }) == "500 each once");
}

TEST_CASE("one poll tells of all children that have ended") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              std::vector<pid_t> children;
              int reported = 0;
              for (int i = 0; i < 20; ++i) {
                  children.push_back(start_held(hold, 0));
                  events.on_child(children.back(), [&](int) { ++reported; });
              }
              events.poll();
              hold.close_write();
              for (const pid_t child : children) wait_for_zombie(child);
              events.poll();
              return std::to_string(reported);
          }) == "20");
}

TEST_CASE("a callback may watch the next child, and a throw in one does not lose another") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              const pid_t first = start(1), second = start(2);
              wait_for_zombie(first);
              wait_for_zombie(second);
              events.on_child(first, [&](int) {
                  events.on_child(start(3), [&](int) { events.stop(); });
                  throw std::runtime_error("thrown");
              });
              events.on_child(second, [&](int) { reported += "second "; });
              try {
                  events.sleep_for(Duration::longest());
              } catch (const std::runtime_error& error) {
                  reported += error.what() + std::string(" ");
              }
              events.wait_for_stop();
              return reported + "third";
          }) == "thrown second third");
}

TEST_CASE("a child that stops and goes on has not ended") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              const pid_t child = start_held(hold, 4);
              int reported = 0;
              events.on_child(child, [&](int status) {
                  reported += WEXITSTATUS(status);
                  events.stop();
              });
              test::kill(child, SIGSTOP);
              siginfo_t info = {};
              ::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED | WNOWAIT);
              events.poll();
              const int stopped = reported;
              test::kill(child, SIGCONT);
              hold.close_write();
              events.wait_for_stop();
              return std::to_string(stopped) + " " + std::to_string(reported);
          }) == "0 4");
}

TEST_CASE("a child whose status somebody else has taken is told with -1, which is no exit and no signal") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              int reported = 0;
              const pid_t child = start_held(hold, 4);
              events.on_child(child, [&](int status) {
                  reported = status;
                  events.stop();
              });
              events.poll();
              hold.close_write();
              ::waitpid(child, nullptr, 0);
              events.wait_for_stop();
              const bool neither = !WIFEXITED(reported) && !WIFSIGNALED(reported) && !WIFSTOPPED(reported);
              return std::to_string(reported) + (neither ? " neither" : "");
          }) == "-1 neither");
}

TEST_CASE("what is no child, and any child while SIGCHLD is ignored, is refused in one clear line") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              Failure failure;
              for (const pid_t pid : {1, 0, -1}) {
                  if (events.on_child(
                          pid, [](int) {}, failure))
                      reported += "watched";
                  reported += failure.message() + "\n";
              }
              const pid_t child = start(0);
              struct sigaction no_zombies = {};
              no_zombies.sa_handler = [](int) {};
              no_zombies.sa_flags = SA_NOCLDWAIT;
              ::sigaction(SIGCHLD, &no_zombies, nullptr);
              if (events.on_child(
                      child, [](int) {}, failure))
                  reported += "watched";
              ::signal(SIGCHLD, SIG_IGN);
              try {
                  events.on_child(child, [](int) {});
              } catch (const daemonize::Error& error) {
                  const std::string message = error.what();
                  reported += message.substr(message.rfind(": "));
              }
              return reported;
          }) == "cannot take signals as events (the end of process 1): it is no child of this process\n"
                "cannot take signals as events (the end of process 0): a process number is above 0\n"
                "cannot take signals as events (the end of process -1): a process number is above 0\n"
                ": SIGCHLD is ignored, so the kernel keeps no child's status");
}

TEST_CASE("of two callbacks for one child the latest is called, and once") {
    CHECK(test::in_process([] {
              Events events;
              test::Pipe hold;
              const pid_t child = start_held(hold, 4);
              std::string reported;
              events.on_child(child, [&](int) { reported += "first "; });
              events.on_child(child, [&](int status) {
                  reported += std::to_string(WEXITSTATUS(status));
                  events.stop();
              });
              hold.close_write();
              events.wait_for_stop();
              events.poll();
              return reported;
          }) == "4");
}

TEST_CASE("SIGCHLD and the application's handler for it are left alone") {
    NEEDS(pidfds());
    static volatile std::sig_atomic_t handled = 0;
    CHECK(test::in_process([] {
              ::signal(SIGCHLD, [](int) { handled = 1; });
              Events events;
              const std::string caught = test::process_status("SigCgt");
              struct sigaction before, now;
              ::sigaction(SIGCHLD, nullptr, &before);
              events.on_child(start(0), [&](int) { events.stop(); });
              ::sigaction(SIGCHLD, nullptr, &now);
              events.wait_for_stop();
              return now.sa_handler == before.sa_handler && handled == 1 ? "alone" : "touched";
          }) == "alone");
}
