#!/bin/sh
# sh ignored_results.sh INCLUDE COMPILER: each statement of ignored/results.cpp that ends with `// warns` ignores a result that
# the program must hold or ask for, so the compiler warns about each of these lines, and about no other line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../support/skip.sh"
need_programs "$2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$2" -std=c++17 -Wall -Wextra -I "$1" -fsyntax-only "$here/ignored/results.cpp" 2>"$work/log" || { cat "$work/log"; exit 1; }
sed -n 's/.*results\.cpp:\([0-9]*\):[0-9]*: warning: .*/\1/p' "$work/log" | sort -nu >"$work/warned"
grep -n '// warns$' "$here/ignored/results.cpp" | cut -d : -f 1 | sort -nu >"$work/wanted"
[ -s "$work/wanted" ] && diff "$work/wanted" "$work/warned"
