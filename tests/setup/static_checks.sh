# shellcheck shell=sh disable=SC2154
# The checks that run no code of ours: its format, and what clang-tidy finds. Sourced by tests/run.sh.

check_format() {
    if command -v clang-format >/dev/null; then
        check 'clang-format' find "$top/include" "$top/tests" "$top/examples" -name '*.[ch]pp' \
            -exec clang-format --dry-run -Werror {} +
    else
        skip 'clang-format (not installed)'
    fi
}

# tidy_all DIRECTORY: every test and example that is built there, by clang++, and through them every header.
tidy_all() {
    mkdir -p "$1/tidy"
    # Each test is built twice, the second time on the single header: once is enough, and takes half as long.
    awk '/^\{/ { entry = "" } { entry = entry $0 "\n" } /^[][]/ { print }
        /^}/ && entry !~ /single_header_tests\.dir/ { printf "%s", entry }' \
        "$1/compile_commands.json" >"$1/tidy/compile_commands.json"
    sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$1/tidy/compile_commands.json" |
        grep -F -e "$top/tests/" -e "$top/examples/" |
        xargs -d '\n' -n 1 -P "$(nproc)" clang-tidy --quiet -p "$1/tidy"
}

check_tidy() {
    if command -v clang-tidy >/dev/null; then
        check 'clang-tidy' tidy_all "$1"
    else
        skip 'clang-tidy (not installed)'
    fi
}
