#!/bin/sh
# sh readme_section.sh [--figures] NAME [README]: writes standard input into README.md, between the lines "<!-- NAME:
# COMMAND -->" and "<!-- end of NAME -->", so that no figure there is written by hand. With --figures the lines are a
# code block, with the date.
set -eu
figures=''
[ "$1" != --figures ] || { figures=1; shift; }
name=$1
readme=${2:-$(cd "$(dirname "$0")/../../.." && pwd)/README.md}
text=$(mktemp) && new=$(mktemp "$readme.XXXXXX")
trap 'rm -f "$text" "$new"' EXIT
if [ -n "$figures" ]; then
    { echo '```text'; cat; echo "on $(date +%F), $(nproc) cores, Linux $(uname -r | cut -d- -f1)"; echo '```'; } >"$text"
else
    cat >"$text"
fi
awk -v first="<!-- $name:" -v last="<!-- end of $name -->" -v text="$text" '
    $0 == last { inside = 0; ends++ }
    !inside
    index($0, first) == 1 {
        inside = 1
        begins++
        while ((getline line <text) > 0) print line
    }
    END { exit begins != 1 || ends != 1 }' "$readme" >"$new" || {
    echo "$0: $readme has not one section \"$name\"" >&2
    exit 1
}
# Overwrites the file in place, so that its mode and its owner stay.
cat "$new" >"$readme"
