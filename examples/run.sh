#!/bin/sh
# sh examples/run.sh: builds the two demos, starts them as daemons (one on a real syslogd), shows that they run, stops
# them, and shows that they are gone. Installs missing packages first. With DAEMONIZE_NO_SKIP=1 a missing package is a failure.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/examples
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
. "$top/tests/support/setup/packages.sh"
. "$top/tests/support/skip.sh"
exec </dev/null

fail() {
    echo "examples/run.sh: $*" >&2
    exit 1
}

# Finds the processes by the folder on their command lines, because a pid file may be wrong after a failure.
clean_up() {
    pkill -KILL -f "$work/"
    rm -rf "$work"
}

# show_line FILE PATTERN: waits for the first line that matches, and prints the line.
show_line() {
    line=$(timeout "$patience" tail -n +1 -f "$1" | grep -m 1 -e "$2") || fail "$(basename "$1") has no line with $2"
    echo "$(basename "$1"): $line"
}

field() {
    ps -o "$2=" -p "$1" | tr -d ' '
}

# show_process PID: the columns of `ps axj`.
show_process() {
    ps -o ppid,pid,pgid,sid,tty,tpgid,stat,uid,time,args -p "$1" || fail "no process $1 in ps"
    [ "$(field "$1" tty)" = '?' ] || fail "process $1 has a terminal"
    [ "$(field "$1" sid)" != "$(field $$ sid)" ] || fail "process $1 is still in this session"
    # As PID 1 of a container this shell is everyone's parent in the end.
    [ $$ -eq 1 ] || [ "$(field "$1" ppid)" != $$ ] || fail "process $1 is still a child of this shell"
}

# stop PID PID_FILE
stop() {
    kill -TERM "$1" || fail "cannot signal process $1"
    # If PID 1 does not reap, as in some containers, the process stays as a zombie.
    timeout "$patience" tail -s 0.1 --pid="$1" -f /dev/null || case $(field "$1" stat) in
        Z*) ;;
        *) fail "process $1 did not end within $patience seconds of SIGTERM" ;;
    esac
    [ ! -e "$2" ] || fail "$(basename "$2") was left behind"
    echo "stopped: no process $1 and no pid file any more"
}

timestamp_demo() {
    echo
    echo '== timestamp_log: a line with the time, each second here =='
    log=$work/daemon.log pid_file=$work/timestamp_log.pid
    said=$("$build/examples/timestamp_log" --interval 1 --log "$log" --pid-file "$pid_file") ||
        fail "timestamp_log did not start"
    [ -s "$log" ] || fail 'timestamp_log returned before its first line was in the log'
    pid=$(cat "$pid_file") || fail 'timestamp_log wrote no pid file'
    [ "$said" = "timestamp_log: running, pid $pid" ] || fail "timestamp_log is process $pid but said: $said"
    echo "$said"
    show_process "$pid"
    [ "$(field "$pid" sid)" != "$pid" ] || fail 'timestamp_log leads its session, and could gain a terminal'
    timeout "$patience" tail -n +1 -f "$log" | sed -e 's/^/daemon.log: /' -e 2q
    [ "$(wc -l <"$log")" -ge 2 ] || fail "timestamp_log wrote no second line within $patience seconds"
    stop "$pid" "$pid_file"
}

# The options of unshare(1) for a private /dev; fails if this machine, or this user, cannot have one.
private_dev() {
    for flags in -m -rm; do
        unshare "$flags" mount -n -t tmpfs tmpfs /run 2>/dev/null && echo "$flags" && return
    done
    return 1
}

syslog_demo() {
    echo
    echo '== syslog_daemon: two lines in a real syslogd =='
    log=$work/messages pid_file=$work/syslog_daemon.pid
    unshare "$1" sh "$top/tests/support/setup/private_syslog.sh" "$log" "$work/syslogd.pid" \
        "$build/examples/syslog_daemon" --pid-file "$pid_file" || fail 'syslog_daemon did not start'
    pid=$(cat "$pid_file") || fail 'syslog_daemon wrote no pid file'
    show_process "$pid"
    [ "$(field "$pid" pgid) $(field "$pid" sid)" = "$pid $pid" ] || fail 'syslog_daemon does not lead its own session'
    show_line "$log" "daemontest\[$pid\]: program started\."
    stop "$pid" "$pid_file"
    show_line "$log" "daemontest\[$pid\]: program terminated\."
}

# shellcheck disable=SC2086
install_missing $demo_packages || can_build || exit 1
need_pid_files
echo "Building the demos in $build"
mkdir -p "$build" || fail "cannot write in $build"
{
    cmake -S "$top" -B "$build" -DDAEMONIZE_BUILD_TESTS=OFF -DDAEMONIZE_BUILD_EXAMPLES=ON &&
        cmake --build "$build" --target timestamp_log syslog_daemon --parallel "$(nproc)"
} >"$build.log" 2>&1 || { cat "$build.log" >&2; fail 'the demos do not build'; }

work=$(mktemp -d) || fail 'cannot make a temporary directory'
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

timestamp_demo
if ! command -v busybox >/dev/null; then
    echo 'LEFT OUT: busybox is not installed: syslog_daemon did not run'
    [ -z "${DAEMONIZE_NO_SKIP:-}" ] || fail 'a skip is a failure here'
elif ! flags=$(private_dev); then
    echo 'LEFT OUT: this machine cannot make private mounts: syslog_daemon did not run'
else
    syslog_demo "$flags"
fi
echo
echo 'Both demos did as said.'
