// A library for LD_PRELOAD: holds one process of a launch until strace is attached to that process alone. The first
// process is held at its start, other processes at their return from fork(2). strace counts the calls of a process from
// there on. FAULTS_GATE="DEPTH TELL GO": the number of forks between the process and the first process (-1: no process
// is held), the descriptor for the process number, and the descriptor to wait on.
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

int depth = 0;
int held_depth = -1;
int send_text = -1;
int go = -1;

// By calls that no launch makes, so that the count of others does not depend on when strace came.
void hold() {
    char text[16];
    const int size = std::snprintf(text, sizeof text, "%d\n", static_cast<int>(::getpid()));
    struct iovec line = {text, static_cast<std::size_t>(size)};
    if (::writev(send_text, &line, 1) != size) std::abort();
    struct iovec answer = {text, 1};
    if (::readv(go, &answer, 1) != 1) std::abort();
}

// Of the process that was held, nobody below it needs the descriptors.
void pass() {
    if (depth == held_depth) hold();
    if (depth >= held_depth && send_text >= 0) {
        ::close(send_text);
        ::close(go);
        send_text = -1;
    }
    ::writev(-1, nullptr, 0); // in a trace: what comes from here on is the program's own
}

void pass_in_child() {
    ++depth;
    pass();
}

__attribute__((constructor)) void begin() {
    const char* asked = std::getenv("FAULTS_GATE");
    if (asked == nullptr) return;
    if (std::sscanf(asked, "%d %d %d", &held_depth, &send_text, &go) != 3) std::abort();
    // The program is to see neither, nor any program that it starts.
    ::unsetenv("FAULTS_GATE");
    ::unsetenv("LD_PRELOAD");
    if (::pthread_atfork(nullptr, nullptr, pass_in_child) != 0) std::abort();
    pass();
}

} // namespace
