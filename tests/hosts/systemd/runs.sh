# shellcheck shell=bash disable=SC2154
# A running service under systemd: watchdog, restart, status texts and journal. Sourced by inside.sh.

# body_unit NAME BODY LINE...: a unit with one of the bodies.
body_unit() {
    local name=$1 body=$2
    shift 2
    unit "$name.service" <<END
[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
Environment=BODY_INSTANCE=$name
ExecStart=/hosts/bodies run $body
$(printf '%s\n' "$@")
END
}

# On a busy machine a service that lives has more time for each sign of life.
watchdog=$((patience / 30))s

case_watchdog() {
    body_unit stalled stalled WatchdogSec=$watchdog WatchdogSignal=SIGKILL Restart=on-watchdog RestartSec=0 TimeoutStopSec=100ms
    body_unit busy busy WatchdogSec=$watchdog Restart=always
    body_unit sleeping 'gated /hosts/inside.sh' WatchdogSec=$watchdog Restart=always
    expect 0 systemctl start stalled.service busy.service sleeping.service
    busy=$(main_pid busy.service) sleeping=$(main_pid sleeping.service)
    until_is stalled.service NRestarts '[2-9]'
    # By then a silent service has been silent for twice the time-out.
    is busy.service NRestarts 0
    is sleeping.service NRestarts 0
    is busy.service MainPID "$busy"
    is sleeping.service MainPID "$sleeping"
    journal_says stalled.service 'Watchdog timeout'
    ! journal busy.service | grep -i watchdog || fail 'the busy one was late'
    ! journal sleeping.service | grep -i watchdog || fail 'the sleeping one was late'
    systemctl stop stalled.service
    stopped_well busy.service
    stopped_well sleeping.service
}

# A service whose process is stopped, and holds its pid file, is killed and started again.
case_watchdog_of_a_stopped_process() {
    unit stopped.service <<END
[Service]
Type=notify
WatchdogSec=$watchdog
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=0
ExecStart=/hosts/service --log /var/log/stopped.log
END
    expect 0 systemctl start stopped.service
    before=$(main_pid stopped.service)
    kill -STOP "$before"
    until_is stopped.service NRestarts '[1-9]'
    until_is stopped.service ActiveState active
    [ "$(main_pid stopped.service)" != "$before" ] || fail 'it is the same process'
    is stopped.service MainPID "$(cat /run/timestampd.pid)"
    journal_says stopped.service 'Watchdog timeout'
    stopped_well stopped.service
}

case_restart_on_failure() {
    body_unit failing failing Restart=on-failure RestartSec=0
    expect 0 systemctl start failing.service
    before=$(main_pid failing.service)
    # A direct signal: a reload job of systemd would race with the restart.
    kill -HUP "$before"
    until_is failing.service NRestarts 1
    until_is failing.service ActiveState active
    [ "$(main_pid failing.service)" != "$before" ] || fail 'it is the same process'
    journal_says failing.service 'the disk is gone' --priority err
    journal_says failing.service 'status=3'
    stopped_well failing.service
    # A stop by systemctl and a signal from an operator are no failures.
    expect 0 systemctl start failing.service
    kill -TERM "$(main_pid failing.service)"
    until_is failing.service ActiveState inactive
    is failing.service Result success
    is failing.service ExecMainStatus 0
    [ "$(journal failing.service | grep -c 'Scheduled restart job')" -eq 1 ] || fail 'it was restarted again'
}

case_journal_priorities() {
    body_unit log log
    expect 0 systemctl start log.service
    journal_says log.service 'the disk is full' # the last line of the three
    [ "$(journal log.service --priority 3..3)" = 'the disk is full' ] || fail 'wrong at priority 3'
    [ "$(journal log.service --priority 4..4)" = 'the disk is nearly full' ] || fail 'wrong at priority 4'
    journal log.service --priority 6..6 | grep -qx 'all is well' || fail 'wrong at priority 6'
    journal log.service --output json --priority 3..3 | grep -q '"PRIORITY":"3"' || fail 'no PRIORITY=3'
    journal log.service --identifier bodies | grep -qx 'all is well' || fail 'it is not known by its name'
    stopped_well log.service
}

# Two sockets and a name for each instance, side by side.
case_instances() {
    for name in eu us; do
        unit "bodyd-$name.socket" <<END
[Socket]
ListenStream=/run/bodyd-$name.socket
FileDescriptorName=http-$name
END
        body_unit "bodyd-$name" sockets
    done
    expect 0 systemctl start bodyd-eu.socket bodyd-us.socket
    expect 0 systemctl start bodyd-eu.service bodyd-us.service
    for name in eu us; do
        is "bodyd-$name.service" StatusText "http-$name listens, bodyd@bodyd-$name"
        is "bodyd-$name.service" MainPID "$(cat "/run/bodyd@bodyd-$name.pid")"
    done
    systemctl stop bodyd-eu.socket bodyd-us.socket
    stopped_well bodyd-eu.service
    is bodyd-us.service ActiveState active
    stopped_well bodyd-us.service
}

# say TEXT: sends TEXT on the connection, and reads the answer.
say() {
    echo "$1" >&3
    read -r -t "$patience" answer <&3
    [ "$answer" = "$1" ] || fail "the answer is \"$answer\""
}

case_socket_activation() {
    unit echod.socket <<'END'
[Socket]
ListenStream=127.0.0.1:7007
FileDescriptorName=echo
END
    unit echod.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/echo_server
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
END
    expect 0 systemctl start echod.socket
    is echod.service ActiveState inactive
    # The kernel takes the connection and the text before the service runs.
    exec 3<>/dev/tcp/127.0.0.1/7007
    say 'before the start'
    until_is echod.service ActiveState active
    pid=$(main_pid echod.service)
    say 'as it runs'
    expect 0 systemctl reload echod.service
    until_is echod.service StatusText 'echoes on 2 sockets'
    # A stop closes the connection after the received text is answered. systemd keeps the socket, and the next
    # connection starts the service again.
    stopped_well echod.service
    ! read -r -t "$patience" answer <&3 || fail "more came: $answer"
    [ ! -e /run/echod.pid ] || fail 'the pid file stays'
    exec 3<>/dev/tcp/127.0.0.1/7007
    say 'after the stop'
    [ "$(main_pid echod.service)" != "$pid" ] || fail 'it is the same process'
    expect 0 systemctl stop echod.socket
    stopped_well echod.service
}

# A text that has arrived before the stop is answered after the stop.
case_graceful_stop() {
    unit echod.socket <<'END'
[Socket]
ListenStream=127.0.0.1:7007
END
    unit echod.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/echo_server
END
    expect 0 systemctl start echod.socket echod.service
    exec 3<>/dev/tcp/127.0.0.1/7007
    say 'connected'
    # The stop wakes the service as well: the service finds the text and the stop at once.
    kill -STOP "$(main_pid echod.service)"
    echo 'sent while it stood still' >&3
    stopped_well echod.service
    read -r -t "$patience" answer <&3
    [ "$answer" = 'sent while it stood still' ] || fail "the answer is \"$answer\""
    ! read -r -t "$patience" answer <&3 || fail "more came: $answer"
    systemctl stop echod.socket
}

case_descriptor_store() {
    body_unit store store FileDescriptorStoreMax=2
    expect 0 systemctl start store.service
    is store.service StatusText stored
    until_is store.service NFileDescriptorStore 2
    expect 0 systemctl restart store.service
    is store.service StatusText 'kept came back with a word'
    stopped_well store.service
}
