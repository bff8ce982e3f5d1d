#!/bin/sh
# sh light.sh INCLUDE COMPILER: <daemonize.hpp> includes no standard header that is slow to compile. The headers of
# libstdc++ are finely split, so a slow header in the list is included by the library, or by a header that the library
# includes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1
shift
reached=$("$@" -std=c++17 -M -I "$include" "$here/alone.cpp" | tr ' ' '\n')
echo "$reached" | grep -q '/daemonize\.hpp$'
! echo "$reached" | grep -E '/(iostream|thread|filesystem|regex|functional|chrono)$'
