#!/bin/sh
# sh tests/run.sh [--all] [--soak] [--fresh]: installs missing packages, builds, and runs the quick tests, which need
# nothing but a compiler, CMake and Catch2.
#   --all    every test and every check, with the packages, emulators and bare systems that they need
#   --soak   as --all, with the long forms of the checks in place of the short forms; the figures go into README.md
#   --fresh  also runs this script without an option, and examples/run.sh, on bare Debian systems
# DAEMONIZE_BUILD_DIR is the build directory (default: build). With DAEMONIZE_NO_SKIP=1 a skipped test is a failure,
# except a test that the machine cannot run.
# shellcheck disable=SC2086 # lists of packages, and commands with their arguments
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}
. "$top/tests/support/setup/packages.sh"
. "$top/tests/support/setup/results.sh"
. "$top/tests/support/setup/dynamic_checks.sh"
. "$top/tests/support/setup/static_checks.sh"
exec </dev/null

all='' fresh='' soak='' as=''
for option in "$@"; do
    case $option in
        --all) all=1 ;;
        --soak) all=1 soak=--soak ;;
        --fresh) fresh=1 ;;
        -h | --help)
            sed -n '/^# sh tests/,/^# shellcheck/{/shellcheck/d;s/^# //p;}' "$0"
            exit ;;
        *)
            echo 'usage: sh tests/run.sh [--all] [--soak] [--fresh]' >&2
            exit 2 ;;
    esac
done
[ -z "$fresh" ] || [ "$(id -u)" -eq 0 ] || { echo 'tests/run.sh: only root can make the systems of --fresh' >&2; exit 2; }

copy='' loops=''
clean_up() {
    end_progress
    [ -z "$loops" ] || kill $loops
    [ -z "$copy" ] || rm -rf "$copy"
    loops='' copy=''
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# build_in DIRECTORY SOURCE CMAKE_ARGUMENT...
build_in() {
    directory=$1 source=$2
    shift 2
    with_progress "$directory.log" $as cmake -S "$source" -B "$directory" "$@" &&
        with_progress "$directory.log" $as cmake --build "$directory" --parallel "$(nproc)" && return 0
    cat "$directory.log"
    return 1
}

# suite LABEL DIRECTORY SOURCE RAN_BEFORE CTEST_SELECTION [CMAKE_ARGUMENT...]
suite() {
    label=$1 directory=$2 source=$3 ran_before=$4 selection=$5
    shift 5
    section "$label"
    if build_in "$directory" "$source" "$@"; then
        run_ctest "$label" "$directory" "$ran_before" $as ctest --test-dir "$directory" --parallel "$(nproc)" \
            --output-on-failure $selection
    else
        fail_check "$label (does not build)"
    fi
    end_section
}

# Root has rights that hide missing rights of other users. So root runs the suite again as an ordinary user, in a copy
# of the tree that the user owns, because the user may not be able to enter the tree itself.
suite_as_ordinary_user() {
    copy=$(mktemp -d) || exit 1
    sh "$top/tests/support/setup/copy_tree.sh" "$copy/daemonize"
    mkdir "$copy/build"
    chmod 755 "$copy"
    chown -R daemon: "$copy"
    as="setpriv --reuid=daemon --regid=daemon --init-groups env -u XDG_RUNTIME_DIR -u DAEMONIZE_NO_SKIP
        HOME=$copy USER=daemon LOGNAME=daemon DAEMONIZE_BUILD_DIR=$copy/build"
    # The compile tests give the same results for every user.
    suite 'suite as an ordinary user' "$copy/build/native" "$copy/daemonize" "$build/native/results" \
        '--label-exclude ^(compile|wine|proof)$ --exclude-regex ^host/(systemd|openrc)' \
        -DDAEMONIZE_INSTALL=OFF
    check 'examples/run.sh as an ordinary user' $as sh "$copy/daemonize/examples/run.sh"
    as=''
    clean_up
}

# Other programs keep both processors busy, and no quick test fails for that.
suite_beside_busy_loops() {
    for _ in 1 2 3 4 5 6 7 8; do
        (while :; do :; done) &
        loops="$loops $!"
    done
    suite 'quick tests beside eight busy loops' "$build/native" "$top" '' '--label-regex ^quick$'
    clean_up
}

every_test() {
    echo 'Looking for zig and the super-servers, and fetching what is missing'
    begin_progress echo '    still fetching'
    # Without zig the tests that need zig are skipped.
    DAEMONIZE_ZIG=$(sh "$top/tests/support/setup/zig.sh") || DAEMONIZE_ZIG=''
    DAEMONIZE_SUPER_SERVERS=$(sh "$top/tests/support/setup/super_servers.sh") || DAEMONIZE_SUPER_SERVERS=''
    end_progress
    export DAEMONIZE_ZIG DAEMONIZE_SUPER_SERVERS
    suite 'suite' "$build/native" "$top" '' '--label-exclude ^proof$'
    [ "$(id -u)" -ne 0 ] || suite_as_ordinary_user
    check 'examples/run.sh' sh "$top/examples/run.sh"
    check_valgrind "$build/native/examples/minimal"
    sanitized_suite "$build/sanitize"
    check_format
    check_tidy "$build/tidy"
    # No quotes: without --soak there is no argument.
    check 'ThreadSanitizer, cppcheck and -fanalyzer' sh "$top/tests/support/setup/analysers.sh" $soak
    check 'what a launch costs' sh "$top/tests/proof/benchmark/exact.sh"
    for proof in races faults fuzz mutation; do
        check "$proof" sh "$top/tests/proof/$proof/run.sh" $soak
    done
}

long_checks() {
    suite_beside_busy_loops
    check 'one failure at a time, beside others' sh "$top/tests/proof/faults/compare.sh"
    check 'coverage' sh "$top/tests/proof/coverage/run.sh" --soak
    check 'a thousand starts and stops under Wine' sh "$top/tests/windows/soak.sh"
}

wanted=$quick_packages
[ -z "$all" ] || wanted=$all_packages
[ -z "$fresh" ] || wanted="$wanted $fresh_packages"
install_missing $wanted || can_build || exit 1
mkdir -p "$build" && [ -w "$build" ] || {
    echo "tests/run.sh: cannot write in $build; DAEMONIZE_BUILD_DIR names another directory" >&2
    exit 1
}
measure_patience
[ -z "$soak" ] || export DAEMONIZE_SOAK=1
if [ -n "$all" ]; then
    every_test
else
    suite 'quick tests' "$build/native" "$top" '' '--label-regex ^quick$'
fi
[ -z "$soak" ] || long_checks
[ -z "$fresh" ] || check 'bare Debian systems' sh "$top/tests/hosts/fresh_debian.sh"
summary
