# shellcheck shell=sh disable=SC2154
# The checks that run the code: sanitizers and valgrind. Sourced by tests/run.sh.

# The reports go to files, because the standard error of a daemon is not readable here.
no_reports() {
    if ls "$1"/report.* >/dev/null 2>&1; then
        cat "$1"/report.*
        return 1
    fi
}

# sanitized_suite DIRECTORY: runs the suite against the single header, without the tests that only compile and the tests
# that start the examples from other programs.
sanitized_suite() {
    if ! command -v clang++ >/dev/null; then
        skip 'suite with ASan and UBSan (clang++ is not installed)'
        return
    fi
    section 'suite with ASan and UBSan'
    reports=$1/reports
    rm -rf "$reports"
    mkdir -p "$reports"
    # Daemons of another user report as well.
    chmod 1777 "$reports"
    # vptr is left out: it checks memory through a pipe, and without a free descriptor it reports every object as
    # invalid.
    if build_in "$1" "$top" -DCMAKE_CXX_COMPILER=clang++ -DDAEMONIZE_INSTALL=OFF \
        -DDAEMONIZE_TEST_SINGLE_HEADER=ON \
        -DCMAKE_CXX_FLAGS="-gline-tables-only -fno-omit-frame-pointer \
            -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all"; then
        # The search for leaks is left out, because without /proc, as in a daemon's new root, it never ends. valgrind
        # searches for leaks.
        run_ctest 'suite with ASan and UBSan' "$1" '' \
            env ASAN_OPTIONS="log_path=$reports/report:detect_leaks=0" UBSAN_OPTIONS="log_path=$reports/report:print_stacktrace=1" \
            ctest --test-dir "$1" --parallel "$(nproc)" --output-on-failure \
            --label-exclude '^(compile|wine|host|proof)$'
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
