#!/bin/sh
# sh wine.sh WORK: times the starts of a service by WinService and of a service written by hand, in a new Wine prefix in
# WORK. Prints both medians, in milliseconds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec </dev/null
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
rm -rf "$1"
mkdir -p "$1"
work=$(cd "$1" && pwd)
export WINEDEBUG=-all WINEPREFIX="$work/prefix" LC_ALL=C.UTF-8
flags='-O2 -static -s -DUNICODE'
sources=$here/programs/windows
# shellcheck disable=SC2086 # several flags
{
    x86_64-w64-mingw32-g++-win32 -std=c++17 $flags -I"$here/../../../include" "$sources/win_service.cpp" -o "$work/win_service.exe"
    x86_64-w64-mingw32-g++-win32 -std=c++17 $flags "$sources/time_starts.cpp" -o "$work/time_starts.exe"
    x86_64-w64-mingw32-gcc-win32 $flags "$sources/raw_service.c" -o "$work/raw_service.exe"
}
timeout "$((5 * patience))" wineboot -i >"$work/boot.log" 2>&1
timeout "$((5 * patience))" wineserver -w # a Wine that still boots takes one service's start for another's
cd "$work"
timeout "$((5 * patience))" wine time_starts.exe 40 | tr -d '\r'
timeout "$patience" wineserver -k || true
