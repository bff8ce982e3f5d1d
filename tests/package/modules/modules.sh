#!/bin/sh
# shellcheck disable=SC2086
# sh modules.sh INCLUDE COMPILER [FLAG...]: builds two modules, each with a copy of the library, as a program with a shared
# library, a program with a plugin, and two plugins, and runs every case of cases.cpp in each.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$(cd "$1" && pwd)
shift
. "$here/../../support/skip.sh"
need_programs "$1"
compiler=$*
# A directory that only its owner can write: a pid file is refused elsewhere.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

printf '#include <string>\nint main() { return static_cast<int>(std::string().size()); }\n' >probe.cpp
$compiler probe.cpp -o probe >log 2>&1 || skip_missing "what $compiler builds a program with ($(grep -m 1 -i error log))"

compile() { $compiler -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fPIC -I "$include" "$@"; }

build() {
    for module in cases other; do compile "$@" -c "$here/$module.cpp" -o "$module.o" & done
    wait
    $compiler -shared cases.o -o cases.so
    $compiler -shared other.o -o libother.so
    compile -DCASES_ARE_LINKED -DOTHER_IS_LINKED "$here/main.cpp" cases.o -L. -lother -Wl,-rpath,"$work" -ldl -o linked
    compile -DCASES_ARE_LINKED "$here/main.cpp" cases.o -ldl -o plain
    compile -DCASES_ARE_LINKED "$here/main.cpp" cases.o -rdynamic -ldl -o rdynamic
    compile "$here/main.cpp" -ldl -o plugins
}

# check one|own PROGRAM local|global [PLUGIN...]: `one`: the modules share the state; `own`: each has its own.
check() {
    state=$1 program=$2
    shift 2
    for case in ready failed passed_on no_daemon events pid_file log caught released_here; do
        timeout "${DAEMONIZE_PATIENCE:-60}" "./$program" $case "$state" "$@" || {
            echo "$compiler $visibility: $program $case $state $*" >&2
            failed=1
        }
    done
}

# Without STB_GNU_UNIQUE, which only g++ gives to inline variables, plugins with RTLD_LOCAL have no symbol in common.
case $($compiler --version) in *clang*) local_plugins=own ;; *) local_plugins=one ;; esac
for visibility in '' '-fvisibility=hidden -fvisibility-inlines-hidden'; do
    build $visibility
    # The effect of some of these cannot be seen from outside where /proc answers too.
    for variable in 'daemon_state.*::state' held_pid_files 'ForkGuard::prepare.*::error' 'ForkGuard::first.*::list' \
        ForkLock::state_ SignalHandlers::current_ SignalHandlers::running_ 'EventLog::try_write.*::is_open'; do
        nm -DC libother.so | grep -q " [uV] daemonize::.*${variable}[^ ]*\$" || {
            echo "$compiler $visibility: $variable is not exported" >&2
            failed=1
        }
    done
    check one linked local
    for scope in local global; do
        check own plain $scope ./libother.so
        check one rdynamic $scope ./libother.so
    done
    check $local_plugins plugins local ./cases.so ./libother.so
    check one plugins global ./cases.so ./libother.so
done
exit $failed
