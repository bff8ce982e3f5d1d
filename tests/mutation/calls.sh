#!/bin/sh
# sh tests/mutation/calls.sh [PATTERN]: leaves out the library's system calls, one at a time, and says for each which
# test then fails. "SURVIVED" is a call that no test misses; the list "unnoticed" says of some calls why none could.
# PATTERN: only the calls whose "file.hpp:LINE name" holds it.
# As root it covers what only root can do, in namespaces of its own, since a mutant may leave any file or process behind.
# DAEMONIZE_BUILD_DIR is where to build (default: build).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/mutation
pattern=${1:-}

# number_calls: the copy of the library, and the list of its calls.
number_calls() {
    rm -rf "$build/include.new"
    mkdir -p "$build/include.new" "$build/include"
    cp -R "$top/include/." "$build/include.new"
    # The seam itself stays: the tests of the seam define it. Windows' calls are made on Windows alone.
    find "$build/include.new" -name '*.hpp' ! -name platform.hpp ! -path '*/windows/*' | sort | while read -r file; do
        awk -v place="${file##*/}" -v list="$build/sites.new" -v count="$build/count" '
            BEGIN { getline number <count; number += 0 }
            {
                source = $0
                sub(/^ */, "", source)
                line = ""
                rest = $0
                while (source !~ /^\/\// && match(rest, /DAEMONIZE_SYSTEM\([a-z_0-9]+\)/)) {
                    call = substr(rest, RSTART + 17, RLENGTH - 18)
                    line = line substr(rest, 1, RSTART - 1) "MUTATED_SYSTEM(" number ", " call ")"
                    rest = substr(rest, RSTART + RLENGTH)
                    printf "%d\t%s:%d\t%s\t%s\n", number++, place, NR, call, source >>list
                }
                print line rest
            }
            END { close(count); print number >count }' "$file" >"$file.mutated"
        mv "$file.mutated" "$file"
    done
    # What has not changed keeps its time, so that it is not built again.
    (cd "$build/include.new" && find . -type f) | while read -r file; do
        cmp -s "$build/include.new/$file" "$build/include/$file" && continue
        mkdir -p "$build/include/${file%/*}"
        mv "$build/include.new/$file" "$build/include/$file"
    done
    rm -rf "$build/include.new"
}

# Calls for other systems are in the list, but not in what is compiled here.
only_compiled() {
    ${CXX:-c++} -std=c++17 -E -P -I"$build/include" -include "$here/site.hpp" "$build/include/daemonize.hpp" |
        grep -o '::mutation::mutated( *[0-9]*' | grep -o '[0-9]*$' >"$build/compiled"
    awk -F '\t' 'NR == FNR { compiled[$1] = 1; next } $1 in compiled' "$build/compiled" "$build/sites.new" \
        >"$build/sites"
}

if [ -z "${DAEMONIZE_MUTATION_INSIDE:-}" ]; then
    mkdir -p "$build"
    build=$(cd "$build" && pwd)
    cp "$here/unnoticed" "$build/unnoticed"
    rm -f "$build/sites.new" "$build/count"
    echo 0 >"$build/count"
    number_calls
    only_compiled
    if ! { cmake -S "$here" -B "$build/programs" -DMUTATED_INCLUDE="$build/include" &&
        cmake --build "$build/programs" --target mutated --parallel "$(nproc)"; } >"$build/log" 2>&1; then
        cat "$build/log"
        exit 2
    fi
    alone='unshare --mount --propagation private --pid --fork --kill-child --mount-proc'
    if [ "$(id -u)" -eq 0 ] && $alone true 2>/dev/null; then
        export DAEMONIZE_MUTATION_INSIDE=1
        exec $alone env DAEMONIZE_BUILD_DIR="${build%/mutation}" sh "$here/calls.sh" "$pattern"
    fi
else
    # The build directory may lie below what is hidden.
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/mutation
    mount --bind "$build" /run/mutation
    mount -t tmpfs -o mode=755 tmpfs /var/log
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    build=/run/mutation
fi
unset DAEMONIZE_MUTATION_INSIDE
cd /
exec "$build/programs/driver" "$build/sites" "$build/unnoticed" "$(nproc)" "$pattern" "$build/programs"/*_mutated
