// The signals that Events takes, and the actions that Events restores.
#include "support/abilities.hpp"

#include <daemonize.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <thread>

using daemonize::Events;
using daemonize::Failure;
using daemonize::Stage;

namespace {

std::string all_signals() { return test::process_status("SigCgt") + " " + test::process_status("SigIgn"); }

volatile std::sig_atomic_t handled = 0;
void count(int) { handled = handled + 1; }

// A program on a terminal of its own: what the test writes to `keyboard` is typed there.
struct OnTerminal {
    template <class Body>
    explicit OnTerminal(Body body) {
        keyboard = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (keyboard < 0 || ::grantpt(keyboard) != 0 || ::unlockpt(keyboard) != 0) throw std::runtime_error("no pty");
        const std::string name = ::ptsname(keyboard);
        pid = test::fork_clean();
        if (pid != 0) return;
        test::default_signals();
        ::setsid();
        const int terminal = ::open(name.c_str(), O_RDWR);
        if (terminal < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) std::_Exit(99);
        std::_Exit(body());
    }
    OnTerminal(const OnTerminal&) = delete;
    OnTerminal& operator=(const OnTerminal&) = delete;
    ~OnTerminal() { ::close(keyboard); }

    void type(char key) const {
        if (::write(keyboard, &key, 1) != 1) throw std::runtime_error("cannot type");
    }
    int status() const {
        int status = 0;
        while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
        }
        return status;
    }

    int keyboard = -1;
    pid_t pid = -1;
};

constexpr char interrupt_key = 3;
constexpr char quit_key = 28;

// A body that never polls: it says when it has seen the first stop, and ends by itself when the test lets go.
int never_polling(test::Pipe& report, test::Pipe& hold, Events& events) {
    const struct rlimit no_core = {0, 0};
    if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return 98;
    report.send_text("up\n");
    while (!events.stop_requested()) ::usleep(100);
    report.send_text("first\n");
    hold.close_write();
    hold.wait_until_closed();
    return 7;
}

} // namespace

TEST_CASE("every handler is given back as it was") {
    NEEDS(signals_in_proc());
    CHECK(test::in_process([] {
              ::signal(SIGHUP, SIG_IGN);
              ::signal(SIGUSR1, count);
              ::signal(SIGUSR2, count);
              const std::string before = all_signals();
              const std::set<int> open = test::open_descriptors();
              {
                  Events events;
                  events.on(SIGUSR2, [] {}).on(SIGWINCH, [] {});
                  ::raise(SIGUSR1);
                  if (handled != 0) return std::string("the earlier handler ran");
                  if (all_signals() == before) return std::string("nothing was taken");
              }
              if (test::open_descriptors() != open) return std::string("a descriptor stays");
              ::raise(SIGUSR1);
              ::raise(SIGUSR2);
              return all_signals() == before && handled == 2 ? std::string("as before") : all_signals();
          }) == "as before");
}

TEST_CASE("a handler that was put in the place of ours stays") {
    CHECK(test::in_process([] {
              {
                  Events events;
                  ::signal(SIGHUP, count);
              }
              ::raise(SIGHUP);
              return std::to_string(handled);
          }) == "1");
}

TEST_CASE("nothing is blocked, and SIGPIPE and SIGCHLD are left alone") {
    CHECK(test::in_process([] {
              const std::string blocked = test::process_status("SigBlk");
              Events events;
              struct sigaction pipe, child;
              ::sigaction(SIGPIPE, nullptr, &pipe);
              ::sigaction(SIGCHLD, nullptr, &child);
              const bool alone = pipe.sa_handler == SIG_DFL && child.sa_handler == SIG_DFL;
              return alone && test::process_status("SigBlk") == blocked ? "alone" : "touched";
          }) == "alone");
}

TEST_CASE("of signals that were ignored, those of the keyboard stay so, and the others come") {
    CHECK(test::in_process([] {
              for (const int number : {SIGINT, SIGQUIT, SIGHUP, SIGTERM}) ::signal(number, SIG_IGN);
              Events events;
              std::string reported;
              events.on_reload([&] { reported += "reload "; });
              ::raise(SIGINT);
              ::raise(SIGQUIT);
              ::raise(SIGHUP);
              reported += events.poll() ? "on " : "off ";
              ::raise(SIGTERM);
              return reported + (events.poll() ? "on" : "off");
          }) == "reload on off");
}

TEST_CASE("a second key from a terminal ends a program that never polls") {
    NEEDS(terminals());
    const char key = GENERATE(interrupt_key, quit_key);
    const test::Orphanage orphans;
    test::Pipe report, hold;
    const OnTerminal program([&] {
        Events events;
        return never_polling(report, hold, events);
    });
    CHECK(report.line() == "up");
    program.type(interrupt_key);
    CHECK(report.line() == "first");
    program.type(key);
    const int status = program.status();
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == (key == quit_key ? SIGQUIT : SIGINT));
}

TEST_CASE("neither a second SIGTERM nor a wrapper that hands a key on ends a program at once") {
    NEEDS(terminals());
    const bool by_key = GENERATE(false, true);
    const test::Orphanage orphans;
    test::Pipe report, hold;
    const OnTerminal program([&] {
        Events events;
        return never_polling(report, hold, events);
    });
    CHECK(report.line() == "up");
    if (by_key) {
        program.type(interrupt_key);
    } else {
        test::kill(program.pid, SIGTERM);
    }
    CHECK(report.line() == "first");
    test::kill(program.pid, by_key ? SIGINT : SIGTERM);
    test::kill(program.pid, SIGTERM);
    hold.close_write();
    const int status = program.status();
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("a second Events in a process is refused, and disturbs nothing") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              {
                  Failure failure;
                  Events second(failure);
                  reported = failure.stage() == Stage::events ? failure.message() : "taken";
                  if (second.native_handle() != -1) reported += " by a descriptor";
                  if (second.on(
                          SIGUSR2, [] {}, failure))
                      reported += " and taken";
              }
              ::raise(SIGTERM);
              return reported + (events.poll() ? " on" : " off");
          }) == "cannot take signals as events: another Events of this process takes them already off");
}

TEST_CASE("an Events that failed can be asked, is safe to use, and says why it takes nothing") {
    CHECK(test::in_process([] {
              Events working;
              Failure failure;
              Events failed(failure);
              std::string reported = working && !failed ? "asked" : "not asked";
              failed.on_stop([&] { reported += " stop"; }).on_reload([&] { reported += " reload"; });
              const bool takes = failed.on(
                  SIGUSR2, [] {}, failure);
              const std::string reason = failure.reason();
              const bool watches = failed.on_child(
                  ::getppid(), [](int) {}, failure);
              if (takes || watches || failure.reason() != reason) reported += " taken";
              if (failed.native_handle() != -1) reported += " handle";
              if (!failed.poll() || !failed.sleep_for(daemonize::Duration::milliseconds(1))) reported += " stopped";
              std::thread other([&] { failed.stop(); });
              failed.wait_for_stop();
              other.join();
              reported += working.stop_requested() ? " both" : " alone";
              return reported + ": " + reason;
          }) == "asked stop alone: this Events takes no signals: it could not be opened, or fork copied it");
}

TEST_CASE("an Events in a forked process says that no events come") {
    CHECK(test::in_process([] {
              Events events;
              return test::in_child([&] {
                  Failure failure;
                  const bool takes = events.on(
                      SIGUSR2, [] {}, failure);
                  return std::string(events || takes ? "takes" : "says no");
              });
          }) == "says no");
}

TEST_CASE("after the end of one Events there may be another") {
    CHECK(test::in_process([] {
              for (int i = 0; i < 3; ++i) {
                  Events events;
                  ::raise(SIGTERM);
                  if (events.poll()) return "on";
              }
              return "off";
          }) == "off");
}

TEST_CASE("what cannot be an event is refused in one clear line") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              for (const int number : {SIGKILL, SIGTERM, SIGCHLD, SIGSEGV, 0, -1, 1000}) {
                  Failure failure;
                  if (events.on(
                          number, [] {}, failure))
                      reported += "taken";
                  reported += failure.message() + "\n";
              }
              try {
                  events.on(SIGSTOP, [] {});
              } catch (const daemonize::Error& error) {
                  reported += error.what();
              }
              return reported;
          }) == "cannot take signals as events (signal 9): Invalid argument\n"
                "cannot take signals as events (signal 15): on_stop() handles it\n"
                "cannot take signals as events (signal 17): on_child() handles it\n"
                "cannot take signals as events (signal 11): a fault cannot wait for a callback\n"
                "cannot take signals as events (signal 0): Invalid argument\n"
                "cannot take signals as events (signal -1): Invalid argument\n"
                "cannot take signals as events (signal 1000): Invalid argument\n"
                "cannot take signals as events (signal 19): Invalid argument");
}

TEST_CASE("without a descriptor left, the failure is told in one clear line, and everything is as before") {
    CHECK(test::in_process([] {
              const std::string before = all_signals();
              struct rlimit few = {};
              ::getrlimit(RLIMIT_NOFILE, &few);
              few.rlim_cur = 3;
              ::setrlimit(RLIMIT_NOFILE, &few);
              Failure failure;
              const Events events(failure);
              std::string reported = failure.message();
              try {
                  const Events throwing;
              } catch (const daemonize::Error& error) {
                  if (error.failure().stage() == Stage::events) reported += " (thrown)";
              }
              few.rlim_cur = few.rlim_max;
              ::setrlimit(RLIMIT_NOFILE, &few);
              return reported + (all_signals() == before ? "" : " and it was taken");
          }) == "cannot take signals as events: Too many open files (thrown)");
}

TEST_CASE("a system call that waits goes on behind a signal that was taken") {
    NEEDS(signals_in_proc());
    CHECK(test::in_process([] {
              Events events;
              test::Pipe from_helper;
              const pid_t reader = ::getpid();
              const pid_t helper = test::fork_clean();
              if (helper == 0) {
                  while (test::process_status("State", reader)[0] != 'S') {
                  }
                  test::kill(reader, SIGHUP);
                  while (test::process_status("ShdPnd", reader).find_first_not_of('0') != std::string::npos) {
                  }
                  from_helper.send_text("x"); // not before the signal has found the reader waiting
                  ::_exit(0);
              }
              char byte = '-';
              const ssize_t size = ::read(from_helper.read_end(), &byte, 1);
              ::waitpid(helper, nullptr, 0);
              return std::to_string(size) + byte;
          }) == "1x");
}

TEST_CASE("of a stop from the terminal and its end only the latter is told") {
    CHECK(test::in_process([] {
              Events events;
              std::string reported;
              events.on(SIGTSTP, [&] { reported += "stop "; });
              events.on(SIGCONT, [&] { reported += "go on "; });
              ::raise(SIGTSTP);
              events.poll();
              ::raise(SIGCONT);
              events.poll();
              ::raise(SIGCONT);
              ::raise(SIGTSTP);
              events.poll();
              return reported;
          }) == "stop go on stop ");
}
