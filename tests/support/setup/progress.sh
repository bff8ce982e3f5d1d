# shellcheck shell=sh
# Shows that a long command still runs. Sourced.

# begin_progress COMMAND...: runs COMMAND each half minute, up to end_progress or the end of this script.
begin_progress() {
    (
        seconds=0
        while sleep 1 >/dev/null && kill -0 $$; do
            seconds=$((seconds + 1))
            [ $((seconds % 30)) -ne 0 ] || "$@"
        done
    ) 2>/dev/null &
    progress=$!
}

# By SIGKILL: dash loses another signal that comes before the new process has reset the traps of this one.
end_progress() {
    [ -n "${progress:-}" ] || return 0
    kill -KILL "$progress"
    wait "$progress" 2>/dev/null
    progress=''
}

# with_progress LOG COMMAND...: runs COMMAND with its output in LOG, and shows the last line of LOG each half minute.
with_progress() {
    log_of_command=$1 status_of_command=0
    shift
    begin_progress tail -n 1 "$log_of_command"
    "$@" >"$log_of_command" 2>&1 || status_of_command=$?
    end_progress
    return "$status_of_command"
}
