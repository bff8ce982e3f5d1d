#!/bin/sh
# The library under systemd as process 1, in a bare Debian: systemd 252 of bookworm, systemd 257 of trixie.
#   sh systemd.sh programs TREE WORK          builds the programs of the cases, in WORK
#   sh systemd.sh tree WORK RELEASE           makes the system of this release, unless the cache has it
#   sh systemd.sh boot WORK RELEASE FILE...   boots the release, runs every case of these files in it, keeps the results in WORK
#   sh systemd.sh case WORK RELEASE CASE      prints the result of that case; a case that did not run has failed
# Needs root, systemd-nspawn and debootstrap.
# shellcheck disable=SC2086 # lists of control groups
set -eu
here=$(cd "$(dirname "$0")" && pwd)
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
. "$here/../support/skip.sh"
. "$here/bare_debian.sh"
. "$here/own_cgroup.sh"
exec </dev/null

fail() {
    echo "systemd.sh: $*" >&2
    exit 1
}

# The programs are static, so that each runs in every release.
programs() {
    rm -rf "$2/programs"
    mkdir -p "$2/programs"
    for source in examples/service examples/echo_server tests/hosts/programs/bodies; do
        g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -static -I "$1/include" "$1/$source.cpp" \
            -o "$2/programs/$(basename $source)" 2>"$2/programs.log" || {
            cat "$2/programs.log"
            fail "cannot build $source.cpp"
        }
    done
}

# Unpacks the system of the release into the new directory tree.
unpack() {
    work=$1 release=$2
    mkdir -p "$cache" "$work"
    tree=$(mktemp -d "$work/tree.XXXXXX")
    groups=$(own_cgroups "daemonize-$release.$$")
    trap 'rm -rf --one-file-system "$tree" "$cache/systemd-$release.tar.$$"; remove_cgroups $groups' EXIT
    trap 'exit 1' HUP INT TERM
    chmod 755 "$tree"
    bare_debian "systemd-$release" "$release" "$tree" --include=systemd,systemd-sysv,dbus || exit 1
}

boot() {
    rm -rf "${1:?}/$2" # no case reads the results of an earlier boot
    need_containers
    unpack "$1" "$2"
    shift 2
    results=$work/$release
    mkdir "$tree/hosts"
    cp "$here"/systemd/*.sh "$work"/programs/* "$tree/hosts/"
    cat >"$tree/etc/systemd/system/cases.service" <<END
[Service]
Environment=DAEMONIZE_PATIENCE=$patience
ExecStart=/hosts/inside.sh $*
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
END
    chmod 755 "$tree/hosts/inside.sh"
    systemctl --root="$tree" --quiet enable cases.service
    # A signal makes nspawn shut the system down. A system that does not shut down is killed.
    status=0
    (
        enter_cgroups $groups || exit 1
        exec timeout --kill-after=20 "$((9 * patience))" systemd-nspawn --quiet --directory="$tree" --register=no --keep-unit \
            --private-network --console=pipe --boot
    ) >"$work/$release.console" 2>&1 || status=$?
    [ ! -d "$tree/hosts/results" ] || mv "$tree/hosts/results" "$results"
    if [ "$status" -ne 0 ] || [ ! -d "$results" ]; then
        cat "$work/$release.console"
        fail "status $status of systemd-nspawn"
    fi
    # The result that systemd recorded for the service at the shutdown of the system.
    [ ! -f "$results/system_shutdown.status" ] || [ "$(cat "$results/shutdown")" = 'success exited 0' ] ||
        echo 'not a good end, but' "$(cat "$results/shutdown")," >"$results/system_shutdown.status"
    grep -H . "$results"/*.status | sed 's|.*/||'
}

case_went() {
    results=$1/$2
    if [ ! -f "$results/$3.status" ]; then
        need_containers # without them, boot was skipped
        fail "$3 did not run"
    fi
    cat "$results/$3.log"
    [ "$(cat "$results/$3.status")" = 0 ] || fail "status $(cat "$results/$3.status") of $3"
}

action=$1
shift
case $action in
    programs)
        need_containers
        programs "$@" ;;
    tree)
        need_containers
        [ -f "$cache/systemd-$2.tar" ] || unpack "$@" ;;
    boot) boot "$@" ;;
    case) case_went "$@" ;;
    *) fail "no such action: $action" ;;
esac
