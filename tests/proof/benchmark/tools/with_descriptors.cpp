// with_descriptors COUNT COMMAND...: runs COMMAND with COUNT more open descriptors.
#include <cstdlib>
#include <sys/resource.h>
#include <unistd.h>

int main(int, char** argv) {
    const int count = std::atoi(argv[1]);
    const rlimit enough = {static_cast<rlim_t>(count) + 64, static_cast<rlim_t>(count) + 64};
    if (::setrlimit(RLIMIT_NOFILE, &enough) != 0) return 1;
    for (int i = 0; i < count; ++i) {
        if (::dup(STDERR_FILENO) < 0) return 1;
    }
    ::execvp(argv[2], argv + 2);
    return 127;
}
