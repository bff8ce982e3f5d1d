#!/bin/sh
# sh event_log.sh PROGRAM: the entries that PROGRAM writes by EventLog arrive in a private syslogd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/skip.sh"
need_programs busybox
flags=-m
unshare $flags mount -n -t tmpfs tmpfs /run 2>/dev/null || flags=-rm
need_success 'make private mounts' unshare $flags mount -n -t tmpfs tmpfs /run
# After a skip, whose exit status the kill would replace.
work=$(mktemp -d)
trap 'kill "$(cat "$work/pid")" 2>/dev/null; rm -rf "$work"' EXIT
unshare $flags sh "$here/../support/setup/private_syslog.sh" "$work/log" "$work/pid" "$1"
for line in 'daemon.info test-source.*: one 100% %s' 'daemon.warn test-source.*: two' 'daemon.err test-source.*: three' \
    'daemon.warn test-source.*: four' 'daemon.err test-source.*: five' 'daemon.err test-source.*: six'; do
    timeout "${DAEMONIZE_PATIENCE:-60}" tail -n +1 -f "$work/log" | grep -q -m 1 -e "$line" || {
        cat "$work/log"
        echo "no line with: $line"
        exit 1
    }
done
