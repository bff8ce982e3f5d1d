# shellcheck shell=sh
# skip REASON: ends a test that this machine cannot run. With DAEMONIZE_NO_SKIP a skipped test is a failure. Sourced.
skip() {
    if [ -n "${DAEMONIZE_NO_SKIP:-}" ]; then
        echo "cannot be skipped here: $1"
        exit 1
    fi
    echo "SKIPPED: $1"
    exit 0
}
