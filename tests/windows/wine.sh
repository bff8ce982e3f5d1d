#!/bin/sh
# sh wine.sh set_up TREE WORK [storm]       builds the test programs for Windows in WORK, or those of the storm alone,
#                                           and boots a Wine of its own there
# sh wine.sh program WORK MODEL NAME CASE   one case of programs/NAME.cpp, by the compiler's thread model
# sh wine.sh fake_scm|event_log|memory_status|console|planted WORK other tests, each described below
# sh wine.sh service_life|service_reload|service_console|service_failures|service_arguments|service_directories|
#     service_instances WORK
#                                           programs of Service, by their own verbs and by Windows' tools
# sh wine.sh tear_down WORK                 ends that Wine
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/skip.sh"
exec </dev/null
action=$1
shift
command -v wine >/dev/null || skip 'wine is not installed'
for model in posix win32; do
    command -v "x86_64-w64-mingw32-g++-$model" >/dev/null || skip "x86_64-w64-mingw32-g++-$model is not installed"
done
# Paths and arguments beyond ASCII go through the locale.
export WINEDEBUG=-all LC_ALL=C.UTF-8

fail() {
    echo "wine.sh: $*" >&2
    exit 1
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

build_others() {
    for model in posix win32; do
        mkdir -p "$(directory_of $model)"
        for program in install refused asked_of_scm windows_parts probe_service service_under_fake; do
            build "$1" $model "tests/windows/programs/$program.cpp" "$(directory_of $model)/$program.exe"
        done
        build "$1" $model examples/service.cpp "$(directory_of $model)/timestampd.exe"
    done
    for program in service manage; do
        build "$1" win32 "tests/windows/programs/$program.cpp" "$(directory_of win32)/$program.exe"
    done
    build "$1" posix examples/memory_status.cpp "$(directory_of posix)/memory_status.exe"
    build "$1" posix tests/windows/programs/planted.cpp "$work/planted.exe"
    build "$1" win32 examples/test_with_fake_scm.cpp "$work/fake.exe"
    build "$1" posix tests/windows/programs/write_event_log.cpp "$work/write_event_log.exe"
}

set_up() {
    mkdir -p "$2"
    in_work "$2"
    mkdir -p "$(directory_of posix)"
    [ "${3:-}" = storm ] || build_others "$1"
    for program in service manage storm; do
        build "$1" posix "tests/windows/programs/$program.cpp" "$(directory_of posix)/$program.exe"
    done
    rm -f "$(directory_of posix)/held.txt"
    timeout 120 wineboot -i 2>"$work/boot.log" || fail "wineboot: status $?"
    wineserver -w
    hold
    # A cold one can take another service's start for ours.
    timeout 60 wine manage.exe life || fail "the first life of a service: status $?"
}

# When the last ordinary program ends, Wine ends its services with it, and two programs that begin together may make two
# service control managers: this one stays as long as the tests run, and is there before they begin.
hold() {
    cd "$(directory_of posix)"
    setsid timeout 3600 wine manage.exe hold >/dev/null 2>&1 &
    timeout 60 sh -c 'until [ -s held.txt ]; do sleep 0.1; done' || fail 'no program stays in Wine'
}

say() {
    echo "> $*"
    timeout 60 "$@" 2>&1 | tr -d '\r'
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
    cd "$(directory_of posix)"
    rm -f MemoryStatus.log
    : >"$work/console"
    wine memory_status.exe 2>"$work/console" &
    service=$!
    # Ten seconds would be the dispatcher's own refusal.
    timeout 8 sh -c 'until [ -s MemoryStatus.log ]; do sleep 0.1; done' || fail 'it did not run at once'
    grep -q 'MemoryStatus: started by hand, and running in the foreground' "$work/console" || fail 'it did not say so'
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
    timeout 30 wine sc start daemonize-unquoted >/dev/null 2>&1 || true
    timeout 10 sh -c 'until [ -e "$0" ]; do sleep 0.1; done' "$drive/planted.txt" ||
        fail 'even unquoted it does not run, so that this proves nothing'
    wine sc delete daemonize-unquoted >/dev/null
    rm "$drive/My.exe"
}

# ends STATUS COMMAND...: what it says joins the transcript, and it ends with this status.
ends() {
    wanted=$1
    shift
    status=0
    echo "> $*" >>"$work/transcript"
    timeout 60 "$@" >"$work/said" 2>&1 || status=$?
    tr -d '\r' <"$work/said" >>"$work/transcript"
    [ $status -eq "$wanted" ] || { cat "$work/transcript"; fail "$*: status $status, not $wanted"; }
}

# said TEXT: the last of these had a line with it.
said() {
    tr -d '\r' <"$work/said" | grep -q -e "$1" || { cat "$work/transcript"; fail "no line with: $1"; }
}

# comes_to N FILE: it has as many lines, or more.
comes_to() {
    timeout 20 sh -c 'until [ "$(wc -l <"$1")" -ge "$0" ]; do sleep 0.1; done' "$1" "$2" ||
        fail "$2 has no $1 lines"
}

# in_service MODEL: before each of the tests below.
in_service() {
    in_work "$2"
    cd "$(directory_of "$1")"
    : >"$work/transcript"
    for program in timestampd probe_service; do
        timeout 60 wine $program.exe uninstall >/dev/null 2>&1 || true
    done
    rm -f notes-*.txt "$WINEPREFIX/drive_c/журнал один.log"
}

# Install, start, status, stop, uninstall: by our verbs, and by Windows' own tools.
service_life() {
    in_service "$2" "$1"
    ends 2 wine timestampd.exe statsu
    said 'timestampd: "statsu" is no verb: run, start, stop'
    ends 2 wine timestampd.exe stop now
    said 'stop takes no argument "now"'
    ends 0 wine timestampd.exe help
    said '^  install     has the system start it'
    ends 3 wine timestampd.exe status
    said '^timestampd: not running, and it is not installed$'
    ends 5 wine timestampd.exe start
    said 'cannot open the service timestampd: .*1060'
    ends 0 wine timestampd.exe stop
    ends 5 wine timestampd.exe uninstall
    ends 0 wine timestampd.exe install --log 'C:\журнал один.log'
    source='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\timestampd'
    ends 0 wine reg query "$source"
    ends 3 wine timestampd.exe status
    said '^timestampd: not running$'
    ends 7 wine timestampd.exe reload
    ends 0 wine timestampd.exe start
    said '^timestampd: running, pid [1-9]'
    pid=$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$work/said")
    ends 0 wine timestampd.exe start
    said "it runs already, pid $pid"
    ends 0 wine timestampd.exe status
    said "^  pid       $pid$"
    said '^  uptime    [0-9]* s, since 20'
    said '^  memory    [1-9].* MiB$'
    ends 0 wine timestampd.exe status --json
    said "^{\"name\":\"timestampd\",\"state\":\"running\",\"pid\":$pid,\"since\":[0-9]*,\"uptime\":[0-9]*,\"memory\":[0-9]*}$"
    ends 0 wine sc query timestampd
    said 'STATE  .*RUNNING'
    ends 0 wine net stop timestampd
    said 'stopped successfully'
    ends 0 wine net start timestampd
    ends 0 wine sc stop timestampd
    ends 0 wine timestampd.exe stop
    ends 0 wine timestampd.exe stop
    said 'timestampd: it did not run'
    ends 0 wine timestampd.exe uninstall
    ends 1 wine reg query "$source"
    ends 3 wine timestampd.exe status --json
    said '^{"name":"timestampd","state":"not running"}$'
    comes_to 2 "$WINEPREFIX/drive_c/журнал один.log"
}

# A configuration that will not do: reload and restart say so, and the service that runs stays; else they take it.
service_reload() {
    in_service posix "$1"
    echo 3600 >настройки.txt
    ends 0 wine timestampd.exe install --config настройки.txt --log 'C:\журнал один.log'
    ends 0 wine timestampd.exe start
    pid=$(sed -n 's/.*pid \([0-9]*\).*/\1/p' "$work/said")
    echo none >настройки.txt
    ends 6 wine timestampd.exe reload
    said 'cannot use the configuration: настройки.txt holds no number of seconds'
    ends 6 wine timestampd.exe restart
    ends 6 wine timestampd.exe restart --config 'no such file'
    said 'cannot use the configuration: no such file holds no number'
    ends 0 wine timestampd.exe status
    said "^  pid       $pid$"
    [ "$(wc -l <"$WINEPREFIX/drive_c/журнал один.log")" -eq 1 ] || fail 'it did not go on as it was'
    echo 1 >настройки.txt
    ends 0 wine timestampd.exe reload
    ends 0 wine timestampd.exe restart
    said '^timestampd: running, pid'
    comes_to 4 "$WINEPREFIX/drive_c/журнал один.log"
    ends 0 wine timestampd.exe uninstall
}

# Started by hand: the foreground, and Ctrl-C ends it with success; a failure is one line, and its own code.
service_console() {
    in_service posix "$1"
    for verb in '' run; do
        rm -f timestamp.log
        # shellcheck disable=SC2086 # none is no word
        wine timestampd.exe $verb 2>"$work/console" &
        service=$!
        timeout 20 sh -c 'until [ -s timestamp.log ]; do sleep 0.1; done' || fail 'it did not run'
        kill -INT $service
        status=0
        wait $service || status=$?
        [ $status -eq 0 ] || fail "Ctrl-C ended it with status $status"
    done
    ends 6 wine timestampd.exe --config 'no such file'
    said '^timestampd: no such file holds no number of seconds'
    [ "$(grep -c holds "$work/said")" -eq 1 ] || fail 'it said so twice'
    ends 3 wine probe_service.exe -- fail
    said '^daemonize-probe: the disk is full'
    ends 43 wine probe_service.exe run -- leave # 1067, as exit codes are cut
}

# Wine gives a start to the service's last process, where that one is still on its way out, and waits for it in vain.
gone() {
    # shellcheck disable=SC2016 # for the inner shell
    timeout 20 sh -c 'while pgrep -f "probe_servic[e]\.exe" >/dev/null; do sleep 0.1; done' || fail 'a process stays'
}

# A body that fails before it is ready: the start fails, and the code is the SCM's too.
service_failures() {
    in_service posix "$1"
    ends 0 wine probe_service.exe install -- fail
    ends 1 wine probe_service.exe start
    said 'cannot wait for the service daemonize-probe: it stopped with its own exit code 3; the event log says more'
    gone
    ends 0 wine sc query daemonize-probe
    said 'WIN32_EXIT_CODE  .*1066'
    said 'SERVICE_EXIT_CODE  *: 3 '
    ends 1 wine probe_service.exe status
    said '^daemonize-probe: dead, and it ended with an exit code of its own'
    ends 1 wine probe_service.exe status --json
    said '"state":"dead","exit_code":3}'
    gone
    ends 1 wine probe_service.exe start leave
    said 'error 1067'
    gone
    ends 1 wine probe_service.exe start throw
    said 'error 1064'
    gone
    ends 1 wine probe_service.exe restart
    # What was asked to stop has not failed, whatever its body returns.
    gone
    ends 0 wine probe_service.exe start well
    ends 0 wine probe_service.exe stop
    ends 3 wine probe_service.exe status
    ends 0 wine probe_service.exe uninstall
}

# Words with spaces, quotes and other alphabets reach the body: those of the installation, or else of the start.
service_arguments() {
    in_service posix "$1"
    notes='notes-daemonize-probe.txt'
    ends 0 wine probe_service.exe install -- 'два слова' 'a "b\' '' --log
    ends 0 wine probe_service.exe start
    printf '<два слова>\n<a "b\\>\n<>\n<--log>\nhost windows_scm\n' >"$work/wanted"
    head -n 5 $notes | cmp - "$work/wanted" || { cat $notes; fail 'other arguments'; }
    grep -q '^state C:\\ProgramData\\daemonize-probe\\state$' $notes || { cat $notes; fail 'another directory'; }
    grep -q '^log C:\\ProgramData\\daemonize-probe\\log$' $notes || fail 'another directory for logs'
    grep -q '^socket 1$' $notes || fail 'no socket'
    [ -s "$WINEPREFIX/drive_c/ProgramData/daemonize-probe/state/kept.txt" ] || fail 'nothing kept'
    ends 0 wine probe_service.exe reload
    timeout 10 sh -c 'until grep -q reloaded "$0"; do sleep 0.1; done' $notes || fail 'it did not reload'
    ends 0 wine probe_service.exe stop
    grep -q '^stopped 1$' $notes || fail 'another reason'
    gone
    rm $notes
    ends 0 wine probe_service.exe start -- 'один' 'и два'
    printf '<один>\n<и два>\nhost windows_scm\n' >"$work/wanted"
    head -n 3 $notes | cmp - "$work/wanted" || { cat $notes; fail 'other arguments of the start'; }
    ends 0 wine probe_service.exe uninstall
}

# A directory that somebody else made first is not used.
service_directories() {
    [ "$(id -u)" -eq 0 ] || skip 'only root can give a directory away'
    in_service posix "$1"
    kept=$WINEPREFIX/drive_c/ProgramData/daemonize-probe
    rm -rf "$kept"
    ends 0 wine probe_service.exe install
    ends 0 wine probe_service.exe start
    ends 0 wine probe_service.exe stop
    gone
    chown 1 "$kept/state"
    rm notes-daemonize-probe.txt
    ends 0 wine probe_service.exe start
    rm -rf "$kept"
    grep -q '^state $' notes-daemonize-probe.txt || fail 'the directory of another user'
    grep -q '^log .*log$' notes-daemonize-probe.txt || fail 'no directory of its own'
    ends 0 wine probe_service.exe uninstall
}

# Two instances beside each other, each a service of its own.
service_instances() {
    in_service posix "$1"
    for instance in eu us; do
        cp probe_service.exe "probe@$instance.exe"
        timeout 60 wine "probe@$instance.exe" uninstall >/dev/null 2>&1 || true
        ends 0 wine "probe@$instance.exe" install
        ends 0 wine "probe@$instance.exe" start
        said "^daemonize-probe@$instance: running"
    done
    ends 0 wine sc query daemonize-probe@eu
    said 'STATE  .*RUNNING'
    ends 0 wine probe@eu.exe stop
    ends 3 wine probe@eu.exe status
    ends 0 wine probe@us.exe status
    grep -q 'ProgramData.daemonize-probe@us.state' notes-daemonize-probe@us.txt || fail 'another directory'
    for instance in eu us; do ends 0 wine "probe@$instance.exe" uninstall; done
    ends 3 wine probe@us.exe status
}

program() {
    in_work "$1"
    cd "$(directory_of "$2")"
    timeout "${DAEMONIZE_PATIENCE:-120}" wine "$3.exe" "$4"
}

case $action in
    set_up | program | memory_status | console | planted) "$action" "$@" ;;
    service_life | service_reload | service_console | service_failures | service_arguments | \
        service_directories | service_instances)
        "$action" "$@" ;;
    fake_scm)
        in_work "$1"
        timeout 60 wine "$work/fake.exe" ;;
    event_log) # the program that writes to syslog elsewhere
        in_work "$1"
        timeout 60 wine "$work/write_event_log.exe" ;;
    tear_down)
        in_work "$1"
        wineserver -k || true ;;
    *) fail "no such test: $action" ;;
esac
