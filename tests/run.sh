#!/bin/sh
# sh tests/run.sh [--native] [--fresh] [--soak]: builds and runs every test. Installs missing packages first.
#   --native  only the tests that need no other machine, emulator or fetched compiler
#   --soak    the long forms of the checks, in place of the short forms; the figures go into README.md
#   --fresh   also runs this script and examples/run.sh on a bare Debian, which takes many minutes more
# DAEMONIZE_BUILD_DIR is the build directory (default: build). With DAEMONIZE_NO_SKIP=1 a skipped test is a failure,
# except a test that the machine cannot run.
# shellcheck disable=SC2086 # lists of packages, and commands with their arguments
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}
. "$top/tests/support/setup/packages.sh"
. "$top/tests/support/setup/wine_packages.sh"
. "$top/tests/support/setup/results.sh"
. "$top/tests/support/setup/dynamic_checks.sh"
. "$top/tests/support/setup/static_checks.sh"
exec </dev/null

native='' fresh='' soak='' as='' left_out='^$'
for option in "$@"; do
    case $option in
        --native) native=1 left_out='^(compile/(zig|beside/|windows/)|wine/|host/(systemd/|openrc|(xinetd|inetd|s6|runit|daemontools|node):))' ;;
        --fresh) fresh=1 ;;
        --soak) soak=--soak ;;
        *)
            echo 'usage: sh tests/run.sh [--native] [--fresh] [--soak]' >&2
            exit 2 ;;
    esac
done

# build_in DIRECTORY SOURCE CMAKE_ARGUMENT...
build_in() {
    directory=$1 source=$2
    shift 2
    with_progress "$directory.log" $as cmake -S "$source" -B "$directory" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" &&
        with_progress "$directory.log" $as cmake --build "$directory" --parallel "$(nproc)" && return 0
    cat "$directory.log"
    return 1
}

# suite LABEL DIRECTORY SOURCE RAN_BEFORE CTEST_EXCLUDE CMAKE_ARGUMENT...
suite() {
    label=$1 directory=$2 source=$3 ran_before=$4 exclude=$5
    shift 5
    section "$label"
    if build_in "$directory" "$source" "$@"; then
        run_ctest "$label" "$directory" "$ran_before" $as ctest --test-dir "$directory" --parallel "$(nproc)" \
            --output-on-failure --exclude-regex "$exclude"
    else
        fail_check "$label (does not build)"
    fi
    end_section
}

# Root has rights that hide missing rights of other users. So root runs the suite again as an ordinary user, in a copy
# of the tree that the user owns, because the user may not be able to enter the tree itself.
suite_as_ordinary_user() {
    copy=$(mktemp -d) || exit 1
    trap 'rm -rf "$copy"' EXIT
    trap 'exit 1' HUP INT TERM
    sh "$top/tests/support/setup/copy_tree.sh" "$copy/daemonize"
    mkdir "$copy/build"
    chmod 755 "$copy"
    chown -R daemon: "$copy"
    as="setpriv --reuid=daemon --regid=daemon --init-groups env -u XDG_RUNTIME_DIR -u DAEMONIZE_NO_SKIP
        HOME=$copy USER=daemon LOGNAME=daemon DAEMONIZE_BUILD_DIR=$copy/build"
    # The compile tests give the same results for every user.
    suite 'suite as an ordinary user' "$copy/build/native" "$copy/daemonize" "$build/native/results" "^(compile|modules|wine|host/(systemd|openrc))(/|$)|$left_out" \
        -DDAEMONIZE_INSTALL=OFF
    check 'examples/run.sh as an ordinary user' $as sh "$copy/daemonize/examples/run.sh"
    as=''
}

wanted=$native_packages
[ -n "$native" ] || wanted="$wanted $zig_packages $wine_packages $macro_packages $host_packages $systemd_packages"
[ -z "$fresh" ] || wanted="$wanted $fresh_packages"
install_missing $wanted || can_build || exit 1
mkdir -p "$build" || exit 1
[ -z "$soak" ] || export DAEMONIZE_SOAK=1
if [ -z "$native" ]; then
    echo 'Looking for zig and the super-servers, and fetching what is missing'
    begin_progress echo '    still fetching'
    # Without zig the tests that need zig are skipped.
    DAEMONIZE_ZIG=$(sh "$top/tests/support/setup/zig.sh") || DAEMONIZE_ZIG=''
    DAEMONIZE_SUPER_SERVERS=$(sh "$top/tests/support/setup/super_servers.sh") || DAEMONIZE_SUPER_SERVERS=''
    end_progress
    export DAEMONIZE_ZIG DAEMONIZE_SUPER_SERVERS
fi

suite 'suite' "$build/native" "$top" '' "$left_out"
[ "$(id -u)" -ne 0 ] || suite_as_ordinary_user
check 'examples/run.sh' sh "$top/examples/run.sh"
check_valgrind "$build/native/examples/minimal"
sanitized_suite "$build/sanitize"
check_format
check_tidy "$build/sanitize"
# Its option unquoted, since there may be none.
check 'ThreadSanitizer, cppcheck and -fanalyzer' sh "$top/tests/support/setup/analysers.sh" $soak
if [ "$(id -u)" -eq 0 ]; then
    check 'what a launch costs' sh "$top/tests/proof/benchmark/exact.sh"
else
    skip 'what a launch costs (only root may write to /run)'
fi
for proof in races faults fuzz mutation; do
    check "$proof" sh "$top/tests/proof/$proof/run.sh" $soak
done
if [ -n "$soak" ]; then
    check 'one failure at a time, beside others' sh "$top/tests/proof/faults/compare.sh"
    check 'coverage' sh "$top/tests/proof/coverage/run.sh" --soak
    [ -n "$native" ] || check 'a thousand starts and stops under Wine' sh "$top/tests/windows/soak.sh"
fi
[ -z "$fresh" ] || check 'a bare Debian' sh "$top/tests/hosts/fresh_debian.sh"
summary
