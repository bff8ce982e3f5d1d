#!/bin/sh
# sh compile.sh run|link INCLUDE COMPILER [FLAG...]: builds the files of this folder into one program, which also shows
# a missing `inline`, and runs the program if this machine can. COMPILER may be `zig`: DAEMONIZE_ZIG is the path of zig.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mode=$1 include=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$here/../../support/skip.sh"

# Whether this machine runs programs of this kind is asked of a trivial one: a kernel without 32-bit support refuses it.
run() {
    "$work/program" && return 0
    printf 'int main() { return 0; }\n' >"$work/probe.cpp"
    "$@" "$work/probe.cpp" -o "$work/probe" >"$work/log" 2>&1 || return 1
    status=0
    "$work/probe" 2>"$work/log" || status=$?
    # The shell's own status for a program that cannot be executed.
    [ "$status" -eq 126 ] || return 1
    case " $* " in *' -m32 '*) kind='32-bit programs' ;; *) kind="what $* builds" ;; esac
    skip_unable "run $kind: $(tail -n 1 "$work/log" | sed 's/.*: //')"
}

if [ "$1" = zig ]; then
    [ -n "${DAEMONIZE_ZIG:-}" ] || skip_missing 'zig, of tests/support/setup/zig.sh,'
    shift
    set -- "$DAEMONIZE_ZIG" c++ "$@"
fi
need_programs "$1"

"$@" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "$include" "$here"/*.cpp -o "$work/program" || {
    # The fault is the header's only if these flags build anything at all.
    printf '#include <string>\nint main() { return static_cast<int>(std::string().size()); }\n' >"$work/probe.cpp"
    "$@" "$work/probe.cpp" -o "$work/probe" >"$work/log" 2>&1 ||
        skip_missing "what $* builds a program with ($(grep -m 1 -i error "$work/log" || tail -n 1 "$work/log"))"
    exit 1
}
[ "$mode" = link ] || run "$@"
