#!/bin/sh
# sh private_syslog.sh LOG PID_FILE COMMAND...: runs COMMAND with a private syslogd at /dev/log, which writes to LOG.
# Start the script by `unshare -m` as root or `unshare -rm` as any user, so that the machine's syslog is untouched. The
# syslogd stays for the daemon that COMMAND started; the caller ends the syslogd by the number in PID_FILE.
set -eu
log=$1 pid_file=$2
shift 2

# A private /run, because syslogd and mount keep files there.
mount -n -t tmpfs tmpfs /run
mkdir /run/dev
# The devices are bind-mounted: in a user namespace no process may make a device.
for node in null zero full random urandom tty; do
    : >"/run/dev/$node"
    mount -n --bind "/dev/$node" "/run/dev/$node"
done
mount -n --rbind /run/dev /dev

# The log exists from the start, because tail looks for a missing file only every few seconds.
: >"$log"
busybox syslogd -n -O "$log" >/dev/null 2>&1 &
echo "$!" >"$pid_file"
# syslogd writes this line when /dev/log exists. Entries before this line are lost.
timeout "${DAEMONIZE_PATIENCE:-60}" tail -n +1 -f "$log" | grep -q -m 1 'syslogd started' || {
    kill "$!"
    echo "$0: busybox syslogd did not start" >&2
    exit 1
}
"$@"
