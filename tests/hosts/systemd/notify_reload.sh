# shellcheck shell=bash disable=SC2154
# Type=notify-reload, which systemd has since version 253: a reload ends with the report of the service. Sourced by
# inside.sh.

case_notify_reload() {
    touch /run/notify_reload.open
    unit gated_reload.service <<'END'
[Service]
Type=notify-reload
ExecStart=/hosts/bodies run gated /run/notify_reload.open
END
    expect 0 systemctl start gated_reload.service
    rm /run/notify_reload.open
    systemctl reload gated_reload.service &
    reload=$!
    until_is gated_reload.service ActiveState reloading
    until_is gated_reload.service StatusText 'waits at /run/notify_reload.open'
    kill -0 "$reload" || fail 'systemctl did not wait'
    touch /run/notify_reload.open
    expect 0 wait "$reload"
    is gated_reload.service ActiveState active
    is gated_reload.service StatusText 'went through'
    stopped_well gated_reload.service
}

case_notify_reload_of_a_bad_configuration() {
    echo 3600 >/etc/notify_reload.conf
    unit notify_reload.service <<'END'
[Service]
Type=notify-reload
ExecStart=/hosts/service --config /etc/notify_reload.conf --log /var/log/notify_reload.log
END
    expect 0 systemctl start notify_reload.service
    pid=$(main_pid notify_reload.service)
    for _ in 1 2 3; do
        echo garbage >/etc/notify_reload.conf
        expect 0 systemctl reload notify_reload.service
        text='cannot use the new configuration: /etc/notify_reload.conf holds no number of seconds'
        # The line is there at once: the reload ends after the report.
        is notify_reload.service StatusText "$text"
        journal_says notify_reload.service "$text" --priority err
        is notify_reload.service ActiveState active
        is notify_reload.service MainPID "$pid"
        echo 3600 >/etc/notify_reload.conf
        expect 0 systemctl reload notify_reload.service
    done
    stopped_well notify_reload.service
}
