// reaper COMMAND...: runs COMMAND, and reaps the orphans of its daemons at once, because not every process 1 reaps.
// Exits with the status of COMMAND.
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int, char** argv) {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 1;
    const pid_t command = ::fork();
    if (command == 0) {
        ::execvp(argv[1], argv + 1);
        ::_exit(127);
    }
    for (;;) {
        int status = 0;
        const pid_t ended = ::wait(&status);
        if (ended == command) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        if (ended < 0) return 1;
    }
}
