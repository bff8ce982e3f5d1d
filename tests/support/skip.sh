# shellcheck shell=sh
# Ends a test as skipped, by name and with a reason, if the machine cannot run it. The exit status is 77, as automake has
# it, so that a failure after a printed reason stays a failure. Sourced.

# skip_unable ABILITY: a verb and its object. The kernel, the container or the user lacks the ability, and no package
# provides it.
skip_unable() {
    echo "SKIPPED: this machine cannot $1"
    exit 77
}

# skip_missing NAME: a package provides it. With DAEMONIZE_NO_SKIP the test fails.
skip_missing() {
    if [ -n "${DAEMONIZE_NO_SKIP:-}" ]; then
        echo "cannot be skipped here: $1 is not installed"
        exit 1
    fi
    echo "SKIPPED: $1 is not installed"
    exit 77
}

need_programs() {
    for program in "$@"; do
        command -v "$program" >/dev/null || skip_missing "$program"
    done
}

need_root() {
    [ "$(id -u)" -eq 0 ] || skip_unable "act as root"
}

# need_success ABILITY COMMAND...: the command is the ability itself. Its last line of output is the reason.
need_success() {
    ability=$1
    shift
    said=$("$@" 2>&1) || skip_unable "$ability${said:+: $(echo "$said" | tail -n 1)}"
}

# The kernel has the locks of a pid file. Needs a compiler.
need_pid_files() {
    probe=$(mktemp)
    "${CXX:-g++}" -x c++ -o "$probe" - <<'END'
#include <cstdio>
#include <fcntl.h>
int main() {
    struct flock request = {};
    request.l_type = F_WRLCK;
    if (::fcntl(::fileno(std::tmpfile()), F_OFD_SETLK, &request) == 0) return 0;
    std::perror("fcntl");
    return 1;
}
END
    said=$("$probe" 2>&1) || { rm -f "$probe"; skip_unable "lock a file by F_OFD_SETLK: $said"; }
    rm -f "$probe"
}
