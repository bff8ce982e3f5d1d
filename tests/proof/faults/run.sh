#!/bin/sh
# sh tests/proof/faults/run.sh [--soak]: launches a daemon with every option, once for each fault in a system call and
# once for each signal, and reports each broken promise. The promise: the daemon is up with every property, or the
# launcher reports one line and nothing is left. Runs one error and one signal for each call of each process; with
# --soak all errors, stops, delays and EINTR. FAULTS_SEED selects the same faults again. DAEMONIZE_BUILD_DIR is the
# build directory (default: build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/faults
# shellcheck source=tests/support/setup/packages.sh
. "$top/tests/support/setup/packages.sh"
. "$top/tests/support/skip.sh"
# shellcheck source=tests/proof/faults/prepare.sh
. "$here/prepare.sh"
case ${1:-} in
    '') seed=${FAULTS_SEED:-$(date +%s)} workers=4 ;;
    --soak) seed=all workers=16 ;;
    *)
        echo 'usage: sh tests/proof/faults/run.sh [--soak]' >&2
        exit 2 ;;
esac

# shellcheck disable=SC2086 # a list of packages
install_missing $build_packages strace || { can_build && command -v strace >/dev/null; }
need_success 'trace a process' strace -o /dev/null true
mapped=''
[ "$(id -u)" -eq 0 ] || mapped='--user --map-root-user'
# shellcheck disable=SC2086 # options, or none
need_success 'make the namespaces of inside.sh' unshare $mapped --mount --propagation private --pid --fork \
    --kill-child --mount-proc mount -n -t tmpfs tmpfs /run
build_faults -DFAULTS_PEERS=OFF

option=''
if ! refusal=$(setpriv --reuid=1 --regid=1 --clear-groups true 2>&1); then
    echo "LEFT OUT: this machine cannot act as another user, for user() and group(): $refusal"
    option=--as-launcher
fi
started=$(date +%s)
rm -f "$build/traces/"* "$build/results"*
# shellcheck disable=SC2086 # one option, or none
alone driver list /mnt $option >"$build/calls"
"$build/driver" plan "$build/calls" "$here/errnos" "$seed" >"$build/plan"
# All workers read from one place in the list, and so share it.
exec 3<"$build/plan"
running=''
for worker in $(seq "$workers"); do
    # shellcheck disable=SC2086 # one option, or none
    alone driver work /mnt /mnt/steps $option <&3 >"$build/results.$worker" &
    running="$running $!"
done
broken=0
for worker in $running; do
    wait "$worker" || broken=1
done
cat "$build/results."* >"$build/results"
rm "$build/results."*
awk -v planned="$(wc -l <"$build/plan")" -v seed="$seed" -v seconds=$(($(date +%s) - started)) '
    $1 == "WRONG" { wrong++; print }
    { outcome = $1 == "WRONG" ? $2 : $1; count[outcome]++ }
    END {
        printf "faults: %d launches, %s, in %d s\n", NR, seed == "all" ? "every error and signal" : "drawn with seed " seed, seconds
        printf "up with every property: %d; told, and nothing left: %d; killed, and nothing left: %d; not reached: %d\n",
            count["up"], count["told"], count["killed"], count["missed"]
        printf "wrong: %d\n", wrong
        if (NR != planned) printf "%d launches were planned, so the harness is broken\n", planned
        # Some calls are made or not as the processes run; but a harness that reaches none would find nothing wrong.
        if (count["missed"] * 20 > NR) printf "too many were not reached, so the harness is broken\n"
        exit wrong > 0 || NR != planned || NR == 0 || count["missed"] * 20 > NR
    }' "$build/results" >"$build/figures" || broken=1
cat "$build/figures"
[ "$broken" -eq 0 ] || exit 1
[ "$seed" != all ] || sh "$top/tests/support/setup/readme_section.sh" --figures every_fault <"$build/figures"
