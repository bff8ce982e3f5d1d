// examples/minimal.cpp with daemon(3).
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

int main() {
    const int log = ::open("minimal.log", O_WRONLY | O_CREAT | O_APPEND, 0640);
    if (log < 0 || ::daemon(0, 0) != 0 || ::dup2(log, STDOUT_FILENO) < 0) {
        std::perror("minimal");
        return 1;
    }
    std::puts("minimal: up");
    std::fflush(stdout);
    ::pause();
}
