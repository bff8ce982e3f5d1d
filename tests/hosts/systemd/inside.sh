#!/bin/bash
# Runs inside the booted system, started by its systemd: runs every case of the files in this folder, each in a separate
# shell.
#   inside.sh FILE...            runs all cases of the files, writes RESULTS/CASE.log and .status for each, and ends the system
#   inside.sh --case FILE CASE   runs that case
# A case is a function case_NAME. The case fails if one of its commands fails. DAEMONIZE_PATIENCE is the seconds that one
# event may take.
set -u
patience=$DAEMONIZE_PATIENCE
here=$(cd "$(dirname "$0")" && pwd)
results=$here/results

fail() {
    echo "failed: $*"
    exit 1
}

# unit NAME: writes a unit from standard input. The unit ends with the system.
unit() {
    cat >"/run/systemd/system/$1"
    systemctl daemon-reload
}

# is UNIT PROPERTY VALUE
is() {
    found=$(systemctl show -P "$2" "$1")
    [ "$found" = "$3" ] || fail "$2 of $1 is \"$found\", not \"$3\""
}

# until_is UNIT PROPERTY VALUE: waits until the property matches VALUE, a pattern.
until_is() {
    local end=$((SECONDS + patience))
    while ((SECONDS < end)); do
        found=$(systemctl show -P "$2" "$1")
        # shellcheck disable=SC2053
        [[ $found != $3 ]] || return 0
        sleep 0.05
    done
    fail "$2 of $1 stays \"$found\", and not \"$3\""
}

# until_works COMMAND...
until_works() {
    local end=$((SECONDS + patience))
    while ((SECONDS < end)); do
        ! "$@" || return 0
        sleep 0.05
    done
    fail "never works: $*"
}

main_pid() {
    systemctl show -P MainPID "$1"
}

# processes_of PROGRAM
processes_of() {
    for link in /proc/[0-9]*/exe; do
        [ "$(readlink "$link")" != "$1" ] || basename "${link%/exe}"
    done
}

# journal UNIT OPTION...: prints the lines of the unit, and the lines of the manager about the unit.
journal() {
    journalctl --sync
    journalctl --quiet --no-pager --output cat --unit "$@"
}

has_line() {
    local name=$1 text=$2
    shift 2
    journal "$name" "$@" | grep -F -- "$text"
}

# journal_says UNIT TEXT OPTION...: waits for the text. A service reports to systemd and to the journal on two ways.
journal_says() {
    until_works has_line "$@"
}

# The exit status of systemctl status is the state.
status_has() {
    { systemctl status --no-pager --full "$1" || true; } | grep -F -- "$2"
}

# status_shows UNIT TEXT: waits until systemctl status shows the text, which may be a line of the journal.
status_shows() {
    until_works status_has "$@"
}

# expect STATUS COMMAND...
expect() {
    wanted=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" -eq "$wanted" ] || fail "status $got, not $wanted, of: $*"
}

# stopped_well UNIT: checks the unit after an operator's stop.
stopped_well() {
    expect 0 systemctl stop "$1"
    is "$1" ActiveState inactive
    is "$1" Result success
    is "$1" ExecMainStatus 0
}

if [ "${1:-}" = --case ]; then
    # shellcheck source=/dev/null
    . "$here/$2"
    set -e -o pipefail -x
    "case_$3"
    exit 0
fi

mkdir -p "$results"
for file in "$@"; do
    for name in $(sed -n 's/^case_\([a-z_]*\)() {$/\1/p' "$here/$file"); do
        began=$(date +%s%N)
        timeout --kill-after=5 "$((3 * patience))" bash "$0" --case "$file" "$name" >"$results/$name.log" 2>&1
        status=$?
        echo "took $((($(date +%s%N) - began) / 1000000)) ms" >>"$results/$name.log"
        [ "$status" -eq 0 ] || journalctl --no-pager --lines 80 --output short-precise >>"$results/$name.log" 2>&1
        echo "$status" >"$results/$name.status"
        # Files and processes of a case must not reach the next case.
        # shellcheck disable=SC2046
        [ -z "$(ls /run/systemd/system)" ] || systemctl stop $(ls /run/systemd/system)
        rm -rf /run/systemd/system/*
        systemctl daemon-reload
        systemctl reset-failed
    done
done
