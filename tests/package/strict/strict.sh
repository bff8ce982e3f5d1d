#!/bin/sh
# sh strict.sh INCLUDE COMPILER [FLAG...]: user.cpp compiles without a warning, with every warning that a project may
# enable, if the header belongs to the project (by add_subdirectory, or as a copied file) and is no system header.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1 compiler=$2
shift 2
. "$here/../../support/skip.sh"
need_programs "$compiler"

warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Wold-style-cast -Wundef -Wswitch-enum
    -Wnull-dereference -Wzero-as-null-pointer-constant -Wfloat-equal -Wstrict-aliasing=1'
without() {
    warnings="$warnings -Wno-$1"
}
case $compiler in
    *clang*)
        warnings="$warnings -Weverything"
        without unknown-warning-option # versions of clang differ in the warnings that follow
        # The library is C++17.
        without c++98-compat
        without c++98-compat-pedantic
        without c++98-compat-local-type-template-args
        without pre-c++14-compat
        without pre-c++17-compat
        without pre-c++17-compat-pedantic
        without pre-c++20-compat-pedantic
        without documentation-unknown-command # NAME@INSTANCE is no command of Doxygen
        # Objects that live as long as the process: one of them removes its pid file when it exits.
        without global-constructors
        without exit-time-destructors
        without weak-vtables             # a header has no source file for a virtual table
        without disabled-macro-expansion # macros of the C library, such as sa_handler, expand to their own name
        without padded                   # a note on the layout of a type, and no fault
        without unsafe-buffer-usage      # system calls take pointers
        without switch-default ;;        # contradicts -Wcovered-switch-default
    *mingw*) warnings="$warnings -Wuseless-cast" ;;
    # Functions that nobody calls are compiled as well: -Wnull-dereference finds nothing in others.
    *) warnings="$warnings -Wuseless-cast -fkeep-inline-functions" ;;
esac
# shellcheck disable=SC2086 # lists of flags
"$compiler" "$@" $warnings -Werror -I "$include" -fsyntax-only "$here/user.cpp"
# The warnings of the optimizer, such as -Wnull-dereference, take long, and do not depend on the standard.
case $* in *c++17*) ;; *) exit 0 ;; esac
# shellcheck disable=SC2086
"$compiler" "$@" -O2 $warnings -DDAEMONIZE_TESTING -Werror -I "$include" -c "$here/user.cpp" -o /dev/null
