// The first module: an executable, or a plugin. Each case checks the state of the first module from the second module.
#include "other.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace daemonize;

namespace {

int failures = 0;

void expect(bool condition, const char* text) {
    if (condition) return;
    std::fprintf(stderr, "not so: %s\n", text);
    ++failures;
}

#define EXPECT(condition) expect(condition, #condition)

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

bool has_default_action(int signal) {
    struct sigaction action;
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
}

template <class Body>
bool child_returns_true(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body() ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
}

// Whether the POSIX lock of byte 1 names this process. Only another process can ask.
bool is_named(const std::string& path) {
    const pid_t self = ::getpid();
    return child_returns_true([&] {
        struct flock lock = {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = lock.l_len = 1;
        return ::fcntl(::open(path.c_str(), O_RDONLY), F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK &&
               lock.l_pid == self;
    });
}

// The second module's Daemon() is this daemon's where the state is one. Otherwise the module says that it is not.
void ready(const Other& other, bool is_one) {
    constexpr int not_ready = 9;
    const Launch launch = Daemonizer("first").wait_until_ready(Duration::longest()).launch([&](Daemon&) {
        other.ready();
        const std::string message = other.reopen_logs();
        if (is_one ? !message.empty() : !contains(message, "another copy of the library")) return 1;
        return not_ready;
    });
    EXPECT(launch.ok() == is_one);
    EXPECT(launch.exit_status() == (is_one ? -1 : not_ready));
    EXPECT(contains(launch.error_output(), "another copy of the library") == !is_one);
    if (!is_one) EXPECT(contains(launch.error_output(), "ready()"));
}

// The text and the exit status reach the launcher from every module.
void failed(const Other& other, bool is_one) {
    const Launch launch = Daemonizer("first").wait_until_ready(Duration::longest()).launch([&](Daemon&) {
        other.fail_and_exit();
        return 0;
    });
    EXPECT(launch.exit_status() == 7);
    EXPECT(contains(launch.failure().message() + launch.error_output(), "no cache"));
    EXPECT(contains(launch.error_output(), "fail_and_exit(): another copy of the library") == !is_one);
}

void passed_on(const Other& other, bool) {
    EXPECT(Daemonizer("first")
               .wait_until_ready(Duration::longest())
               .launch([&](Daemon& daemon) { other.ready_by(daemon); })
               .ok());
}

// In a program that no launch made a daemon, the call is silent in every module.
void no_daemon(const Other& other, bool) {
    int ends[2];
    EXPECT(::pipe(ends) == 0);
    const int error = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    other.ready();
    ::dup2(error, STDERR_FILENO);
    ::close(ends[1]);
    char byte;
    EXPECT(::read(ends[0], &byte, 1) == 0);
    EXPECT(other.reopen_logs().empty());
}

void events(const Other& other, bool is_one) {
    {
        Events events;
        const std::string message = other.open_events();
        EXPECT(contains(message, is_one ? "another Events of this process" : "another copy of the library"));
        ::kill(::getpid(), SIGTERM);
        EXPECT(events.stop_requested());
        EXPECT(other.take(events, SIGUSR2).empty() == is_one);
        EXPECT(has_default_action(SIGUSR2) != is_one);
        EXPECT(child_returns_true([] { return has_default_action(SIGTERM) && has_default_action(SIGUSR2); }));
    }
    EXPECT(has_default_action(SIGTERM));
    EXPECT(has_default_action(SIGUSR2));
    EXPECT(other.open_events().empty());
    EXPECT(child_returns_true([] { return true; }));
}

void pid_file(const Other& other, bool) {
    const std::string path = "pid_file";
    {
        const PidFile held = PidFile::acquire(path);
        EXPECT(is_named(path));
        EXPECT(other.holder(path) == ::getpid());
        EXPECT(is_named(path));
        EXPECT(other.instance(path) == ::getpid());
        EXPECT(is_named(path));
        EXPECT(contains(other.acquire(path), "holds it"));
        EXPECT(is_named(path));
    }
    EXPECT(other.holder(path) == 0);
    EXPECT(other.acquire(path).empty());
}

// syslog(3) has one source: that of the first EventLog that writes.
void log(const Other& other, bool is_one) {
    EventLog("first").try_write(Severity::information, "");
    other.write_log();
    EXPECT(std::string(std::getenv("SOURCES")) == (is_one ? "first;" : "first;other;"));
}

// libc++ compares the addresses of two types' names, so the name is one where the linker can merge the copies.
void caught(const Other& other, bool is_one) {
    bool is_caught = false;
    try {
        other.throw_error();
    } catch (const Error&) {
        is_caught = true;
    } catch (const std::system_error&) {
        is_caught = !is_one;
    }
    EXPECT(is_caught);
}

// A PidFile of the second module that the first one releases leaves the second one's list.
void released_here(const Other& other, bool) {
    const std::string path = "released_here";
    PidFile first = other.hold(path);
    PidFile second = other.hold(path + ".2");
    first.release();
    EXPECT(::access(path.c_str(), F_OK) != 0);
    first = other.hold(path);
    second.release();
    EXPECT(other.holder(path) == ::getpid());
    EXPECT(other.holder(path + ".2") == 0);
    std::exit(failures);
}

} // namespace

extern "C" __attribute__((visibility("default"))) int run_case(const char* name, bool is_one, const void* functions) {
    const Other& other = *static_cast<const Other*>(functions);
    const struct {
        const char* name;
        void (*run)(const Other& other, bool is_one);
    } cases[] = {{"ready", ready},
                 {"failed", failed},
                 {"passed_on", passed_on},
                 {"no_daemon", no_daemon},
                 {"events", events},
                 {"pid_file", pid_file},
                 {"log", log},
                 {"caught", caught},
                 {"released_here", released_here}};
    ++failures;
    for (const auto& one : cases) {
        if (std::string(one.name) != name) continue;
        --failures;
        one.run(other, is_one);
    }
    return failures;
}
