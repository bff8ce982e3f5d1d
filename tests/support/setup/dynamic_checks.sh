# shellcheck shell=sh disable=SC2154
# The checks that run the code: sanitizers and valgrind. Sourced by tests/run.sh.

# The reports go to files: a daemon's own standard error is closed to us.
no_reports() {
    if ls "$1"/report.* >/dev/null 2>&1; then
        cat "$1"/report.*
        return 1
    fi
}

# sanitized_suite DIRECTORY: against the single header, so that the whole suite runs against that, too; without the tests
# that only compile, and those that drive the examples from other programs.
sanitized_suite() {
    if ! command -v clang++ >/dev/null; then
        skip 'suite with ASan and UBSan (clang++ is not installed)'
        return
    fi
    section 'suite with ASan and UBSan'
    reports=$1/reports
    rm -rf "$reports"
    mkdir -p "$reports"
    # Daemons that have become somebody else report as well.
    chmod 1777 "$reports"
    # Not vptr: it asks through a pipe whether memory is there, and with no descriptor left takes every object for none.
    if build_in "$1" "$top" -DCMAKE_CXX_COMPILER=clang++ -DDAEMONIZE_INSTALL=OFF \
        -DDAEMONIZE_TEST_SINGLE_HEADER=ON \
        -DCMAKE_CXX_FLAGS="-gline-tables-only -fno-omit-frame-pointer \
            -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all"; then
        # No search for leaks, which valgrind does: without /proc, as in a daemon's new root, it never ends.
        run_ctest 'suite with ASan and UBSan' "$1" '' \
            env ASAN_OPTIONS="log_path=$reports/report:detect_leaks=0" UBSAN_OPTIONS="log_path=$reports/report:print_stacktrace=1" \
            ctest --test-dir "$1" --parallel "$(nproc)" --output-on-failure --timeout 300 \
            --exclude-regex '^(compile|wine|host)/'
    else
        fail_check 'suite with ASan and UBSan (does not build)'
    fi
    end_section
    check 'no report of a sanitizer' no_reports "$reports"
}

check_valgrind() {
    if command -v valgrind >/dev/null; then
        check 'valgrind over a launch' sh "$top/tests/proof/valgrind.sh" "$1"
    else
        skip 'valgrind over a launch (not installed)'
    fi
}
