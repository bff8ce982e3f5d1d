// Events with system calls that are interrupted or refused, and on a kernel without pidfds.
#include "support/seam.hpp"

#include "support/abilities.hpp"

#include <set>
#include <string>

using daemonize::Duration;
using daemonize::Events;
using daemonize::Failure;

namespace {

// SIGCHLD has to tell, as on systems other than Linux.
bool is_pidfd_open(const seam::Call& call) { return call.is("syscall") && call.arguments[0] == 434; }
seam::Hook without_pidfd() {
    return [](const seam::Call& call, seam::Answer& answer) {
        return is_pidfd_open(call) && seam::fail(call, ENOSYS, answer);
    };
}

pid_t start(int code) {
    const pid_t child = test::fork_clean();
    if (child == 0) ::_exit(code);
    return child;
}

std::string all_signals() { return test::process_status("SigCgt") + " " + test::process_status("SigIgn"); }

volatile std::sig_atomic_t handled = 0;

} // namespace

TEST_CASE("events come where every call is interrupted once") {
    NEEDS(pidfds()); // without them the handler of SIGCHLD would call the hook, which allocates
    CHECK(test::in_process([] {
              static const std::set<std::string> names = {"poll", "read", "write", "waitpid", "waitid", "epoll_wait"};
              const seam::Injection injection(
                  [turn = std::map<std::string, bool>()](const seam::Call& call, seam::Answer& answer) mutable {
                      if (names.count(call.name) == 0) return false;
                      turn[call.name] = !turn[call.name];
                      return turn[call.name] && seam::fail(call, EINTR, answer);
                  });
              Events events;
              std::string reported;
              events.on_reload([&] { reported += "reload "; });
              events.on_child(start(3), [&](int status) {
                  reported += std::to_string(WEXITSTATUS(status)) + " ";
                  events.stop();
              });
              ::raise(SIGHUP);
              reported += events.sleep_for(Duration()) || events.stop_requested() ? "" : "?";
              events.wait_for_stop();
              reported += events.poll() ? "on" : "off";
              return reported;
          }) == "reload 3 off");
}

TEST_CASE("a signal that finds the pipe full comes all the same") {
    CHECK(test::in_process([] {
              int refused = 0;
              Events events;
              const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
                  if (!call.is("write")) return false;
                  while (::write(static_cast<int>(call.arguments[0]), "x", 1) == 1) {
                  }
                  refused += errno == EAGAIN ? 1 : 0;
                  return false;
              });
              int reloads = 0;
              events.on_reload([&] { ++reloads; });
              errno = 0;
              ::raise(SIGHUP);
              const bool saved = errno == 0;
              events.poll();
              struct pollfd watched = {events.native_handle(), POLLIN, 0};
              const bool quiet = ::poll(&watched, 1, 0) == 0;
              return std::to_string(refused) + std::to_string(reloads) + (saved ? " saved" : "") +
                     (quiet ? " quiet" : "");
          }) == "11 saved quiet");
}

TEST_CASE("each call that Events cannot be made without is told in one clear line, and leaves everything as before") {
    struct Case {
        const char* call;
        int count;
        int error;
        const char* message;
    };
    const Case cases[] = {{"pthread_atfork", 1, ENOMEM, "Cannot allocate memory"},
                          {"pipe2", 1, EMFILE, "Too many open files"},
                          {"fcntl", 1, EINVAL, "Invalid argument"},
                          {"fcntl", 2, EINVAL, "Invalid argument"},
                          {"epoll_create1", 1, EMFILE, "Too many open files"},
                          {"epoll_ctl", 1, ENOSPC, "No space left on device"},
                          {"sigaction", 1, EINVAL, "Invalid argument"},
                          {"sigaction", 6, EINVAL, "Invalid argument"}};
    for (const Case& meant : cases) {
        INFO(meant.call << " number " << meant.count);
        const std::string said = test::in_process([&] {
            const std::string before = all_signals();
            const std::set<int> open = test::open_descriptors();
            std::string reported;
            {
                const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
                    return call.is(meant.call) && call.count == meant.count && seam::fail(call, meant.error, answer);
                });
                Failure failure;
                const Events events(failure);
                reported = failure.message() + (failure.stage() == daemonize::Stage::events ? "" : " at another stage");
                if (all_signals() != before) reported += " and taken";
                if (events || events.native_handle() != -1) reported += " and usable";
            }
            return reported + (test::open_descriptors() == open ? "" : " and left open");
        });
        CHECK(said == "cannot take signals as events: " + std::string(meant.message));
    }
}

TEST_CASE("without descriptors for processes SIGCHLD tells of a child, and is given back") {
    CHECK(test::in_process([] {
              const std::string before = all_signals();
              std::string reported;
              {
                  const seam::Injection injection(without_pidfd());
                  Events events;
                  const pid_t other = start(5), early = start(3);
                  siginfo_t info = {};
                  ::waitid(P_PID, static_cast<id_t>(early), &info, WEXITED | WNOWAIT);
                  events.on_child(early, [&](int status) { reported += std::to_string(WEXITSTATUS(status)) + " "; });
                  struct pollfd watched = {events.native_handle(), POLLIN, 0};
                  reported += ::poll(&watched, 1, 0) == 1 ? "" : "unseen ";
                  events.poll();
                  test::Pipe hold;
                  const pid_t late = test::fork_clean();
                  if (late == 0) {
                      hold.close_write();
                      hold.wait_until_closed();
                      ::_exit(4);
                  }
                  events.on_child(late, [&](int status) {
                      reported += std::to_string(WEXITSTATUS(status)) + " ";
                      events.stop();
                  });
                  events.poll();
                  struct sigaction taken = {};
                  ::sigaction(SIGCHLD, nullptr, &taken);
                  reported += (taken.sa_flags & SA_NOCLDSTOP) != 0 ? "" : "also of stops ";
                  hold.close_write();
                  events.wait_for_stop();
                  int status = 0;
                  reported += ::waitpid(other, &status, 0) == other ? "other " : "stolen ";
              }
              return reported + (all_signals() == before ? "as before" : "kept");
          }) == "3 4 other as before");
}

TEST_CASE("without descriptors for processes the application's handler for SIGCHLD still runs, and is given back") {
    const bool with_info = GENERATE(false, true);
    CHECK(test::in_process([&] {
              struct sigaction own = {}, after = {};
              own.sa_handler = [](int) { handled = handled + 1; };
              if (with_info) {
                  own.sa_flags = SA_SIGINFO;
                  own.sa_sigaction = [](int, siginfo_t* info, void*) {
                      handled = handled + (info->si_pid > 0 ? 1 : 9);
                  };
              }
              ::sigaction(SIGCHLD, &own, nullptr);
              std::string reported;
              {
                  const seam::Injection injection(without_pidfd());
                  Events events;
                  test::Pipe hold;
                  const pid_t child = test::fork_clean();
                  if (child == 0) {
                      hold.close_write();
                      hold.wait_until_closed();
                      ::_exit(4);
                  }
                  events.on_child(child, [&](int status) {
                      reported = std::to_string(WEXITSTATUS(status));
                      events.stop();
                  });
                  hold.close_write();
                  events.wait_for_stop();
              }
              ::sigaction(SIGCHLD, nullptr, &after);
              const bool back = after.sa_handler == own.sa_handler && (after.sa_flags & SA_SIGINFO) == own.sa_flags;
              return reported + " " + std::to_string(handled) + (back ? " back" : "");
          }) == "4 1 back");
}

TEST_CASE("without descriptors for processes a callback that throws does not lose another child") {
    CHECK(test::in_process([] {
              const seam::Injection injection(without_pidfd());
              Events events;
              std::string reported;
              const pid_t first = start(1), second = start(2);
              for (const pid_t child : {first, second}) {
                  siginfo_t info = {};
                  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
              }
              events.on_child(first, [](int) { throw std::runtime_error("thrown "); });
              events.on_child(second, [&](int status) {
                  reported += std::to_string(WEXITSTATUS(status));
                  events.stop();
              });
              try {
                  events.wait_for_stop();
              } catch (const std::runtime_error& error) {
                  reported += error.what();
              }
              struct pollfd watched = {events.native_handle(), POLLIN, 0};
              reported += ::poll(&watched, 1, 0) == 1 ? "pending " : "quiet ";
              events.wait_for_stop();
              return reported;
          }) == "thrown pending 2");
}

TEST_CASE("a child that epoll has no room for is told of by SIGCHLD") {
    CHECK(test::in_process([] {
              const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
                  return call.is("epoll_ctl") && call.count == 2 && seam::fail(call, ENOSPC, answer);
              });
              Events events;
              int reported = 0;
              events.on_child(start(6), [&](int status) {
                  reported = WEXITSTATUS(status);
                  events.stop();
              });
              events.wait_for_stop();
              return std::to_string(reported);
          }) == "6");
}

TEST_CASE("SIGCHLD that cannot be taken is the failure of on_child") {
    CHECK(test::in_process([] {
              Events events;
              Failure failure;
              const pid_t child = start(0);
              const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
                  if (is_pidfd_open(call)) return seam::fail(call, ENOSYS, answer);
                  const bool takes = call.is("sigaction") && call.arguments[0] == SIGCHLD && call.arguments[1] != 0;
                  return takes && seam::fail(call, EINVAL, answer);
              });
              const bool watched = events.on_child(
                  child, [](int) {}, failure);
              const std::string message = failure.message();
              return (watched ? "watched" : "") + message.substr(message.rfind(": "));
          }) == ": Invalid argument");
}

TEST_CASE("a kernel that refuses to wait for a descriptor cuts no sleep short, and a signal still ends it") {
    CHECK(test::in_process([] {
              int refused = 0;
              const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
                  if (!call.is("poll") || call.arguments[1] != 1) return false;
                  if (++refused == 3) ::raise(SIGTERM);
                  return seam::fail(call, EINVAL, answer);
              });
              Events events;
              const auto before = daemonize::detail::monotonic_now();
              const bool slept = events.sleep_for(Duration::milliseconds(12));
              const auto lasted = daemonize::detail::monotonic_now().nanoseconds() - before.nanoseconds();
              const bool whole = slept && lasted >= 12000000 && refused <= 2; // it does not look all the time
              refused = 2;
              events.wait_for_stop();
              return std::string(whole ? "whole " : "cut ") + std::to_string(events.stop_signal());
          }) == "whole 15");
}

TEST_CASE("without descriptors for processes a handler that was to run once does not hide the next child") {
    CHECK(test::in_process([] {
              struct sigaction once = {};
              once.sa_handler = [](int) {};
              once.sa_flags = static_cast<int>(SA_RESETHAND);
              ::sigaction(SIGCHLD, &once, nullptr);
              const seam::Injection injection(without_pidfd());
              Events events;
              std::string reported;
              for (const int code : {1, 2}) {
                  test::Pipe hold;
                  const pid_t child = test::fork_clean();
                  if (child == 0) {
                      hold.close_write();
                      hold.wait_until_closed();
                      ::_exit(code);
                  }
                  bool ended = false;
                  events.on_child(child, [&](int status) {
                      reported += std::to_string(WEXITSTATUS(status));
                      ended = true;
                  });
                  hold.close_write();
                  while (!ended) events.sleep_for(Duration::seconds(1));
              }
              return reported;
          }) == "12");
}

TEST_CASE("a text that is written in pieces is whole") {
    test::Pipe pipe;
    int pieces = 0;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("write") || ++pieces > 2) return false;
        answer = {::write(static_cast<int>(call.arguments[0]), reinterpret_cast<const char*>(call.arguments[1]), 2), 0};
        return true;
    });
    CHECK(daemonize::detail::write_text(pipe.write_end(), "a few words") == 0);
    CHECK(pipe.rest() == "a few words");
}
