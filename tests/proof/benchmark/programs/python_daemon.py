# python_daemon.py PID_FILE: python-daemon, with its pid file.
import signal
import sys

import daemon
import daemon.pidfile

with daemon.DaemonContext(pidfile=daemon.pidfile.PIDLockFile(sys.argv[1])):
    signal.pause()
