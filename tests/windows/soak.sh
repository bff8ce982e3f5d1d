#!/bin/sh
# sh tests/windows/soak.sh [SEED]: a thousand starts and stops of a service under Wine, with controls at random moments;
# takes seven minutes. The figures of a thousand cycles go into README.md. DAEMONIZE_CYCLES is another number of cycles,
# DAEMONIZE_BUILD_DIR the build directory (default: build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=${DAEMONIZE_BUILD_DIR:-$top/build}/soak_wine
. "$top/tests/support/setup/packages.sh"
# shellcheck disable=SC2086 # a list of packages
install_missing $wine_packages
export DAEMONIZE_CYCLES="${DAEMONIZE_CYCLES:-1000}" DAEMONIZE_SEED="${1:-$(date +%s)}"
# The case takes seven minutes.
export DAEMONIZE_PATIENCE="$((5 * ${DAEMONIZE_PATIENCE:-60}))"
trap 'sh "$here/wine.sh" tear_down "$work"' EXIT
trap 'exit 1' HUP INT TERM
sh "$here/wine.sh" programs "$top" "$work" storm
sh "$here/wine.sh" set_up "$work"
started=$(date +%s)
status=0
sh "$here/wine.sh" program "$work" posix storm random_moments >"$work/said" || status=$?
tr -d '\r' <"$work/said" >"$work/figures"
echo "time: $(($(date +%s) - started)) s" >>"$work/figures"
cat "$work/figures"
[ $status -eq 0 ] || exit 1
[ "$DAEMONIZE_CYCLES" -lt 1000 ] || ! grep -q '^<!-- windows:' "$top/README.md" ||
    sh "$top/tests/support/setup/readme_section.sh" --figures windows <"$work/figures"
