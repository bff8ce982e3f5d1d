#!/bin/sh
# The commands that openrc.sh runs inside the system: the life of a service that the verb install added to OpenRC.
set -u
service=/usr/local/bin/service
log="/var/log/it's a log"

fail() {
    echo "openrc_inside.sh: $*" >&2
    exit 1
}

# expect STATUS COMMAND...
expect() {
    expected=$1
    shift
    "$@"
    status=$?
    [ $status -eq "$expected" ] || fail "$*: status $status"
}

for runlevel in sysinit boot default; do
    openrc $runlevel >/dev/null 2>&1 # a container lacks much of what a machine's runlevels start
done
[ -d /run/openrc ] || fail 'OpenRC does not run here'

expect 0 $service install -- --log "$log"
rc-update show default | grep -q timestampd || fail 'it is in no runlevel'
rc-update --update >/dev/null # which OpenRC does by itself where the script is more than a second newer than its cache
expect 0 openrc default
first=$(cat /run/timestampd.pid) || fail 'the runlevel did not start it'
[ -s "$log" ] || fail 'it has no log'
expect 0 rc-service timestampd status
expect 0 rc-service timestampd reload
expect 0 rc-service timestampd restart
[ "$(cat /run/timestampd.pid)" != "$first" ] || fail 'it was not restarted'
expect 0 rc-service timestampd stop
expect 3 rc-service timestampd status
[ ! -e /run/timestampd.pid ] || fail 'its pid file is left'
expect 0 rc-service timestampd start
expect 0 rc-service timestampd stop
expect 0 $service uninstall
[ ! -e /etc/init.d/timestampd ] || fail 'its script is left'
! rc-update show default | grep timestampd || fail 'it is left in its runlevel'
