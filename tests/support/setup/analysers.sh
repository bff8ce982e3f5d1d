#!/bin/sh
# sh tests/support/setup/analysers.sh [--soak]: checks the library with several threads under ThreadSanitizer, and by
# cppcheck and g++ -fanalyzer.
#   --soak  the whole suite of FakeScm under ThreadSanitizer too, and cppcheck over the Windows code
# DAEMONIZE_BUILD_DIR is the build directory (default: build). ASan, UBSan and valgrind are in dynamic_checks.sh,
# clang-tidy in static_checks.sh.
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/analysers
. "$top/tests/support/setup/packages.sh"
soak=''
case ${1:-} in
    '') ;;
    --soak) soak=1 ;;
    *)
        echo 'usage: sh tests/support/setup/analysers.sh [--soak]' >&2
        exit 2 ;;
esac
install_missing g++ clang libclang-rt-dev catch2 cppcheck
mkdir -p "$build"
started=$(date +%s)
failed=''

# note NAME STATUS
note() {
    if [ "$2" -eq 0 ]; then echo "$1: clean"; else echo "$1: findings" && failed=1; fi
}

# Events, Notifier and the core of WinService, each with several threads. Tests that fork are left out, because a child
# has only one thread. From version 3 on, the main of Catch2 is in its library.
threads() {
    sources="$top/tests/proof/threads/posix.cpp $top/tests/proof/threads/win_service.cpp $top/tests/support/catch_main.cpp"
    [ -z "$soak" ] || sources="$sources $(echo "$top"/tests/scm/fake_scm*.cpp)"
    library=''
    [ ! -f /usr/include/catch2/catch_all.hpp ] || {
        library='-lCatch2Main -lCatch2'
        sources=$(echo "$sources" | sed 's| [^ ]*catch_main.cpp||')
    }
    rm -f "$build"/*.o
    # shellcheck disable=SC2086 # lists of files and libraries
    printf '%s\n' $sources | xargs -I '{}' -P "$(nproc)" sh -c 'cd "$1" && clang++ -std=c++17 -g -O1 -fsanitize=thread \
        -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DDAEMONIZE_TESTING -I "$2/include" -I "$2/tests" \
        -c "$3"' sh "$build" "$top" '{}' &&
        clang++ -fsanitize=thread "$build"/*.o $library -o "$build/threads" &&
        TSAN_OPTIONS=halt_on_error=1 timeout "$((10 * ${DAEMONIZE_PATIENCE:-60}))" "$build/threads"
}

# check_headers UNIT FLAG...: checks all headers, through a unit that includes them.
check_headers() {
    unit=$build/$1.cpp
    shift
    echo '#include <daemonize.hpp>' >"$unit"
    cppcheck --quiet --std=c++17 --language=c++ --library=posix,gnu --enable=warning,performance,portability \
        --error-exitcode=1 --inline-suppr --suppressions-list="$top/tests/support/setup/cppcheck.suppressions" \
        --suppress=missingIncludeSystem -I "$top/include" "$@" "$unit"
}

# The check for uninitialized values reports the return values of C++ functions.
analyse() {
    g++ -std=c++17 -fno-exceptions -fanalyzer -Wno-analyzer-use-of-uninitialized-value -Werror -I "$top/include" \
        -c "$top/tests/support/setup/analysed.cpp" -o /dev/null
}

# A kernel that places memory elsewhere, and refuses personality(2), runs no program under ThreadSanitizer.
echo 'int main() {}' >"$build/probe.cpp"
clang++ -fsanitize=thread "$build/probe.cpp" -o "$build/probe"
unable=''
said=$("$build/probe" 2>&1) || unable="run a program under ThreadSanitizer: $(echo "$said" | head -n 1)"
if [ -z "$unable" ]; then
    status=0
    threads || status=$?
    note 'ThreadSanitizer' "$status"
fi
status=0
check_headers posix -D__linux__ -D__unix__ -D__GNUC__=12 -D__cplusplus=201703L || status=$?
note 'cppcheck' "$status"
if [ -n "$soak" ]; then
    status=0
    check_headers windows -D_WIN32 -D__GNUC__=12 -D__cplusplus=201703L || status=$?
    note 'cppcheck, for Windows' "$status"
fi
status=0
analyse || status=$?
note 'g++ -fanalyzer' "$status"
echo "time: $(($(date +%s) - started)) s on $(nproc) cores"
[ -z "$failed" ] || exit 1
[ -z "$unable" ] || echo "LEFT OUT: this machine cannot $unable"
