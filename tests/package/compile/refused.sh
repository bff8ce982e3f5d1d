#!/bin/sh
# sh refused.sh INCLUDE COMPILER: the compiler refuses a body that returns neither int nor void, a callback whose result
# would be cast or dropped, a null pointer as a text, a number that is no ID, and a language before C++17, each with a reason in one line.
# shellcheck disable=SC2086 # $compiled is two arguments
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1 compiler=$2
. "$here/../../support/skip.sh"
need_programs "$compiler"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1"
    head -n 40 "$work/log"
    exit 1
}

# refuses TEXT COUNT ARGUMENT...: COUNT errors at most, one of which holds TEXT.
refuses() {
    text=$1 count=$2
    shift 2
    ! "$compiler" -fsyntax-only "$@" -I "$include" 2>"$work/log" || fail "accepted: $*"
    grep -q "error: .*$text" "$work/log" || fail "no word of \"$text\": $*"
    [ "$(grep -c 'error:' "$work/log")" -le "$count" ] || fail "more than $count errors: $*"
}

# The header is compiled once, and not for each case.
"$compiler" -std=c++17 -x c++-header "$include/daemonize.hpp" -o "$work/daemonize.hpp.gch"
case $compiler in
    *clang*) compiled="-include-pch $work/daemonize.hpp.gch" ;;
    *) compiled="-I $work" ;; # g++ looks for NAME.gch beside each NAME
esac

for case in 1 2 3 4 5; do
    refuses 'a body returns int or void' 2 $compiled -std=c++17 -DCASE=$case "$here/refused/bodies.cpp"
done
for case in $(seq 54); do
    refuses '' 1 $compiled -std=c++17 -DCASE="$case" "$here/refused/texts.cpp"
done
for case in 1 2 3; do
    refuses 'must return bool' 2 $compiled -std=c++17 -DCASE=$case "$here/refused/callbacks.cpp"
done
for case in 4 5 6; do
    refuses 'must return void' 1 $compiled -std=c++17 -DCASE=$case "$here/refused/callbacks.cpp"
done
for file in bodies callbacks texts; do
    "$compiler" $compiled -std=c++17 -fsyntax-only -I "$include" -DCASE=0 "$here/refused/$file.cpp" 2>"$work/log" ||
        fail "refused: CASE=0 of $file.cpp"
done

for standard in c++11 c++14 gnu++14; do
    refuses 'daemonize needs C++17' 1 -std=$standard "$here/alone.cpp"
done
