// The result of each system call that a mutant leaves out: the result of a success. Queries return nothing: an empty
// file, no groups, a time-out. A call that is missing here does not compile.
#ifndef DAEMONIZE_TESTS_PROOF_MUTATION_SKIPPED_HPP
#define DAEMONIZE_TESTS_PROOF_MUTATION_SKIPPED_HPP

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <type_traits>
#include <unistd.h>

namespace mutation {
namespace skipped {

#define ANSWERS_ZERO(call)                                                                                             \
    template <class... Arguments>                                                                                      \
    long call(Arguments...) {                                                                                          \
        return 0;                                                                                                      \
    }

ANSWERS_ZERO(access)
ANSWERS_ZERO(alarm)
ANSWERS_ZERO(bind)
ANSWERS_ZERO(chdir)
ANSWERS_ZERO(chmod)
ANSWERS_ZERO(chroot)
ANSWERS_ZERO(clock_gettime)
ANSWERS_ZERO(close)
ANSWERS_ZERO(epoll_ctl)
ANSWERS_ZERO(epoll_wait)
ANSWERS_ZERO(connect)
ANSWERS_ZERO(fchmod)
ANSWERS_ZERO(fchown)
ANSWERS_ZERO(flock)
ANSWERS_ZERO(fork) // goes on as the child that it did not make
ANSWERS_ZERO(ftruncate)
ANSWERS_ZERO(getgrnam_r)
ANSWERS_ZERO(getgrouplist)
ANSWERS_ZERO(getgroups)
ANSWERS_ZERO(getpwnam_r)
ANSWERS_ZERO(getpwuid_r)
ANSWERS_ZERO(getpgrp)
ANSWERS_ZERO(getppid)
ANSWERS_ZERO(getresgid)
ANSWERS_ZERO(getresuid)
ANSWERS_ZERO(if_nametoindex)
ANSWERS_ZERO(kill)
ANSWERS_ZERO(listen)
ANSWERS_ZERO(mkdir)
ANSWERS_ZERO(munmap)
ANSWERS_ZERO(poll)
ANSWERS_ZERO(prctl)
ANSWERS_ZERO(posix_spawnp)
ANSWERS_ZERO(pread)
ANSWERS_ZERO(pthread_atfork)
ANSWERS_ZERO(read)
ANSWERS_ZERO(readlink)
ANSWERS_ZERO(recv)
ANSWERS_ZERO(rename)
ANSWERS_ZERO(rmdir)
ANSWERS_ZERO(select)
ANSWERS_ZERO(seteuid)
ANSWERS_ZERO(setgid)
ANSWERS_ZERO(setgroups)
ANSWERS_ZERO(setpgid)
ANSWERS_ZERO(setresgid)
ANSWERS_ZERO(setresuid)
ANSWERS_ZERO(setrlimit)
ANSWERS_ZERO(setsockopt)
ANSWERS_ZERO(setuid)
ANSWERS_ZERO(shutdown)
ANSWERS_ZERO(sigwait)
ANSWERS_ZERO(syscall)
ANSWERS_ZERO(sysconf)
ANSWERS_ZERO(tcsetpgrp)
ANSWERS_ZERO(umask)
ANSWERS_ZERO(unlink)
ANSWERS_ZERO(waitid)

#undef ANSWERS_ZERO

// exit(3) in its place: what _exit(2) is for is all that differs.
inline void _exit(int status) { std::exit(status); }

// Above every limit on process numbers, so that nobody can be hit by what is then done to it.
inline pid_t getpid() { return 0x7ffffff0; }
inline pid_t setsid() { return ::getpid(); }
inline pid_t waitpid(pid_t pid, int* status, int) {
    *status = 0;
    return pid;
}

inline pid_t tcgetpgrp(int) { return ::getpgrp(); }
inline void* mmap(void*, std::size_t, int, int, int, off_t) {
    static char page[64];
    return page; // which is not shared
}
inline int socket(int, int, int) { return ::memfd_create("skipped", MFD_CLOEXEC); }

template <class... Mode>
int open(const char*, int, Mode...) {
    return ::memfd_create("skipped", MFD_CLOEXEC); // an empty file, which needs no path
}
inline int openat(int, const char*, int) { return ::memfd_create("skipped", MFD_CLOEXEC); }
inline int epoll_create1(int) { return ::memfd_create("skipped", MFD_CLOEXEC); }
inline int dup2(int, int target) { return target; }
inline int isatty(int) { return 1; }
template <class... Arguments>
int ioctl(Arguments...) {
    return 0;
}
inline int fcntl(int number, int command, int) { return command == F_DUPFD_CLOEXEC ? number : 0; }
inline int fcntl(int, int) { return 0; }
inline int fcntl(int, int command, struct flock* lock) {
    if (command == F_GETLK) lock->l_type = F_UNLCK;
    return 0;
}
inline int no_ends(int* ends) {
    ends[0] = ends[1] = -1;
    return 0;
}
inline int pipe(int* ends) { return no_ends(ends); }
inline int pipe2(int* ends, int) { return no_ends(ends); }
inline int socketpair(int, int, int, int* ends) { return no_ends(ends); }

inline std::size_t write(int, const void*, std::size_t size) { return size; }
inline std::size_t pwrite(int, const void*, std::size_t size, off_t) { return size; }
inline std::size_t send(int, const void*, std::size_t size, int) { return size; }
inline ssize_t sendmsg(int, const struct msghdr* message, int) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < message->msg_iovlen; ++i) size += message->msg_iov[i].iov_len;
    return static_cast<ssize_t>(size);
}
inline int getsockopt(int, int, int, void* value, socklen_t* size) {
    std::memset(value, 0, *size);
    return 0;
}
inline int getsockname(int, struct sockaddr* name, socklen_t* size) {
    std::memset(name, 0, *size);
    return 0;
}
inline char* getcwd(char* path, std::size_t) {
    *path = '\0';
    return path;
}
inline char* realpath(const char* path, std::nullptr_t) { return ::strdup(path); }

template <class Name, class Facts>
int no_info(Name, Facts* file_info) {
    std::memset(file_info, 0, sizeof *file_info);
    return 0;
}
template <class Name, class Facts>
int stat(Name name, Facts* file_info) {
    return no_info(name, file_info);
}
template <class Name, class Facts>
int lstat(Name name, Facts* file_info) {
    return no_info(name, file_info);
}
template <class Name, class Facts>
int fstat(Name name, Facts* file_info) {
    return no_info(name, file_info);
}
template <class Name, class Facts>
int fstatfs(Name name, Facts* file_info) {
    return no_info(name, file_info);
}
template <class Name, class Facts>
int getrlimit(Name name, Facts* file_info) {
    return no_info(name, file_info);
}

template <class New, class Old>
int sigaction(int, New, Old before) {
    if constexpr (std::is_same<Old, struct ::sigaction*>::value) std::memset(before, 0, sizeof *before);
    return 0;
}
template <class New, class Old>
int pthread_sigmask(int, New, Old before) {
    if constexpr (std::is_same<Old, sigset_t*>::value) sigemptyset(before);
    return 0;
}

} // namespace skipped
} // namespace mutation

#endif
