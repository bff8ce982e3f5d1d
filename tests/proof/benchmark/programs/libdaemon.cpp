// libdaemon PID_FILE: the same steps by libdaemon, in C++, so that the start of the program costs the same.
#include <libdaemon/daemon.h>

#include <string>
#include <unistd.h>

static std::string pid_file;

static const char* pid_file_name() { return pid_file.c_str(); }

int main(int, char** argv) {
    pid_file = argv[1];
    daemon_pid_file_ident = daemon_log_ident = "libdaemon";
    daemon_pid_file_proc = pid_file_name;
    if (daemon_reset_sigs(-1) < 0 || daemon_unblock_sigs(-1) < 0 || daemon_pid_file_is_running() >= 0) return 1;
    daemon_retval_init();
    const pid_t child = daemon_fork();
    if (child < 0) return 1;
    if (child > 0) return daemon_retval_wait(20);
    const bool up = daemon_close_all(-1) >= 0 && daemon_pid_file_create() >= 0;
    daemon_retval_send(up ? 0 : 1);
    if (up) ::pause();
}
