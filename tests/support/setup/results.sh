# shellcheck shell=sh disable=SC2154
# Runs checks and counts the results: whole ctest runs, and single commands that count as one check. Sourced by
# tests/run.sh.

least_patience=${DAEMONIZE_PATIENCE:-60}
passed=0 failed=0 skipped=0 missing=0
failed_names='' missing_names='' unable_names=''

pass() {
    passed=$((passed + 1))
}

# fail_check NAME, with the reason in it
fail_check() {
    failed=$((failed + 1))
    failed_names="$failed_names
    $1"
    echo "failed: $1"
}

# skip NAME, with the reason in it. A reason that begins with "this machine cannot" names an ability that no package
# provides.
skip() {
    skipped=$((skipped + 1))
    case $1 in
        *'(this machine cannot '*)
            unable_names="$unable_names
    $1" ;;
        *)
            missing=$((missing + 1))
            missing_names="$missing_names
    $1" ;;
    esac
    echo "skipped: $1"
}

section() {
    started=$(date +%s)
    echo
    echo "== $1 =="
}

end_section() {
    echo "-- $(($(date +%s) - started)) s"
}

# check NAME COMMAND...: with the exit status 77 the command did nothing, for the reason in its line "SKIPPED: REASON". A
# line "LEFT OUT: REASON" says that a part was not done.
check() {
    name=$1 output=$build/check.log
    shift
    section "$name"
    begin_progress echo '    still running'
    { "$@" 2>&1; echo "$?" >"$output.status"; } | tee "$output"
    end_progress
    status=$(cat "$output.status")
    reason=$(sed -n '/^\(SKIPPED\|LEFT OUT\): /{s///p;q;}' "$output")
    rm "$output" "$output.status"
    case $status:$reason in
        0:) pass ;;
        0:?* | 77:?*) skip "$name ($reason)" ;;
        *) fail_check "$name (status $status)" ;;
    esac
    end_section
}

# Converts the output of ctest into lines "passed NAME", "skipped NAME" and "failed NAME".
ctest_results() {
    awk '/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
        result = "failed"
        if ($0 ~ /   Passed +[0-9.]+ sec *$/) result = "passed"
        if ($0 ~ /\*\*\*(Skipped|Not Run \(Disabled\)) /) result = "skipped"
        sub(/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /, "")
        sub(/ *\.\.\..*$/, "")
        print result, $0
    }' "$1"
}

# running_tests LOG: names the tests that run, by what ctest has written so far.
running_tests() {
    awk '/^ +Start +[0-9]+: / { number = $2 + 0; sub(/^ +Start +[0-9]+: /, ""); name[number] = $0 }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / { sub(/^[^#]*#/, ""); delete name[$1 + 0] }
        END { for (number in name) print "    running: " name[number] }' "$1"
}

# skip_reason NAME DIRECTORY: prints the reason of a skipped test, which is only in the log of ctest.
skip_reason() {
    wanted_test=$1 awk '/^[0-9]+\/[0-9]+ Testing: / { sub(/^[^:]*: /, ""); here = $0 == ENVIRON["wanted_test"] }
        here && sub(/^.*SKIPPED: /, "") { print; exit }' "$2/reasons.log"
}

# Sets the unit of the time limits, in which every suite and check counts.
measure_patience() {
    DAEMONIZE_PATIENCE=$(DAEMONIZE_PATIENCE=$least_patience sh "$top/tests/support/setup/patience.sh") || exit 1
    export DAEMONIZE_PATIENCE
}

# run_ctest LABEL DIRECTORY RAN_BEFORE COMMAND...: adds the results of a ctest command, whose output goes to DIRECTORY.
# A skipped test that passed in RAN_BEFORE, the results of an earlier run, does not count as skipped.
run_ctest() {
    label=$1 where=$2 log=$2/ctest.log results=$2/results ran_before=$3
    shift 3
    measure_patience
    : >"$log"
    begin_progress running_tests "$log"
    { "$@" --timeout "$((20 * DAEMONIZE_PATIENCE))" 2>&1; echo "$?" >"$results"; } | tee "$log"
    end_progress
    status=$(cat "$results")
    # Another ctest in the directory would replace the log.
    cp "$where/Testing/Temporary/LastTest.log" "$where/reasons.log"
    ctest_results "$log" >"$results"
    [ -s "$results" ] || fail_check "$label (ctest ran no test)"
    failed_before=$failed
    while read -r result name; do
        case $result in
            passed) pass ;;
            failed) fail_check "$label: $name" ;;
            skipped)
                if [ -f "$ran_before" ] && grep -qxF "passed $name" "$ran_before"; then
                    echo "skipped here, and passed as root: $name"
                else
                    skip "$label: $name ($(skip_reason "$name" "$where"))"
                fi ;;
        esac
    done <"$results"
    [ "$status" -eq 0 ] || [ "$failed" -gt "$failed_before" ] || fail_check "$label (status $status of ctest)"
}

# Prints the totals, names before numbers. The last line is for machines.
summary() {
    echo
    [ -z "$failed_names" ] || echo "Failed:$failed_names"
    [ -z "$unable_names" ] || echo "Skipped, since this machine cannot:$unable_names"
    [ -z "$missing_names" ] || echo "Skipped, since something is missing:$missing_names"
    [ "$missing" -eq 0 ] || [ -z "${DAEMONIZE_NO_SKIP:-}" ] || echo 'DAEMONIZE_NO_SKIP is set: what is missing is a failure.'
    if [ "$skipped" -eq 0 ]; then
        echo "$passed passed, $failed failed"
    else
        echo "$passed passed, $failed failed, $skipped skipped"
    fi
    [ "$failed" -eq 0 ] && { [ "$missing" -eq 0 ] || [ -z "${DAEMONIZE_NO_SKIP:-}" ]; }
}
