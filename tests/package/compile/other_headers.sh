#!/bin/sh
# sh other_headers.sh INCLUDE COMPILER: the header compiles before and after headers whose macros are common words: Qt's
# `signals`, Xlib's `Status` and `None`, curses' `clear`, the BSDs' `isset`. A machine without one of them skips that one.
set -eu
command -v "$2" >/dev/null || { echo "SKIPPED: $2 is not installed"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing='' failed=0

compiles() {
    "$compiler" -std=c++17 -fPIC -Wall -Wextra -Werror -DDAEMONIZE_TESTING -I "$include" $flags -fsyntax-only "$1"
}

include=$1 compiler=$2
for header in QtCore/QObject X11/Xlib.h X11/Xutil.h curses.h sys/param.h; do
    flags=''
    case $header in
        Qt*) flags=$(pkg-config --cflags Qt6Core 2>/dev/null || pkg-config --cflags Qt5Core 2>/dev/null || true) ;;
    esac
    flags=$(echo "$flags" | sed 's/-I/-isystem /g')
    printf '#include <%s>\n' "$header" >"$work/alone.cpp"
    compiles "$work/alone.cpp" >/dev/null 2>&1 || { missing="$missing $header"; continue; }
    printf '#include <%s>\n#include <daemonize.hpp>\n' "$header" >"$work/before.cpp"
    printf '#include <daemonize.hpp>\n#include <%s>\n' "$header" >"$work/after.cpp"
    for order in before after; do
        compiles "$work/$order.cpp" 2>"$work/log" && continue
        echo "$header $order the library:"
        grep -m 5 error "$work/log"
        failed=1
    done
done
[ -z "$missing" ] || echo "not on this machine:$missing"
[ -z "$missing" ] || [ -z "${DAEMONIZE_NO_SKIP:-}" ] || failed=1
exit $failed
