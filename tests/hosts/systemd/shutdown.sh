# shellcheck shell=bash
# The shutdown of the system while a service runs. Sourced by inside.sh, last: the service stays running.

case_system_shutdown() {
    cat >/etc/systemd/system/shutdown.service <<'END'
[Service]
Type=notify
ExecStart=/hosts/service --log /var/log/shutdown.log
ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS >/hosts/results/shutdown'
END
    systemctl daemon-reload
    expect 0 systemctl start shutdown.service
}
