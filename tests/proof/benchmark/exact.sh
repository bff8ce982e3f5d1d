#!/bin/sh
# sh tests/proof/benchmark/exact.sh: measures the figures that do not depend on the load of the machine: system calls,
# instructions, preprocessed lines, headers, size. Prints a line for each, beside its figure in the file figures, names
# each figure that grew, and fails above twice the figure. Needs root, because the pid file is in /run.
# DAEMONIZE_BUILD_DIR is the build directory (default: build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/exact
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
. "$top/tests/support/setup/packages.sh"
. "$top/tests/support/skip.sh"
install_missing g++ strace valgrind
need_root
need_success 'write to /run' test -w /run
need_pid_files
need_success 'trace a process' strace -o /dev/null true
mkdir -p "$build"
program=daemonize_start
for source in "$here/programs/$program.cpp" "$here/tools/reaper.cpp" "$here/tools/end.cpp" "$top/examples/minimal.cpp"; do
    g++ -std=c++17 -O2 -s -I"$top/include" "$source" -o "$build/$(basename "$source" .cpp)"
done
work=$(mktemp -d)
# In a directory of the system's: each one above it is looked at.
pid_file=/run/$program.$$.pid
trap 'rm -rf "$work" "$pid_file"' EXIT
failed=0

# report WHAT FIGURE
report() {
    known=$(awk -F '\t' -v what="$1" '$1 == what { print $2 }' "$here/figures")
    printf '%s\t%s\t%s\n' "$1" "$2" "${known:?"no figure for \"$1\""}"
    [ "$2" -le "$known" ] || echo "$0: $1 grew from $known to $2" >&2
    [ "$2" -le "$((2 * known))" ] || { echo "$0: $1: $2 is more than twice $known" >&2; failed=1; }
}

# The launcher's calls, then those of the intermediate process, then the daemon's, which ends them by its pause.
trace() {
    "$build/reaper" timeout "$patience" strace -f -qq -o "$work/trace" "$build/$program" "$pid_file" &
    tracer=$!
    # The daemon may be there before its launcher, whose line is the first, has left.
    timeout "$patience" sh -c 'until grep -qs "pause(" "$1" && grep -qs "^$(head -n 1 "$1" | cut -d " " -f 1) .*exit_group(" "$1"
                      do :; done' sh "$work/trace"
    "$build/end" $program
    wait $tracer
    awk '/resumed>|\+\+\+|---|pause\(/ { next }
         !($1 in role) { role[$1] = ++roles }
         { sub(/\(.*/, "", $2); print role[$1], $2 }' "$work/trace" |
        sort -s -k 1,1n | sed 's/^1/launcher/; s/^2/intermediate/; s/^3/daemon/'
}

# The calls before main end with the first growth of the heap.
trace | awk '/^launcher brk/ { count = 0; next } { line[++count] = $0 } END { for (i = 1; i <= count; ++i) print line[i] }' \
    >"$work/calls"
awk '!/^#/ { print $1, $2 }' "$here/launch_calls" >"$work/expected"
if ! diff "$work/expected" "$work/calls" >&2; then
    echo "$0: a launch does not make the system calls of the list launch_calls" >&2
    failed=1
fi
report 'system calls of a default launch' "$(wc -l <"$work/calls")"

# A forked process's count begins with its parent's: the daemon's holds that of the intermediate process.
"$build/reaper" sh -c 'echo $$ >"$0" && exec "$@"' "$work/launcher" \
    valgrind -q --tool=callgrind --callgrind-out-file="$work/callgrind.%p" "$build/$program" "$pid_file" 2>/dev/null
pid=$(cat "$pid_file")
kill "$pid"
timeout "$patience" sh -c 'while kill -0 "$1" 2>/dev/null; do :; done' sh "$pid"
report 'instructions of launcher and daemon, in thousands' \
    "$(awk '/^totals:/ { sum += $2 } END { printf "%d", sum / 1000 }' \
        "$work/callgrind.$(cat "$work/launcher")" "$work/callgrind.$pid")"

preprocess() {
    g++ -std=c++17 -I"$top/include" "$@" "$here/programs/include_only.cpp"
}
report 'preprocessed lines of #include <daemonize.hpp>' "$(preprocess -E -P | wc -l)"
report 'of iostream, thread, filesystem, regex, functional and chrono it includes' \
    "$(preprocess -M | tr ' ' '\n' | grep -cE '/(iostream|thread|filesystem|regex|functional|chrono)$' || true)"
report 'KiB of the stripped -O2 binary of minimal' "$(($(wc -c <"$build/minimal") / 1024))"
exit $failed
