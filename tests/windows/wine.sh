#!/bin/sh
# sh wine.sh programs TREE WORK [storm]     builds the test programs for Windows in WORK, or those of storm.cpp alone
# sh wine.sh set_up WORK                    starts a Wine with the prefix WORK
# sh wine.sh program WORK MODEL NAME CASE   one case of programs/NAME.cpp, by the compiler with this thread model
# sh wine.sh fake_scm|event_log|memory_status|console|planted WORK other tests, each described below
# sh wine.sh service_life|service_reload|service_console|service_failures|service_arguments|service_directories|
#     service_instances WORK
#                                           the tests of service_programs.sh
# sh wine.sh tear_down WORK                 ends that Wine
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/skip.sh"
. "$here/service_programs.sh"
exec </dev/null
patience=${DAEMONIZE_PATIENCE:-60} # the seconds that one event may take
action=$1
shift
need_programs wine
for model in posix win32; do
    need_programs "x86_64-w64-mingw32-g++-$model"
done
# Paths and arguments beyond ASCII go through the locale.
export WINEDEBUG=-all LC_ALL=C.UTF-8
# A program that crashed and was looked at by Wine's debugger ends with success.
export WINEDLLOVERRIDES=winedbg.exe=d

fail() {
    echo "wine.sh: $*" >&2
    exit 1
}

# until_works COMMAND...: waits for something that Wine has no event for.
until_works() {
    # shellcheck disable=SC2016 # for the inner shell
    timeout "$patience" sh -c 'until "$@"; do sleep 0.1; done' sh "$@"
}

in_work() {
    work=$(cd "$1" && pwd)
    export WINEPREFIX="$work/prefix"
}

# build TREE MODEL SOURCE PROGRAM
build() {
    "x86_64-w64-mingw32-g++-$2" -std=c++17 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -static \
        -I "$1/include" "$1/$3" -o "$4"
}

# With a space and another alphabet in it: paths have to be quoted, and to survive.
directory_of() {
    echo "$work/$1 служба"
}

# build_tests TREE MODEL NAME...: builds programs/NAME.cpp.
build_tests() {
    tree=$1 model=$2
    shift 2
    for program in "$@"; do
        build "$tree" "$model" "tests/windows/programs/$program.cpp" "$(directory_of "$model")/$program.exe"
    done
}

build_others() {
    build_tests "$1" posix probe_service service_under_fake
    build_tests "$1" win32 service manage probe_service
    for model in posix win32; do
        build "$1" $model examples/service.cpp "$(directory_of $model)/timestampd.exe"
    done
    build "$1" posix examples/memory_status.cpp "$(directory_of posix)/memory_status.exe"
    build "$1" posix tests/windows/programs/planted.cpp "$work/planted.exe"
    build "$1" win32 examples/test_with_fake_scm.cpp "$work/fake.exe"
    build "$1" posix tests/windows/programs/write_event_log.cpp "$work/write_event_log.exe"
}

programs() {
    mkdir -p "$2"
    in_work "$2"
    mkdir -p "$(directory_of posix)" "$(directory_of win32)"
    build_tests "$1" posix service manage storm
    [ "${3:-}" != storm ] || return 0
    build_others "$1" &
    others=$!
    build_tests "$1" posix install refused asked_of_scm windows_system
    wait $others
}

set_up() {
    in_work "$1"
    rm -f "$(directory_of posix)/held.txt"
    timeout "$((5 * patience))" wineboot -i 2>"$work/boot.log" || fail "wineboot: status $?"
    timeout "$((5 * patience))" wineserver -w || fail 'Wine does not come to rest'
    hold
    ! timeout "$patience" wine manage.exe crash 2>/dev/null || fail 'a crash is a success'
    # A cold one can take another service's start for ours.
    timeout "$patience" wine manage.exe life || fail "the first life of a service: status $?"
}

# When the last ordinary program ends, Wine ends its services with it, and two programs that begin together may make two
# service control managers: this one stays as long as the tests run, and is there before they begin.
hold() {
    cd "$(directory_of posix)"
    setsid timeout "$((100 * patience))" wine manage.exe hold >/dev/null 2>&1 &
    until_works test -s held.txt || fail 'no program stays in Wine'
}

say() {
    echo "> $*"
    timeout "$patience" "$@" 2>&1 | tr -d '\r'
}

# expect WHAT TEXT: the transcript has a line with it.
expect() {
    grep -q -e "$1" "$work/transcript" || { cat "$work/transcript"; fail "no line with: $1"; }
}

# The MemoryStatus example, by its own verbs and by `wine sc` and `wine net`.
memory_status() {
    in_work "$1"
    cd "$(directory_of posix)"
    rm -f "$WINEPREFIX/drive_c/память.log"
    {
        say wine memory_status.exe install --log 'C:\память.log'
        say wine sc qc MemoryStatus
        say wine memory_status.exe start
        say wine memory_status.exe status
        say wine sc query MemoryStatus
        say wine memory_status.exe pause
        say wine memory_status.exe status
        say wine memory_status.exe continue
        say wine net stop MemoryStatus
        say wine net start MemoryStatus
        say wine memory_status.exe status
        say wine sc stop MemoryStatus
        say wine memory_status.exe stop
        say wine memory_status.exe status
        say wine memory_status.exe uninstall
        say wine memory_status.exe status
    } >"$work/transcript" || true
    cat "$work/transcript"
    expect '^paused$'
    expect 'MemoryStatus service was stopped successfully'
    expect 'MemoryStatus service was started successfully'
    expect 'cannot open the service MemoryStatus: .*1060'
    [ "$(grep -c '^running$' "$work/transcript")" -eq 2 ] || fail 'it was not running twice'
    [ "$(grep -c '^stopped$' "$work/transcript")" -eq 1 ] || fail 'it was not stopped'
    # Line by line, in this order, with others between them.
    awk 'NR != FNR { if ($0 == line[at + 1]) ++at; next }
         /^```/ { inside = 0 }
         /^> wine memory_status.exe install/ { inside = 1 }
         inside { line[++lines] = $0 }
         END { exit !(lines > 10 && at == lines) }' "$here/../../README.md" "$work/transcript" ||
        fail 'the transcript in the README is another one'
    # Once a start, at the least.
    [ "$(grep -c 'in use [0-9]* %, physical' "$WINEPREFIX/drive_c/память.log")" -ge 2 ] || fail 'the log is too short'
}

# Started by hand: the foreground at once, and Ctrl-C ends it with success.
console() {
    in_work "$1"
    # A program that asks the dispatcher first goes to its own directory for that, and leaves its log there.
    mkdir -p "$work/elsewhere"
    cd "$work/elsewhere"
    rm -f MemoryStatus.log
    : >"$work/console"
    wine "$(directory_of posix)/memory_status.exe" 2>"$work/console" &
    service=$!
    until_works test -s MemoryStatus.log || fail 'it did not run at once'
    grep -q 'MemoryStatus: runs in the foreground, because a person started it' "$work/console" || fail 'it did not say so'
    kill -INT $service
    status=0
    wait $service || status=$?
    [ $status -eq 0 ] || fail "Ctrl-C ended it with status $status"
}

# A file at C:\My.exe must not be run in place of the service in C:\My Service; unquoted, it is.
planted() {
    in_work "$1"
    drive=$WINEPREFIX/drive_c
    mkdir -p "$drive/My служба"
    cp "$(directory_of posix)/service.exe" "$(directory_of posix)/manage.exe" "$drive/My служба/"
    cp "$work/planted.exe" "$drive/My.exe"
    rm -f "$drive/planted.txt"
    wine 'C:\My служба\manage.exe' quoted_path || fail 'the service did not run'
    [ ! -e "$drive/planted.txt" ] || fail 'the planted program ran'
    wine sc create daemonize-unquoted binpath= 'C:\My служба\service.exe' >/dev/null
    timeout "$patience" wine sc start daemonize-unquoted >/dev/null 2>&1 || true
    until_works test -e "$drive/planted.txt" ||
        fail 'even unquoted it does not run, so that this proves nothing'
    wine sc delete daemonize-unquoted >/dev/null
    rm "$drive/My.exe"
}

program() {
    in_work "$1"
    cd "$(directory_of "$2")"
    timeout "$((9 * patience))" wine "$3.exe" "$4"
}

case $action in
    programs | set_up | program | memory_status | console | planted) "$action" "$@" ;;
    service_life | service_reload | service_console | service_failures | service_arguments | \
        service_directories | service_instances)
        "$action" "$@" ;;
    fake_scm)
        in_work "$1"
        timeout "$patience" wine "$work/fake.exe" ;;
    event_log) # the program that writes to syslog elsewhere
        in_work "$1"
        timeout "$patience" wine "$work/write_event_log.exe" ;;
    tear_down)
        in_work "$1"
        wineserver -k || true ;;
    *) fail "no such test: $action" ;;
esac
