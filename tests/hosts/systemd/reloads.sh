# shellcheck shell=bash disable=SC2154
# Reloads by a signal, by ExecReload=, in both releases. Sourced by inside.sh.

# bad_configuration UNIT FILE: a reload of a bad FILE leaves the service as it is, and reports the reason.
bad_configuration() {
    pid=$(main_pid "$1")
    echo garbage >"$2"
    systemctl reload "$1" || fail 'systemctl reload failed'
    until_is "$1" StatusText "cannot use the new configuration: $2 holds no number of seconds"
    status_shows "$1" "cannot use the new configuration: $2 holds no number of seconds"
    journal_says "$1" "cannot use the new configuration: $2 holds no number of seconds" --priority err
    is "$1" ActiveState active
    is "$1" MainPID "$pid"
}

case_reload() {
    echo 3600 >/etc/reload.conf
    unit reload.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --config /etc/reload.conf --log /var/log/reload.log
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
END
    expect 0 systemctl start reload.service
    bad_configuration reload.service /etc/reload.conf
    # A good configuration is read, and used after the sleep.
    echo 3600 >/etc/reload.conf
    expect 0 systemctl reload reload.service
    is reload.service ActiveState active
    stopped_well reload.service
}

# The verb of the program checks first, and the service gets no signal for a bad configuration.
case_reload_by_verb() {
    echo 3600 >/etc/verb.conf
    unit verb.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --config /etc/verb.conf --log /var/log/verb.log
ExecReload=/hosts/service reload --config /etc/verb.conf
END
    expect 0 systemctl start verb.service
    pid=$(main_pid verb.service)
    expect 0 systemctl reload verb.service
    echo garbage >/etc/verb.conf
    expect 1 systemctl reload verb.service
    journal_says verb.service '/etc/verb.conf holds no number of seconds'
    is verb.service ActiveState active
    is verb.service MainPID "$pid"
    stopped_well verb.service
}
