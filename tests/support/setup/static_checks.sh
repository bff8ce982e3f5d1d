# shellcheck shell=sh disable=SC2154
# The checks that run no code of the library: the format, and clang-tidy. Sourced by tests/run.sh.

check_format() {
    if command -v clang-format >/dev/null; then
        check 'clang-format' find "$top/include" "$top/tests" "$top/examples" -name '*.[ch]pp' \
            -exec clang-format --dry-run -Werror {} +
    else
        skip 'clang-format (not installed)'
    fi
}

# tidy_all DIRECTORY: checks every example, as clang++ compiles it, and so every header. With --soak also every test,
# without the analyzer, which takes most of the time; the tests take six minutes.
tidy_all() {
    cmake -S "$top" -B "$1" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_UNITY_BUILD=OFF >"$1.log" 2>&1 || {
        cat "$1.log"
        return 1
    }
    sources=$(sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$1/compile_commands.json")
    echo "$sources" | grep -F "$top/examples/" | xargs -d '\n' -n 1 -P "$(nproc)" clang-tidy --quiet -p "$1" || return 1
    [ -n "$soak" ] || return 0
    echo "$sources" | grep -F "$top/tests/" |
        xargs -d '\n' -n 1 -P "$(nproc)" clang-tidy --quiet --checks='-clang-analyzer-*' -p "$1" || return 1
    # Separate scripts build these files.
    find "$top/tests/proof/races" "$top/tests/proof/threads" "$top/tests/proof/fuzz" "$top/tests/proof/faults" -name '*.cpp' -print0 |
        xargs -0 -I '{}' -P "$(nproc)" clang-tidy --quiet --checks='-clang-analyzer-*' '{}' -- \
            -std=c++17 -I "$top/include" -I "$top/tests" -DDAEMONIZE_TESTING
}

check_tidy() {
    if command -v clang-tidy >/dev/null; then
        check 'clang-tidy' tidy_all "$1"
    else
        skip 'clang-tidy (not installed)'
    fi
}
