// The processes that a process with Events starts inherit no signal action, no mask and no descriptor.
#include "support/abilities.hpp"

#include <daemonize.hpp>

#include <atomic>
#include <spawn.h>
#include <sys/syscall.h>
#include <thread>

using daemonize::Duration;
using daemonize::Events;
using daemonize::Failure;

namespace {

// A shell that prints its signal mask, its signal actions and its descriptors. The changes by the shell itself are the
// same each time.
char* const command[] = {
    const_cast<char*>("sh"), const_cast<char*>("-c"),
    const_cast<char*>("grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '"), nullptr};

enum class Way { fork, vfork, spawn };

std::string said_by_program(Way way) {
    test::Pipe output;
    const int out = output.write_end();
    pid_t child = -1;
    if (way == Way::spawn) {
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        ::posix_spawn(&child, "/bin/sh", &actions, nullptr, command, environ);
        ::posix_spawn_file_actions_destroy(&actions);
    } else {
        child = way == Way::fork ? ::fork() : ::vfork();
        if (child == 0) {
            ::dup2(out, STDOUT_FILENO);
            ::execv("/bin/sh", command);
            ::_exit(127);
        }
    }
    const std::string said = output.rest();
    ::waitpid(child, nullptr, 0);
    return said;
}

int status_of(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    return status;
}

} // namespace

TEST_CASE("a program that is started inherits neither mask nor handlers nor descriptors") {
    NEEDS(signals_in_proc());
    const Way way = GENERATE(Way::fork, Way::vfork, Way::spawn);
    CHECK(test::in_process([&] {
              const std::string before = said_by_program(way);
              Events events;
              events.on(SIGUSR2, [] {});
              test::Pipe hold;
              const pid_t child = test::fork_clean();
              if (child == 0) {
                  hold.close_write();
                  hold.wait_until_closed();
                  std::_Exit(0);
              }
              events.on_child(child, [](int) {});
              events.poll();
              const std::string during = said_by_program(way);
              hold.close_write();
              if (before.find("SigCgt") == std::string::npos) return "nothing was said: " + before;
              return during == before ? std::string("the same") : before + "\nand then\n" + during;
          }) == "the same");
}

TEST_CASE("a signal that was ignored is ignored in a program that a fork starts") {
    CHECK(test::in_process([] {
              ::signal(SIGHUP, SIG_IGN);
              const std::string before = said_by_program(Way::fork);
              const Events events;
              return said_by_program(Way::fork) == before ? "the same" : "changed";
          }) == "the same");
}

TEST_CASE("a signal to a forked worker ends the worker, and does not stop its parent") {
    CHECK(test::in_process([] {
              Events events;
              const pid_t worker = ::fork();
              if (worker == 0) {
                  for (;;) ::pause();
              }
              test::kill(worker, SIGTERM);
              const int status = status_of(worker);
              if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM) return "the worker goes on";
              return events.sleep_for(Duration::milliseconds(20)) ? "the parent goes on" : "the parent stops";
          }) == "the parent goes on");
}

TEST_CASE(
    "a signal to a child that no fork handler has prepared does what it would have done, and nothing in its parent") {
    CHECK(test::in_process([] {
              ::signal(SIGUSR1, [](int) { ::_exit(44); });
              Events events;
              std::string reported;
              for (const int number : {SIGTERM, SIGUSR1}) {
                  const pid_t child = static_cast<pid_t>(::syscall(SYS_fork)); // past libc
                  if (child == 0) {
                      test::kill(static_cast<pid_t>(::syscall(SYS_getpid)), number);
                      for (;;) ::pause();
                  }
                  const int status = status_of(child);
                  reported += WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) + " "
                                                  : "status " + std::to_string(WEXITSTATUS(status)) + " ";
              }
              return reported + (events.poll() ? "on" : "off");
          }) == "signal 15 status 44 on");
}

TEST_CASE("a child's end is told once where a child that no fork handler has prepared keeps the descriptors") {
    CHECK(test::in_process([] {
              Events events;
              const pid_t child = ::fork();
              if (child == 0) {
                  for (;;) ::pause();
              }
              events.on_child(child, [&](int) { events.stop(); });
              const pid_t keeper = static_cast<pid_t>(::syscall(SYS_fork));
              if (keeper == 0) {
                  for (;;) ::pause();
              }
              test::kill(child, SIGTERM);
              events.wait_for_stop();
              struct pollfd watched = {events.native_handle(), POLLIN, 0};
              const bool quiet = ::poll(&watched, 1, 0) == 0;
              test::kill(keeper, SIGKILL);
              status_of(keeper);
              return quiet ? "quiet" : "readable";
          }) == "quiet");
}

TEST_CASE("a forked worker has none of the descriptors, and its copy tells nothing") {
    CHECK(test::in_process([] {
              const std::set<int> open = test::open_descriptors();
              Events events;
              test::Pipe hold;
              const pid_t sibling = test::fork_clean();
              if (sibling == 0) {
                  hold.close_write();
                  hold.wait_until_closed();
                  std::_Exit(0);
              }
              events.on_child(sibling, [](int) {});
              const pid_t worker = ::fork();
              if (worker == 0) {
                  hold.close_read();
                  hold.close_write();
                  if (test::open_descriptors() != open) ::_exit(1);
                  if (events.native_handle() != -1) ::_exit(2);
                  if (!events.sleep_for(Duration::milliseconds(1))) ::_exit(3);
                  Failure failure;
                  if (events.on(
                          SIGUSR2, [] {}, failure))
                      ::_exit(4);
                  ::_exit(0);
              }
              const int status = status_of(worker);
              return "worker " + std::to_string(WEXITSTATUS(status));
          }) == "worker 0");
}

TEST_CASE("a forked worker may have Events of its own, and its end does not touch those of its parent") {
    CHECK(test::in_process([] {
              Events* const events = new Events;
              const pid_t worker = ::fork();
              if (worker == 0) {
                  int code = 1;
                  {
                      Events own;
                      ::raise(SIGTERM);
                      own.wait_for_stop();
                      code = own.stop_signal();
                  }
                  delete events; // as main's return would
                  ::_exit(code);
              }
              std::string reported = "worker " + std::to_string(WEXITSTATUS(status_of(worker)));
              reported += events->poll() ? " on" : " off";
              ::raise(SIGINT);
              events->wait_for_stop();
              reported += " " + std::to_string(events->stop_signal());
              delete events;
              return reported;
          }) == "worker 15 on 2");
}

TEST_CASE("a worker forked by one thread while another watches children is whole") {
    CHECK(test::in_process([] {
              Events events;
              std::atomic<int> whole{0};
              std::atomic<bool> over{false};
              std::thread forker([&] {
                  while (!over || whole < 100) {
                      const pid_t worker = ::fork();
                      if (worker == 0) ::_exit(events.native_handle() == -1 ? 0 : 1);
                      if (status_of(worker) != 0) ::_exit(9);
                      ++whole;
                  }
              });
              int reported = 0;
              for (int i = 0; i < 300; ++i) {
                  const pid_t child = ::fork();
                  if (child == 0) ::_exit(0);
                  events.on_child(child, [&](int) {
                      if (++reported == 300) events.stop();
                  });
                  events.poll();
              }
              events.wait_for_stop();
              over = true;
              forker.join();
              return std::to_string(reported);
          }) == "300");
}
