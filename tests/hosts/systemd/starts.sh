# shellcheck shell=bash disable=SC2154
# Starts of a unit, and failed starts. Sourced by inside.sh.

case_notify() {
    echo 3600 >/etc/notify.conf
    unit notify.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --config /etc/notify.conf --log /var/log/notify.log
END
    expect 0 systemctl start notify.service
    is notify.service ActiveState active
    pid=$(main_pid notify.service)
    [ "$(readlink "/proc/$pid/exe")" = /hosts/service ] || fail "process $pid is another program"
    [ "$(cat /run/timestampd.pid)" = "$pid" ] || fail 'another pid is in the pid file'
    status_shows notify.service 'Status: "writing to /var/log/notify.log"'
    [ "$(wc -l </var/log/notify.log)" -eq 1 ] || fail 'there is not one line in the log'
    stopped_well notify.service
    [ ! -e /run/timestampd.pid ] || fail 'the pid file stays'
    [ ! -e "/proc/$pid" ] || fail 'the process stays'
}

case_active_only_when_ready() {
    unit gated.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/bodies run gated /run/gated.open
END
    expect 0 systemctl start --no-block gated.service
    until_is gated.service StatusText 'waits at /run/gated.open'
    is gated.service ActiveState activating
    touch /run/gated.open
    until_is gated.service ActiveState active
    stopped_well gated.service
}

case_forking() {
    echo 3600 >/etc/forking.conf
    unit forking.service <<'END'
[Unit]
StartLimitIntervalSec=0
[Service]
Type=forking
PIDFile=/run/timestampd.pid
ExecStart=/hosts/service start --config /etc/forking.conf --log /var/log/forking.log
ExecReload=/hosts/service reload --config /etc/forking.conf
END
    for _ in {1..10}; do
        expect 0 systemctl start forking.service
        is forking.service ActiveState active
        pid=$(main_pid forking.service)
        [ "$(cat /run/timestampd.pid)" = "$pid" ] || fail 'another pid is in the pid file'
        [ "$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status")" = 1 ] || fail 'it is not the child of process 1'
        [ "$(processes_of /hosts/service)" = "$pid" ] || fail 'more than one process is left'
        expect 0 systemctl reload forking.service
        stopped_well forking.service
        [ ! -e /run/timestampd.pid ] || fail 'the pid file stays'
    done
    ! journal forking.service | grep -iE 'not readable|not our child|PID file|Supervising|Failed' || fail 'systemd complains'
}

case_forking_fails() {
    echo garbage >/etc/forking_fails.conf
    unit forking_fails.service <<'END'
[Service]
Type=forking
PIDFile=/run/timestampd.pid
ExecStart=/hosts/service start --config /etc/forking_fails.conf --log /var/log/forking_fails.log
END
    expect 1 systemctl start forking_fails.service
    is forking_fails.service ActiveState failed
    is forking_fails.service Result exit-code
    status_shows forking_fails.service '/etc/forking_fails.conf holds no number of seconds'
    [ ! -e /run/timestampd.pid ] || fail 'the pid file stays'
}

case_exec() {
    unit exec.service <<'END'
[Service]
Type=exec
ExecStart=/hosts/service --log /var/log/exec.log
END
    expect 0 systemctl start exec.service
    is exec.service ActiveState active
    until_works grep -q . /var/log/exec.log
    stopped_well exec.service
}

# Type=exec: systemd does not wait for readiness.
case_simple_restart() {
    unit simple.service <<'END'
[Service]
ExecStart=/hosts/service --log /var/log/simple.log
END
    expect 0 systemctl start simple.service
    until_works test -s /run/timestampd.pid
    before=$(main_pid simple.service)
    expect 0 systemctl restart simple.service
    [ "$(main_pid simple.service)" != "$before" ] || fail 'it is the same process'
    until_works grep -q . /run/timestampd.pid
    stopped_well simple.service
}

case_start_failure() {
    echo garbage >/etc/start_failure.conf
    unit start_failure.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --config /etc/start_failure.conf --log /var/log/start_failure.log
END
    expect 1 systemctl start start_failure.service
    is start_failure.service ActiveState failed
    is start_failure.service Result exit-code
    is start_failure.service ExecMainStatus 6
    is start_failure.service StatusText '/etc/start_failure.conf holds no number of seconds'
    status_shows start_failure.service 'status=6'
    status_shows start_failure.service '/etc/start_failure.conf holds no number of seconds'
    journal_says start_failure.service '/etc/start_failure.conf holds no number of seconds' --priority err
    [ ! -e /run/timestampd.pid ] || fail 'the pid file stays'
}

# The same with an exception.
case_start_throws() {
    unit start_throws.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/bodies run throwing "the database is locked"
END
    expect 1 systemctl start start_throws.service
    is start_throws.service Result exit-code
    is start_throws.service ExecMainStatus 1
    status_shows start_throws.service 'the database is locked'
    journal_says start_throws.service 'the database is locked' --priority err
}

# A second service of that name is refused by the lock of the first, with a message.
case_second_start() {
    unit first.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --log /var/log/first.log
END
    unit second.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --log /var/log/second.log
END
    expect 0 systemctl start first.service
    pid=$(main_pid first.service)
    expect 1 systemctl start second.service
    status_shows second.service "$pid"
    journal_says second.service '/run/timestampd.pid' --priority err
    is first.service MainPID "$pid"
    stopped_well first.service
}

case_extended_start() {
    local limit=$((patience / 30))
    for words in slow 'slow silent'; do
        unit "${words#slow }.service" <<END
[Service]
Type=notify
TimeoutStartSec=${limit}s
ExecStart=/hosts/bodies run ${words/slow/slow $limit}
END
    done
    expect 0 systemctl start slow.service
    is slow.service ActiveState active
    is slow.service StatusText 'started 9 of 10'
    stopped_well slow.service
    # Without a progress report the start times out.
    expect 1 systemctl start silent.service
    is silent.service Result timeout
}

# A daemon under a unit that waits for READY=1: the daemon reports its process number.
case_notify_from_the_background() {
    unit background.service <<'END'
[Service]
Type=notify
NotifyAccess=all
ExecStart=/hosts/service start --log /var/log/background.log
END
    expect 0 systemctl start background.service
    is background.service ActiveState active
    is background.service MainPID "$(cat /run/timestampd.pid)"
    until_is background.service StatusText 'writing to /var/log/background.log'
    stopped_well background.service
}

case_user() {
    unit user.service <<'END'
[Service]
Type=notify
User=nobody
StateDirectory=user
ExecStart=/hosts/service --log /var/lib/user/log
END
    expect 0 systemctl start user.service
    [ "$(stat -c %U "/proc/$(main_pid user.service)")" = nobody ] || fail 'somebody else runs it'
    [ "$(stat -c %U /var/lib/user/log)" = nobody ] || fail 'somebody else wrote the log'
    stopped_well user.service
}

case_dynamic_user() {
    unit dynamic.service <<'END'
[Service]
Type=notify
DynamicUser=yes
RuntimeDirectory=dynamic
StateDirectory=dynamic
LogsDirectory=dynamic
ExecStart=/hosts/bodies run directories
END
    expect 0 systemctl start dynamic.service
    [ "$(stat -c %u "/proc/$(main_pid dynamic.service)")" -ge 61184 ] || fail 'it is no dynamic user'
    is dynamic.service StatusText '/run/dynamic /var/lib/dynamic /var/log/dynamic'
    for directory in /run/dynamic /var/lib/private/dynamic /var/log/private/dynamic; do
        [ -e "$directory/written" ] || fail "nothing is in $directory"
    done
    stopped_well dynamic.service
}
