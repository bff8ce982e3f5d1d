#!/bin/sh
# sh layout.sh INCLUDE: checks the rules that the files of INCLUDE/daemonize follow, and prints a line for each break.
#   - Folders include each other without a circle.
#   - posix and windows never include each other, and core, service and scm include neither.
#   - core, service, scm and testing include no platform header, that is, no <header.h> and no <folder/header>.
#   - A file has at most 400 lines, a folder at most 16 files, and every byte is printable ASCII.
set -eu
export LC_ALL=C
cd "$1/daemonize"
broken=$(mktemp)
trap 'rm -f "$broken"' EXIT
files=$(find . -type f | sed 's|^\./||' | sort)

for file in $files ../daemonize.hpp; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || echo "$file has $lines lines" >>"$broken"
    grep -n '[^ -~]' "$file" /dev/null | cut -d: -f1,2 | sed 's/$/: a byte that is not printable ASCII/' >>"$broken" || true
done

for folder in $(find . -type d | sed 's|^\./||'); do
    count=$(find "$folder" -maxdepth 1 -type f | wc -l)
    [ "$count" -le 16 ] || echo "$folder has $count files" >>"$broken"
done

# shellcheck disable=SC2086 # a list of files
awk '
    # posix, of posix/launch
    function system_of(folder) { sub(/\/.*/, "", folder); return folder }

    # A file of no folder is a folder by itself.
    function folder_of(path) { return sub(/\/[^\/]*$/, "", path) ? path : path }

    function resolve(file, name,    parts, kept, count, i, n, path) {
        if (!sub(/\/[^\/]*$/, "", file)) file = ""
        count = split(file == "" ? name : file "/" name, parts, "/")
        n = 0
        for (i = 1; i <= count; ++i) if (parts[i] == "..") --n; else kept[++n] = parts[i]
        path = kept[1]
        for (i = 2; i <= n; ++i) path = path "/" kept[i]
        return path
    }

    { from = folder_of(FILENAME); low = system_of(from) ~ /^(core|service|scm)$/ }

    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        to = folder_of(resolve(FILENAME, quoted[2]))
        seen[from]; seen[to]
        if (from != to) edge[from, to] = edge[from, to] "\n    " FILENAME " includes " resolve(FILENAME, quoted[2])
        there = system_of(to)
        if (low && there ~ /^(posix|windows)$/ || from ~ /^posix\// && there == "windows" || from ~ /^windows\// && there == "posix")
            print FILENAME " includes " resolve(FILENAME, quoted[2])
    }

    # testing/posix_thread.hpp alone stands for <thread>, which is slow to compile.
    /^[ \t]*#[ \t]*include[ \t]*<[^>]*(\.h|\/)/ && (low || from == "testing") && FILENAME != "testing/posix_thread.hpp" {
        print FILENAME " includes a platform header: " $0
    }

    # A folder that includes only removed folders is on no circle, and is removed. A folder that only removed folders
    # include is removed too. The rest is on a circle, or between two circles.
    END {
        do {
            again = 0
            for (folder in seen) {
                out = into = 0
                for (pair in edge) {
                    split(pair, ends, SUBSEP)
                    if (ends[1] == folder && ends[2] in seen) out = 1
                    if (ends[2] == folder && ends[1] in seen) into = 1
                }
                if (!out || !into) { delete seen[folder]; again = 1 }
            }
        } while (again)
        for (pair in edge) {
            split(pair, ends, SUBSEP)
            if (ends[1] in seen && ends[2] in seen) print "on a circle: " ends[1] " -> " ends[2] edge[pair]
        }
    }' $files >>"$broken"

cat "$broken"
[ ! -s "$broken" ]
