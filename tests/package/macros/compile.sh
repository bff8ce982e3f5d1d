#!/bin/sh
# sh compile.sh INCLUDE COMPILER HEADER: the library compiles after and before HEADER.hpp, whose macros have names that a
# library may use.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1 compiler=$2 header=$here/$3.hpp
. "$here/../../support/skip.sh"
need_programs "$compiler"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Qt has folders of its own, and wants position-independent code.
flags="-std=c++17 -fPIC -fsyntax-only -Wall -Wextra -Werror -I $include"
[ "$3" != qt ] ||
    flags="$flags $({ pkg-config --cflags Qt6Core || pkg-config --cflags Qt5Core; } 2>/dev/null | sed 's/-I/-isystem /g')"
# compiles OPTION FILE
compiles() {
    # shellcheck disable=SC2086 # a list
    "$compiler" $flags "$1" "$2"
}
: >"$work/empty.cpp"
compiles "-include$header" "$work/empty.cpp" 2>"$work/log" || skip_missing "$3 ($(grep -m 1 error "$work/log"))"

user=$here/../strict/user.cpp
{
    echo '#include <daemonize.hpp>'
    echo "#include \"$header\""
    echo "#include \"$user\""
} >"$work/before.cpp"
for testing in -UDAEMONIZE_TESTING -DDAEMONIZE_TESTING; do
    echo "After $3, with $testing:"
    # shellcheck disable=SC2086 # a list
    "$compiler" $flags $testing -include "$header" "$user"
    echo "Before $3, with $testing:"
    # shellcheck disable=SC2086 # a list
    "$compiler" $flags $testing "$work/before.cpp"
done
