#!/bin/sh
# sh tests/proof/valgrind.sh PROGRAM [ARGUMENT...]: launches a daemon under valgrind, and ends the daemon. Fails on any
# error or leak in any process, and on a descriptor of the daemon beyond 0, 1 and 2. The launcher of daemonize() exits
# with the channel open; tests/posix/launch/repeated_launches.cpp counts the descriptors of a launcher that lives on.
set -u
program=$(realpath "$1") && work=$(mktemp -d) && logs=$work/logs && mkdir "$logs" || exit 1
shift
daemon=
clean_up() {
    for log in "$logs"/*; do kill -KILL "$(basename "$log")" 2>/dev/null; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail() {
    cat "$logs"/* >&2
    echo "tests/proof/valgrind.sh: $*" >&2
    exit 1
}

# Descriptors left open: "NUMBER inherited" or "NUMBER opened". Valgrind's own log is among them, and is no news.
left_open() {
    awk -v logs="$logs" '
        /Open (file descriptor|AF_[A-Z0-9]+ socket|.*socket) [0-9]+:/ && index($0, logs) == 0 {
            match($0, / [0-9]+:/)
            number = substr($0, RSTART + 1, RLENGTH - 2)
            getline
            print number, (/<inherited from parent>/ ? "inherited" : "opened")
        }' "$1"
}

# A daemon may write where it was started.
cd "$work" || exit 1
# Descriptor 7 is there to be inherited, so that a daemon which closes nothing is caught.
valgrind --log-file="$logs/%p" --error-exitcode=99 --leak-check=full --track-fds=yes --trace-children=yes \
    "$program" "$@" </dev/null 7</dev/null &
launcher=$!
wait "$launcher" || fail "the launcher's status was $?"

for log in "$logs"/*; do
    pid=$(basename "$log")
    kill -0 "$pid" 2>/dev/null || continue
    [ -z "$daemon" ] || fail "more than one process is left: $daemon and $pid"
    daemon=$pid
done
[ -n "$daemon" ] || fail 'no daemon is there after the launch'
kill -TERM "$daemon"
# A daemon that PID 1 does not reap, as in some containers, stays as a zombie.
timeout "${DAEMONIZE_PATIENCE:-60}" tail -s 0.1 --pid="$daemon" -f /dev/null || [ "$(ps -o state= -p "$daemon")" = Z ] ||
    fail "the daemon, process $daemon, does not end by SIGTERM"

# The process between the two may be ended from outside, and then sums up nothing.
for pid in "$launcher" "$daemon"; do
    grep -q 'FILE DESCRIPTORS:' "$logs/$pid" && grep -q 'ERROR SUMMARY:' "$logs/$pid" || fail "process $pid was cut short"
done
wrong=$(grep -l 'ERROR SUMMARY: [1-9]' "$logs"/*) && fail 'errors or leaks in process' $(basename -a $wrong)
left=$(left_open "$logs/$daemon") && [ -n "$left" ] && fail "the daemon, process $daemon, left open:" $left
echo "valgrind: no error and no leak in launcher $launcher and daemon $daemon, no descriptor left open in the daemon"
