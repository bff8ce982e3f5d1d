#!/bin/sh
# sh tests/proof/coverage/run.sh [--soak]: line and branch coverage of include/ by the native suite, run as the calling
# user.
#   --soak  every line that is not covered must stand in the list `uncovered` beside this file, with its reason; puts the
#           figures into README.md
# DAEMONIZE_BUILD_DIR is the build directory (default: build). The counters of clang are in files that all processes
# map, so that the counters of a process that ends by _exit(2), by exec(2) or by a signal count too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/coverage
. "$top/tests/support/setup/packages.sh"
soak=''
case $#:${1:-} in
    0:) ;;
    1:--soak) soak=1 ;;
    *)
        echo 'usage: sh tests/proof/coverage/run.sh [--soak]' >&2
        exit 2 ;;
esac
# shellcheck disable=SC2086 # lists of packages
install_missing $native_packages $host_packages llvm
# The tests that want these say so where there are none.
DAEMONIZE_SUPER_SERVERS=$(sh "$top/tests/support/setup/super_servers.sh") || DAEMONIZE_SUPER_SERVERS=''
export DAEMONIZE_SUPER_SERVERS
started=$(date +%s)

mkdir -p "$build/counts"
build=$(cd "$build" && pwd)
# Built into the programs, as some tests run them with an environment of their own.
flags="-gline-tables-only -fcoverage-mapping -fprofile-update=atomic"
flags="$flags -fprofile-instr-generate=$build/counts/%m%c.profraw -mllvm -runtime-counter-relocation"
if ! { cmake -S "$top" -B "$build" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS="$flags" -DDAEMONIZE_INSTALL=OFF \
    -DDAEMONIZE_TEST_SINGLE_HEADER=OFF && cmake --build "$build" --parallel "$(nproc)"; } >"$build.log" 2>&1; then
    cat "$build.log"
    exit 1
fi
# Each program's file is there, and everybody's to write, before a test runs it as somebody else. An example becomes a
# daemon, which ends with the name space.
rm -f "$build"/counts/*
programs=$(find "$build/tests" "$build/examples" -type f -executable ! -name '*.sh')
for program in $programs; do
    (cd "$build" && timeout "$((${DAEMONIZE_PATIENCE:-60} / 12))" unshare -rpf --kill-child "$program" --list-tests >/dev/null 2>&1 </dev/null) || true
done
chmod 1777 "$build/counts"
chmod 666 "$build"/counts/*
status=0
DAEMONIZE_PATIENCE=$(sh "$top/tests/support/setup/patience.sh")
export DAEMONIZE_PATIENCE
ctest --test-dir "$build" --parallel "$(nproc)" --timeout "$((20 * DAEMONIZE_PATIENCE))" --label-exclude '^(compile|wine|proof)$' --exclude-regex '^host/(systemd|openrc)' \
    >"$build.tests.log" 2>&1 || status=$?
[ "$status" -eq 0 ] || sed -n '/^The following tests FAILED/,$p' "$build.tests.log"

# Program by program: one header's functions differ where a program has a seam of its own, and the best count is the line's.
llvm-profdata merge -sparse "$build"/counts/*.profraw -o "$build/all.profdata"
for program in $programs; do
    llvm-cov export -format=lcov -instr-profile="$build/all.profdata" "$program" "$top/include" 2>/dev/null || true
done | awk -v top="$top/include/daemonize/" '
    /^SF:/ { file = substr($0, 4); ours = index(file, top) == 1; file = substr(file, length(top) + 1) }
    ours && /^DA:/ { split(substr($0, 4), at, ","); lines[file "\t" at[1]] += at[2] }
    ours && /^BRDA:/ {
        split(substr($0, 6), at, ",")
        branches[file "\t" at[1] "\t" at[2] "\t" at[3]] += at[4] == "-" ? 0 : at[4]
    }
    END {
        for (line in lines) print "line\t" line "\t" (lines[line] > 0)
        for (branch in branches) print "branch\t" branch "\t" (branches[branch] > 0)
    }' >"$build/counted"
# percent KIND: how much of these lines, or of the two ways out of each condition, was gone through
percent() {
    awk -F '\t' -v kind="$1" '$1 == kind { all++; hit += $NF } END { printf "%.1f %% (%d of %d)", 100 * hit / all, hit, all }' \
        "$build/counted"
}
awk -F '\t' '$1 == "line" && $NF == 0 { print $2 "\t" $3 }' "$build/counted" | sort -k1,1 -k2,2n |
    while IFS="$(printf '\t')" read -r file line; do
        printf '%s: %s\n' "$file" "$(sed -n "${line}s/^ *//p" "$top/include/daemonize/$file")"
    done | grep -v ': }*$' | sort >"$build/uncovered" || true
# A line that stands twice in a file must stand twice in the list.
sed '/^#/d; /^$/d' "$here/uncovered" | sort >"$build/known"
comm -23 "$build/uncovered" "$build/known" >"$build/unexplained"
figures() {
    echo "lines $(percent line), branches $(percent branch)"
    echo "not covered: $(wc -l <"$build/uncovered") lines, $(wc -l <"$build/unexplained") of them without a reason in the list"
    echo "time: $(($(date +%s) - started)) s on $(nproc) cores"
}
cat "$build/unexplained"
echo 'coverage of include/:'
figures
[ "$status" -eq 0 ] || exit 1
if [ -n "$soak" ]; then
    [ ! -s "$build/unexplained" ] || exit 1
    figures | sed 's/^/- /' | sh "$top/tests/support/setup/readme_section.sh" coverage
fi
