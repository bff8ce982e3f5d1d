// libdaemon, used as in the example of its documentation: fork, a return value for the parent, descriptors, pid file.
#include "body.hpp"

#include <cerrno>
#include <libdaemon/daemon.h>

int main() {
    daemon_pid_file_ident = daemon_log_ident = "peer";
    if (daemon_reset_sigs(-1) < 0 || daemon_unblock_sigs(-1) < 0) return 1;
    if (daemon_retval_init() < 0) return 1;
    const pid_t child = daemon_fork();
    if (child < 0) {
        daemon_retval_done();
        return 1;
    }
    if (child > 0) return daemon_retval_wait(2) == 0 ? 0 : 1;
    int failed = 0;
    if (daemon_close_all(-1) < 0) failed = 1;
    if (failed == 0 && daemon_pid_file_create() < 0) failed = 2;
    if (failed != 0) {
        daemon_retval_send(failed);
        return 1;
    }
    daemon_retval_send(0);
    return stay();
}
