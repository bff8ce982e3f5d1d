// The seam: every system call of the library goes through this header, and a test may answer a call in the kernel's
// place. Must be included ahead of, and in place of, daemonize.hpp. All files of a program use the seam, or no file
// does.
#ifndef DAEMONIZE_TESTS_SUPPORT_SEAM_HPP
#define DAEMONIZE_TESTS_SUPPORT_SEAM_HPP

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <functional>
#include <grp.h>
#include <map>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <string>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

namespace seam {

// The process of a launch that makes the call: the number of forks between the test and the process.
constexpr int launcher = 0;
constexpr int intermediate = 1;
constexpr int daemon = 2;
inline int process = launcher;

/// A call that the library is about to make.
struct Call {
    std::string name;
    int process;
    int count;         // the index among calls of this name in this process, from 1 on
    int number;        // the index among all calls of this process, from 1 on
    long arguments[4]; // pointers too; 0 if there are fewer

    bool is(const char* other) const { return name == other; }
    std::string path() const { return reinterpret_cast<const char*>(arguments[0]); }
};

/// The answer of a test in place of the kernel: `result`, with `error` as errno.
struct Answer {
    long result;
    int error;
};

/// Called before every call. Returns true if `answer` replaces the answer of the kernel.
using Hook = std::function<bool(const Call&, Answer&)>;

struct State {
    Hook hook;
    std::map<std::string, int> counts;
    int number = 0;
    std::time_t clock_ahead = 0; // seconds by which the library's clock is ahead of the kernel's
};

inline State& state() {
    static State* const the_one = new State; // never destroyed: the library makes calls while a process exits
    return *the_one;
}

/// Calls the hook during its lifetime, also in all processes that are forked meanwhile.
class Injection {
  public:
    explicit Injection(Hook hook) {
        state() = State();
        state().hook = std::move(hook);
    }
    Injection(const Injection&) = delete;
    Injection& operator=(const Injection&) = delete;
    ~Injection() { state() = State(); }
};

template <class Argument>
long as_long(Argument argument) noexcept {
    if constexpr (std::is_pointer<Argument>::value) {
        return reinterpret_cast<long>(argument);
    } else if constexpr (std::is_integral<Argument>::value || std::is_enum<Argument>::value) {
        return static_cast<long>(argument);
    } else {
        return 0;
    }
}

template <class... Arguments>
bool is_answered(const char* name, Answer& answer, Arguments... arguments) {
    if (!state().hook) return false;
    const int error = errno;
    const long all[] = {as_long(arguments)..., 0, 0, 0, 0};
    const Call call = {name, process, ++state().counts[name], ++state().number, {all[0], all[1], all[2], all[3]}};
    const bool answered = state().hook(call, answer);
    errno = answered && answer.error != 0 ? answer.error : error;
    return answered;
}

// A call that returns a pointer fails with a null pointer.
template <class Result>
Result as(long result) noexcept {
    if constexpr (std::is_pointer<Result>::value) {
        return nullptr;
    } else {
        return static_cast<Result>(result);
    }
}

#define SEAM_CALL(name)                                                                                                \
    template <class... Arguments>                                                                                      \
    auto name(Arguments... arguments) noexcept->decltype(::name(arguments...)) {                                       \
        Answer answer = {-1, 0};                                                                                       \
        if (!is_answered(#name, answer, arguments...)) return ::name(arguments...);                                    \
        return as<decltype(::name(arguments...))>(answer.result);                                                      \
    }

// A literal keeps its type in a template: 0755 is an int, and the call takes a mode_t.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
SEAM_CALL(access)
SEAM_CALL(bind)
SEAM_CALL(chdir)
SEAM_CALL(chmod)
SEAM_CALL(chroot)
SEAM_CALL(close)
SEAM_CALL(connect)
SEAM_CALL(dup2)
SEAM_CALL(epoll_create1)
SEAM_CALL(epoll_ctl)
SEAM_CALL(epoll_wait)
SEAM_CALL(fchmod)
SEAM_CALL(fchown)
SEAM_CALL(fcntl)
SEAM_CALL(flock)
SEAM_CALL(fstat)
SEAM_CALL(fstatat)
SEAM_CALL(fstatfs)
SEAM_CALL(ftruncate)
SEAM_CALL(getcwd)
SEAM_CALL(getgrgid_r)
SEAM_CALL(getgrnam_r)
SEAM_CALL(getgrouplist)
SEAM_CALL(getgroups)
SEAM_CALL(getpwnam_r)
SEAM_CALL(getpwuid_r)
SEAM_CALL(getresgid)
SEAM_CALL(getresuid)
SEAM_CALL(getrlimit)
SEAM_CALL(getsockname)
SEAM_CALL(getsockopt)
SEAM_CALL(if_nametoindex)
SEAM_CALL(ioctl)
SEAM_CALL(isatty)
SEAM_CALL(listen)
SEAM_CALL(lstat)
SEAM_CALL(mkdir)
SEAM_CALL(open)
SEAM_CALL(openat)
SEAM_CALL(pipe2)
SEAM_CALL(poll)
SEAM_CALL(posix_spawnp)
SEAM_CALL(prctl)
SEAM_CALL(pread)
SEAM_CALL(pthread_atfork)
SEAM_CALL(pthread_sigmask)
SEAM_CALL(pwrite)
SEAM_CALL(read)
SEAM_CALL(readlink)
SEAM_CALL(realpath)
SEAM_CALL(recv)
SEAM_CALL(rename)
SEAM_CALL(rmdir)
SEAM_CALL(select)
SEAM_CALL(send)
SEAM_CALL(sendmsg)
SEAM_CALL(seteuid)
SEAM_CALL(setgroups)
SEAM_CALL(setpgid)
SEAM_CALL(setresgid)
SEAM_CALL(setresuid)
SEAM_CALL(setrlimit)
SEAM_CALL(setsid)
SEAM_CALL(setsockopt)
SEAM_CALL(setuid)
SEAM_CALL(shutdown)
SEAM_CALL(sigaction)
SEAM_CALL(socket)
SEAM_CALL(sigwait)
SEAM_CALL(socketpair)
SEAM_CALL(stat)
SEAM_CALL(syscall)
SEAM_CALL(tcgetpgrp)
SEAM_CALL(tcsetpgrp)
SEAM_CALL(unlink)
SEAM_CALL(unlinkat)
SEAM_CALL(waitid)
SEAM_CALL(waitpid)
SEAM_CALL(write)
#pragma GCC diagnostic pop

#undef SEAM_CALL

// kill(-1) reaches every process of the machine, and -1 is the value of an unset process number.
inline int kill(pid_t target, int number) {
    if (target == -1) std::abort();
    Answer answer = {-1, 0};
    return is_answered("kill", answer, target, number) ? static_cast<int>(answer.result) : ::kill(target, number);
}

// The calls that cannot fail, and which no test answers.
using ::_exit;
using ::alarm;
using ::getpgrp;
using ::getpid;
using ::getppid;
using ::sysconf;
using ::umask;

// A test sets the clock, and waits for no time.
inline int clock_gettime(clockid_t clock, struct timespec* time) {
    const int result = ::clock_gettime(clock, time);
    time->tv_sec += state().clock_ahead;
    return result;
}

inline pid_t fork() {
    Answer answer = {-1, 0};
    if (is_answered("fork", answer)) return static_cast<pid_t>(answer.result);
    const pid_t child = ::fork();
    if (child != 0) return child;
    ++process;
    state().counts.clear();
    state().number = 0;
    return 0;
}

/// Whether the call fails by its return value, and leaves errno alone.
inline bool returns_error(const Call& call) {
    return call.name.compare(0, 8, "pthread_") == 0 || call.is("posix_spawnp") || call.is("sigwait") ||
           call.name.compare(call.name.size() - 2, 2, "_r") == 0;
}

inline bool fail(const Call& call, int error, Answer& answer) {
    answer = returns_error(call) ? Answer{error, 0} : Answer{-1, error};
    return true;
}

} // namespace seam

#define DAEMONIZE_SYSTEM(call) ::seam::call

#include <daemonize.hpp>

#endif
