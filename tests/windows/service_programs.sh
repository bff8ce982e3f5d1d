# shellcheck shell=sh disable=SC2154,SC2164
# The tests of Service programs under Wine, by their verbs and by the tools of Windows: one function a test. Sourced by
# wine.sh: the tests use the functions and directories of wine.sh, and `set -e` of wine.sh ends a test that cannot enter
# a directory.

# ends STATUS COMMAND...: what it says joins the transcript, and it ends with this status.
ends() {
    wanted=$1
    shift
    status=0
    echo "> $*" >>"$work/transcript"
    timeout "$patience" "$@" >"$work/said" 2>&1 || status=$?
    tr -d '\r' <"$work/said" >>"$work/transcript"
    [ $status -eq "$wanted" ] || { cat "$work/transcript"; fail "$*: status $status, not $wanted"; }
}

# said TEXT: the last of these had a line with it.
said() {
    tr -d '\r' <"$work/said" | grep -q -e "$1" || { cat "$work/transcript"; fail "no line with: $1"; }
}

# comes_to N FILE: it has as many lines, or more.
comes_to() {
    # shellcheck disable=SC2016 # for the inner shell
    until_works sh -c '[ "$(wc -l <"$1")" -ge "$0" ]' "$1" "$2" || fail "$2 has no $1 lines"
}

# in_service MODEL: before each of the tests below.
in_service() {
    in_work "$2"
    cd "$(directory_of "$1")"
    : >"$work/transcript"
    for program in timestampd probe_service; do
        timeout "$patience" wine $program.exe uninstall >/dev/null 2>&1 || true
    done
    rm -f notes-*.txt "$WINEPREFIX/drive_c/журнал один.log"
}

# Install, start, status, stop, uninstall: by our verbs, and by Windows' own tools.
service_life() {
    in_service "$2" "$1"
    ends 2 wine timestampd.exe statsu
    said 'timestampd: "statsu" is not a verb; expected run, start, stop'
    ends 2 wine timestampd.exe stop now
    said 'stop takes no argument "now"'
    ends 78 env DAEMONIZE_HOST=scm wine timestampd.exe run
    said '^timestampd: cannot use the configuration DAEMONIZE_HOST=scm: the value is unknown; the known values are unknown, '
    ends 0 wine timestampd.exe help
    said '^  install     start the service at each boot'
    ends 3 wine timestampd.exe status
    said '^timestampd: not running, not installed$'
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
    said "already running, pid $pid"
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
    said 'timestampd: not running'
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
        until_works test -s timestamp.log || fail 'it did not run'
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
    until_works sh -c '! pgrep -f "probe_servic[e]\.exe" >/dev/null' || fail 'a process stays'
}

# A body that fails before it is ready: the start fails, and the code is the SCM's too.
service_failures() {
    in_service posix "$1"
    ends 0 wine probe_service.exe install -- fail
    ends 1 wine probe_service.exe start
    said 'cannot wait for the service daemonize-probe: the service stopped with its service-specific exit code 3; see the event log'
    gone
    ends 0 wine sc query daemonize-probe
    said 'WIN32_EXIT_CODE  .*1066'
    said 'SERVICE_EXIT_CODE  *: 3 '
    ends 1 wine probe_service.exe status
    said '^daemonize-probe: dead, with a service-specific exit code'
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
    # A service that was asked to stop has not failed, with any return value of its body.
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
    until_works grep -q reloaded $notes || fail 'it did not reload'
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
    need_root
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
        timeout "$patience" wine "probe@$instance.exe" uninstall >/dev/null 2>&1 || true
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
