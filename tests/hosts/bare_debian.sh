# shellcheck shell=sh disable=SC2016,SC2046
# Makes bare Debian systems once, and keeps them as tar files in DAEMONIZE_CACHE (default: the user's cache folder).
# Sourced.
cache=${DAEMONIZE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daemonize}

# Prints the mirror from which apt of this machine gets that release, or nothing.
place_of() {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        sed -n "/ $1 main\$/{s/ .*//p;q}"
}

# Prints the mirror of a release: other releases have the same mirror as the release of this machine. Without a mirror,
# debootstrap uses its default.
mirror_of() {
    for known in "$1" bookworm trixie; do
        place=$(place_of "$known")
        [ -z "$place" ] || break
    done
    echo "$place"
}

# bare_debian NAME RELEASE TREE [OPTION...]: fills the empty directory TREE with NAME.tar of the cache. If the cache has
# no NAME.tar, debootstrap makes the system with these options, and the cache keeps it.
bare_debian() {
    name=$1 release=$2 tree=$3
    shift 3
    if [ -f "$cache/$name.tar" ]; then
        tar -C "$tree" -xpf "$cache/$name.tar"
        return
    fi
    echo "Making a bare Debian $release in $cache/$name.tar"
    debootstrap --variant=minbase "$@" "$release" "$tree" $(mirror_of "$release") >"$cache/$name.log" 2>&1 || {
        cat "$cache/$name.log" >&2
        echo "debootstrap could not make a bare Debian $release" >&2
        return 1
    }
    tar -C "$tree" --anchored --exclude='./var/cache/apt/*' -cf "$cache/$name.tar.$$" . || return 1
    # Two simultaneous runs, or an interrupted run, never leave half a system in the cache.
    mv "$cache/$name.tar.$$" "$cache/$name.tar"
}

# Skips the test if this machine cannot start a container with devices and a control group of its own. After skip.sh and
# own_cgroup.sh.
need_containers() {
    need_root
    need_programs systemd-nspawn debootstrap
    need_success 'make the namespaces of a container' \
        unshare --mount --net --pid --ipc --uts --fork --mount-proc mount -n -t tmpfs tmpfs /run
    probe=$(mktemp -u)
    need_success 'make a device file' mknod "$probe" c 1 3
    rm "$probe"
    for group in $(own_cgroups "daemonize-probe.$$"); do
        need_success 'make a control group' mkdir "$group"
        rmdir "$group"
    done
}
