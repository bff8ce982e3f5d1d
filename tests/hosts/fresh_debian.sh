#!/bin/sh
# sh tests/hosts/fresh_debian.sh: runs the two commands of README.md on a bare Debian 12, as root and as an ordinary
# user. Needs root, debootstrap and some minutes. The bare system is kept in DAEMONIZE_CACHE (default: the user's cache
# folder).
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/hosts/bare_debian.sh"
exec </dev/null

[ "$(id -u)" -eq 0 ] || {
    echo 'tests/hosts/fresh_debian.sh: only root can make a system' >&2
    exit 1
}
mkdir -p "$cache"
tree=$(mktemp -d "$cache/fresh.XXXXXX")
trap 'rm -rf --one-file-system "$tree" "$cache/bookworm.tar.$$"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tree"

bare_debian bookworm bookworm "$tree" || exit 1

# Packages, host names and certificates come from the sources of this machine.
[ -z "$(place_of bookworm)" ] || {
    rm -rf "$tree/etc/apt"
    cp -R /etc/apt "$tree/etc/apt"
}
cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/share/ca-certificates"
cp -R /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"

chroot "$tree" useradd --create-home tester
for home in root home/tester; do
    sh "$top/tests/support/setup/copy_tree.sh" "$tree/$home/daemonize"
done
chroot "$tree" chown -R tester: /home/tester
cp "$top/tests/hosts/fresh_debian_inside.sh" "$tree/"
sh "$top/tests/hosts/enter.sh" "$tree" sh /fresh_debian_inside.sh
