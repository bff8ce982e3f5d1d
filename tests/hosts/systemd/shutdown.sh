# shellcheck shell=bash
# The system's own end, with a service that runs. Sourced by inside.sh, last: it leaves the service running.

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
