#!/bin/sh
# sh compile.sh link|check INCLUDE COMPILER [FLAG...]: compiles the files in compile/ by a compiler for Windows, and with
# `link` makes one program of all.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mode=$1 include=$2
shift 2
. "$here/../support/skip.sh"
need_programs "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set -- "$@" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "$include" "$here"/compile/*.cpp
case $mode in
    link) "$@" -static -o "$work/program.exe" ;;
    check) "$@" -fsyntax-only ;;
esac
