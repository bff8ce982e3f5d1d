# shellcheck shell=sh disable=SC2154
# Builds the programs of run.sh and compare.sh, and their environment. Sourced, with $here, $top and $build set.

# build_faults CMAKE_ARGUMENT...
build_faults() {
    mkdir -p "$build"
    build=$(cd "$build" && pwd)
    if ! { cmake -S "$here" -B "$build" "$@" && cmake --build "$build" --parallel 2; } >"$build/log" 2>&1; then
        cat "$build/log"
        return 1
    fi
    printf 'root:x:0:0:root:/root:/bin/sh\nevery:x:4321:4321::/:/bin/sh\n' >"$build/passwd"
    printf 'root:x:0:\nevery:x:4321:\nothers:x:4322:\nhelpers:x:4323:every\n' >"$build/group"
    printf 'passwd: files\ngroup: files\n' >"$build/nsswitch.conf"
    cp "$here/steps" "$build/steps"
    cp "$here/peers/errnos" "$build/peer_errnos"
    mkdir -p "$build/traces"
}

# alone PROGRAM ARGUMENT...: in namespaces of its own, where the programs are at /mnt.
alone() {
    program=$1
    shift
    sh "$here/inside.sh" "$build" "/mnt/$program" "$@"
}
