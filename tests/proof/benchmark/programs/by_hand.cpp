// by_hand PID_FILE: the steps of a launch written by hand, without checks, messages and lock.
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int, char** argv) {
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    if (::fork() != 0) {
        char byte = 0;
        return ::read(ends[0], &byte, 1) == 1 ? 0 : 1;
    }
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::umask(027);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    const int ready = ::dup2(ends[1], 3);
    ::syscall(SYS_close_range, 4u, ~0u, 0u);
    const int pid_file = ::open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const std::string line = std::to_string(::getpid()) + "\n";
    if (::write(pid_file, line.data(), line.size()) < 0 || ::chdir("/") != 0) return 1;
    ::close(pid_file);
    if (::write(ready, "", 1) != 1) return 1;
    ::close(ready);
    ::pause();
}
