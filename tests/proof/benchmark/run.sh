#!/bin/sh
# sh tests/proof/benchmark/run.sh: measures the cost of the library and of its alternatives, prints a table, and writes
# the table and a chart into README.md. Installs the alternatives. Takes about 10 minutes on an idle machine. Needs
# root. DAEMONIZE_BUILD_DIR is the build directory (default: build).
# shellcheck disable=SC2086 # lists of packages
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/benchmark
. "$top/tests/support/setup/packages.sh"
exec </dev/null

[ "$(id -u)" -eq 0 ] || { echo "$0: only root may write to /run" >&2; exit 1; }
install_missing $benchmark_packages $wine_packages
mkdir -p "$build"
{ cmake -S "$here" -B "$build" && cmake --build "$build" --parallel "$(nproc)"; } >"$build/log" 2>&1 || {
    cat "$build/log"
    exit 1
}
python3 -B "$here/measure.py" "$build" "$build/results.json"
{
    echo
    echo "Measured on $(date +%F), Linux $(uname -r | cut -d- -f1), $(nproc) cores, $(g++ --version | head -1)."
    echo
    python3 -B "$here/report.py" "$build/results.json" "$here/chart.svg"
    echo
    echo '![the ratios as bars](tests/proof/benchmark/chart.svg)'
    echo
} >"$build/table"
sh "$top/tests/support/setup/readme_section.sh" benchmark <"$build/table"
cat "$build/table"
