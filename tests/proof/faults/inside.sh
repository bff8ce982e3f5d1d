#!/bin/sh
# sh inside.sh PROGRAMS COMMAND...: runs COMMAND as process 1 of new namespaces, with empty /run, /var and /srv, a user
# "every" with a group "others", and PROGRAMS at /mnt. unshare(1) starts this script again inside the namespaces.
set -eu
programs=$1
shift
if [ -z "${FAULTS_INSIDE:-}" ]; then
    alone='--mount --propagation private --pid --fork --kill-child --mount-proc'
    [ "$(id -u)" -eq 0 ] || alone="--user --map-root-user $alone"
    # shellcheck disable=SC2086 # options
    FAULTS_INSIDE=1 exec unshare $alone sh "$0" "$programs" "$@"
fi
unset FAULTS_INSIDE
mount --bind "$programs" /mnt
for directory in /run /var /srv; do
    mount -n -t tmpfs -o mode=755 tmpfs "$directory"
done
for file in passwd group nsswitch.conf; do
    mount -n --bind "/mnt/$file" "/etc/$file"
done
cd /
exec "$@"
