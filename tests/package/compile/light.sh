#!/bin/sh
# sh light.sh INCLUDE COMPILER: no standard header that is slow to compile is reached from <daemonize.hpp>.
# libstdc++ splits its headers finely, so what shows here by name was asked for by name, or by one that was.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1
shift
reached=$("$@" -std=c++17 -M -I "$include" "$here/alone.cpp" | tr ' ' '\n')
echo "$reached" | grep -q '/daemonize\.hpp$'
! echo "$reached" | grep -E '/(iostream|thread|filesystem|regex|functional|chrono)$'
