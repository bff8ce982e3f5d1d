#!/bin/sh
# sh ignored_results.sh INCLUDE COMPILER FILE: the compiler warns at each line of FILE that is marked as ignored.
set -eu
include=$1 compiler=$2 file=$3
. "$(dirname "$0")/../support/skip.sh"
need_programs "$compiler"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$compiler" -std=c++17 -Wunused-result -fsyntax-only -I "$include" "$file" 2>"$log" || {
    cat "$log"
    exit 1
}
marked=$(grep -n '// ignored$' "$file" | cut -d : -f 1)
[ -n "$marked" ] || exit 1
status=0
for line in $marked; do
    grep -q "$file:$line:.*unused-result" "$log" && continue
    echo "no warning: $(sed -n "${line}p" "$file")"
    status=1
done
exit $status
