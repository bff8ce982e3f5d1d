#!/bin/sh
# sh openrc.sh PROGRAM: runs a static build of examples/service.cpp under a real OpenRC, in a bare Debian. Needs root,
# systemd-nspawn and debootstrap.
# shellcheck disable=SC2086 # lists of control groups
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/skip.sh"
. "$here/bare_debian.sh"
. "$here/own_cgroup.sh"
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
exec </dev/null
need_containers

mkdir -p "$cache"
tree=$(mktemp -d "$cache/openrc.XXXXXX")
groups=$(own_cgroups "daemonize-openrc.$$")
trap 'rm -rf --one-file-system "$tree" "$cache/openrc.tar.$$"; remove_cgroups $groups' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tree"
bare_debian openrc bookworm "$tree" --include=openrc,procps
cp "$1" "$tree/usr/local/bin/service"
cp "$here/openrc_inside.sh" "$tree/"
(
    enter_cgroups $groups
    exec timeout --kill-after=20 "$((5 * patience))" systemd-nspawn --quiet --directory="$tree" --register=no --keep-unit \
        --private-network --console=pipe sh /openrc_inside.sh
)
