#!/bin/sh
# sh tests/hosts/fresh_debian.sh [RELEASE...]: runs the commands of README.md on bare Debian systems (default: bookworm and
# trixie), as root and as an ordinary user. Needs root, debootstrap and many minutes. The bare systems are kept in
# DAEMONIZE_CACHE (default: the user's cache folder).
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/hosts/bare_debian.sh"
exec </dev/null

[ "$(id -u)" -eq 0 ] || {
    echo 'tests/hosts/fresh_debian.sh: only root can make a system' >&2
    exit 1
}
mkdir -p "$cache"
tree=''
trap '[ -z "$tree" ] || rm -rf --one-file-system "$tree" "$cache"/*.tar.$$' EXIT
trap 'exit 1' HUP INT TERM

# Packages, host names and certificates come from the sources of this machine.
share_sources() {
    release=$1 mirror=$(mirror_of "$1")
    [ -z "$mirror" ] || {
        rm -rf "$tree/etc/apt/apt.conf.d" "$tree/etc/apt/sources.list.d"
        [ ! -d /etc/apt/apt.conf.d ] || cp -R /etc/apt/apt.conf.d "$tree/etc/apt/"
        echo "deb $mirror $release main" >"$tree/etc/apt/sources.list"
    }
    cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
    mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/share/ca-certificates"
    cp -R /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
    [ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
}

# in_fresh RELEASE USER: runs the commands in a new system.
in_fresh() {
    tree=$(mktemp -d "$cache/fresh.XXXXXX")
    chmod 755 "$tree"
    bare_debian "$1" "$1" "$tree" || exit 1
    share_sources "$1"
    chroot "$tree" useradd --create-home tester
    for home in root home/tester; do
        sh "$top/tests/support/setup/copy_tree.sh" "$tree/$home/daemonize"
    done
    chroot "$tree" chown -R tester: /home/tester
    cp "$top/tests/hosts/fresh_debian_inside.sh" "$tree/"
    echo
    echo "#### Debian $1, $2"
    sh "$top/tests/hosts/enter.sh" "$tree" sh /fresh_debian_inside.sh "$2"
    rm -rf --one-file-system "$tree"
}

[ $# -gt 0 ] || set -- bookworm trixie
for release in "$@"; do
    in_fresh "$release" root
    in_fresh "$release" user
done
