#!/bin/sh
# sh tests/proof/races/run.sh [--soak]: 64 simultaneous starts, random verbs from 16 processes, and starts and stops
# from one long-lived process; takes half a minute. --soak: 1,000 rounds, ten minutes and 10,000 cycles; writes the
# figures into README.md. DAEMONIZE_BUILD_DIR is the build directory (default: build). DAEMONIZE_RACE_SEED repeats the
# random verbs of a run.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/races
. "$top/tests/support/setup/packages.sh"
race_packages='g++'

soak=''
case "$*" in
    '') ;;
    --soak) soak=1 ;;
    *)
        echo 'usage: sh tests/proof/races/run.sh [--soak]' >&2
        exit 2 ;;
esac
# shellcheck disable=SC2086 # a list
command -v "${CXX:-g++}" >/dev/null || install_missing $race_packages || exit 1
mkdir -p "$build" || exit 1
for program in starts verbs cycles; do
    "${CXX:-g++}" -std=c++17 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I"$top/include" -I"$top/tests" \
        "$here/$program.cpp" -o "$build/$program" || exit 1
done

patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
failed=0
# race TIME-OUT PROGRAM ARGUMENT...: its figures are kept, and its time.
race() {
    limit=$1 program=$2 begun=$(date +%s)
    shift 2
    status=0
    timeout --kill-after=10 "$limit" "$build/$program" "$@" >"$build/$program.figures" || status=$?
    if [ "$status" -eq 77 ]; then
        cat "$build/$program.figures"
        exit 77
    elif [ "$status" -ne 0 ]; then
        echo "failed: $program $* (status $status)" >&2
        failed=$((failed + 1))
    fi
    cat "$build/$program.figures" >>"$build/figures"
    echo "$program: $(($(date +%s) - begun)) s" >&2
}

: >"$build/figures"
seed=${DAEMONIZE_RACE_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
if [ -n "$soak" ]; then
    race $((60 * patience)) starts 1000 $((60 * patience))
    race $((20 * patience)) verbs 600 "$seed"
    race $((60 * patience)) cycles 10000
else
    race $((2 * patience)) starts 1000 $((patience / 12))
    race $((2 * patience)) verbs $((patience / 7)) "$seed"
    race $((2 * patience)) cycles 100
fi
cat "$build/figures"
[ "$failed" -eq 0 ] || exit 1
sed -i '/^LEFT OUT: /d' "$build/figures"
[ -z "$soak" ] || sh "$top/tests/support/setup/readme_section.sh" --figures races <"$build/figures"
