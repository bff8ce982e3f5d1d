#!/bin/sh
# Prints the directory of xinetd and inetd. The script fetches and unpacks their packages once, and never installs them:
# each package would remove the other, and start a daemon on this machine. The libraries of the packages do neither.
# DAEMONIZE_CACHE is the directory of the unpacked packages (default: daemonize in the user's cache directory).
set -eu
cache=${DAEMONIZE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daemonize}
servers=$cache/super_servers

fail() {
    echo "$0: $1" >&2
    exit 1
}

fetch() {
    (cd "$1" && apt-get -q download xinetd openbsd-inetd >/dev/null 2>&1)
}

if [ ! -d "$servers" ]; then
    command -v apt-get >/dev/null || fail 'apt-get is needed to fetch xinetd and inetd'
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/super_servers.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # The package lists of the machine may be missing or outdated.
    fetch "$work" || { [ "$(id -u)" -eq 0 ] && apt-get -q update >/dev/null && fetch "$work"; } ||
        fail 'cannot fetch the packages xinetd and openbsd-inetd'
    mkdir "$work/unpacked"
    for package in "$work"/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    chmod 755 "$work/unpacked/usr/sbin"
    # The complete directory is renamed, so that no process ever finds half of it. The first process wins.
    mv -T "$work/unpacked/usr/sbin" "$servers" 2>/dev/null || [ -d "$servers" ] || fail "cannot write to $cache"
fi
echo "$servers"
