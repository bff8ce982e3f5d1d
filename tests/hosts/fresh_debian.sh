#!/bin/sh
# sh tests/hosts/fresh_debian.sh: proves the two commands of README.md on a bare Debian 12, as root and as an ordinary user.
# Wants root, debootstrap, and some minutes. The bare system is kept in DAEMONIZE_CACHE (default: the user's cache folder).
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${DAEMONIZE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daemonize}
bare=$cache/bookworm.tar
exec </dev/null

[ "$(id -u)" -eq 0 ] || {
    echo 'tests/hosts/fresh_debian.sh: only root can make a system' >&2
    exit 1
}
mkdir -p "$cache"
tree=$(mktemp -d "$cache/fresh.XXXXXX")
trap 'rm -rf --one-file-system "$tree" "$bare.$$"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tree"

# Where this machine's own apt gets bookworm from; with no such place, debootstrap's default.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    sed -n '/ bookworm main$/{s/ .*//p;q}')

if [ ! -f "$bare" ]; then
    echo "Making a bare Debian 12 in $bare"
    debootstrap --variant=minbase bookworm "$tree" $mirror >"$cache/debootstrap.log" 2>&1 || {
        cat "$cache/debootstrap.log" >&2
        exit 1
    }
    tar -C "$tree" -cf "$bare.$$" .
    # Two runs at once, or one cut short, never leave half a system there.
    mv "$bare.$$" "$bare"
else
    tar -C "$tree" -xpf "$bare"
fi

# Packages, names and certificates come from wherever this machine has them from.
[ -z "$mirror" ] || {
    rm -rf "$tree/etc/apt"
    cp -R /etc/apt "$tree/etc/apt"
}
cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
mkdir -p "$tree/etc/ssl/certs" "$tree/usr/local/share/ca-certificates"
cp -R /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
[ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"

chroot "$tree" useradd --create-home tester
for home in root home/tester; do
    sh "$top/tests/setup/copy_tree.sh" "$tree/$home/daemonize"
done
chroot "$tree" chown -R tester: /home/tester
cp "$top/tests/hosts/fresh_debian_inside.sh" "$tree/root/"
sh "$top/tests/hosts/enter.sh" "$tree" sh /root/fresh_debian_inside.sh
