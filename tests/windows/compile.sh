#!/bin/sh
# sh compile.sh INCLUDE COMPILER [FLAG...]: compiles the files in compile/, each alone and all as one program, by a
# compiler for Windows.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1
shift
. "$here/../support/skip.sh"
command -v "$1" >/dev/null || skip "$1 is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$@" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "$include" -static "$here"/compile/*.cpp -o "$work/program.exe"
