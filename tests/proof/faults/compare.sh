#!/bin/sh
# sh tests/proof/faults/compare.sh: measures the table "One failure at a time" of README.md: daemonize beside daemon(3),
# libdaemon, Poco's ServerApplication and start-stop-daemon, each started once for each failure of one system call in
# peers/errnos. Needs root, or a user who may make namespaces. Installs missing packages first. Exits 0 only if
# daemonize is never wrong. DAEMONIZE_BUILD_DIR is the build directory (default: build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/compare
# shellcheck source=tests/support/setup/packages.sh
. "$top/tests/support/setup/packages.sh"
# shellcheck source=tests/proof/faults/prepare.sh
. "$here/prepare.sh"

# shellcheck disable=SC2086 # a list of packages
install_missing $build_packages strace libdaemon-dev libpoco-dev dpkg || exit 1
build_faults -DFAULTS_PEERS=ON
every=every_option
[ "$(id -u)" -eq 0 ] || every='every_option --as-launcher'
rm -f "$build/rows"

# measure NAME PID_FILE END COMMAND...: what the last call of the launch is followed by tells END.
measure() {
    name=$1 pid_file=$2 end=$3
    shift 3
    echo "measuring $name" >&2
    row=$(alone compare /mnt /mnt/peer_errnos "$pid_file" "$end" "$@")
    printf '%s\t%s\n' "$name" "$row" >>"$build/rows"
}

measure 'daemon(3)' none /srv/news /mnt/daemon3
measure 'libdaemon' /run/peer.pid /srv/news /mnt/libdaemon_peer
measure "Poco's ServerApplication" /run/peer.pid /srv/news /mnt/poco --daemon --pidfile=/run/peer.pid
measure 'start-stop-daemon' /run/peer.pid /srv/news /usr/sbin/start-stop-daemon \
    --start --background --make-pidfile --pidfile /run/peer.pid --exec /mnt/plain
measure 'daemonize, with a pid file' /run/peer.pid /srv/news /mnt/ours
# shellcheck disable=SC2086 # a program, and perhaps an option
measure 'daemonize, with every option' /run/every/pid '"ready ' /mnt/$every

{
    echo
    echo '| | failures injected | up all the same | told honestly | wrong | what is wrong |'
    echo '| --- | --- | --- | --- | --- | --- |'
    awk -F '\t' '{ printf "| %s | %d | %d | %d | **%d** | %s |\n", $1, $2, $3, $4, $5, $6 }' "$build/rows"
    echo
} | tee "$build/table" | sh "$top/tests/support/setup/readme_section.sh" faults
cat "$build/table"
awk -F '\t' '/^daemonize/ { ours += $5 } END { printf "daemonize: wrong in %d\n", ours; exit ours > 0 || NR != 6 }' "$build/rows"
