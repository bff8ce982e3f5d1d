#!/bin/sh
# sh tests/one.sh FILE [CATCH_ARGUMENT...]: builds one test file and runs it, e.g.
#     sh tests/one.sh tests/posix/steps/umask.cpp
#     sh tests/one.sh tests/posix/steps/umask.cpp 'a daemon has the umask that it was given'
# CXX is the compiler (default: g++), CXXFLAGS are further flags of the compiler. DAEMONIZE_BUILD_DIR is the build
# directory (default: build). With Catch2 version 2 the first run also builds the main of Catch2.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] && [ -f "$1" ] || { echo 'usage: sh tests/one.sh FILE [CATCH_ARGUMENT...]' >&2; exit 2; }
file=$1
shift
compiler=${CXX:-g++}
build=${DAEMONIZE_BUILD_DIR:-$top/build}/one/$(basename "$compiler")
program=$build/$(basename "$file" .cpp)
mkdir -p "$build"

# compile ARGUMENT...
compile() {
    # shellcheck disable=SC2086 # a list of flags
    "$compiler" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "$top/include" -I "$top/tests" \
        -pthread ${CXXFLAGS:-} "$@"
}

# As tests/CMakeLists.txt has it.
testing=''
case $(cd "$(dirname "$file")" && pwd)/ in "$top/tests/scm/"*) testing=-DDAEMONIZE_TESTING ;; esac

# A test that makes memory short needs the program's operator new.
replaced=''
case $file in *.memory.cpp) replaced=$top/tests/support/short_memory.cpp ;; esac

rm -f "$program"
if printf '#include <catch2/catch_test_macros.hpp>\n' | compile -x c++ -fsyntax-only - 2>/dev/null; then
    compile $testing "$file" ${replaced:+"$replaced"} -lCatch2Main -lCatch2 -o "$program"
else
    main=$build/catch_main.o
    [ -f "$main" ] || compile -c "$top/tests/support/catch_main.cpp" -o "$main" &
    compile $testing -c "$file" -o "$program.o"
    wait $!
    compile "$program.o" ${replaced:+"$replaced"} "$main" -o "$program"
fi
exec "$program" "$@"
