#!/bin/sh
# sh tests/proof/mutation/run.sh [--soak] [PATTERN]: changes the library in one place at a time, and prints the test
# that then fails. A mutant that no test notices is a survivor; the list "survivors" has the reasons for explained
# survivors.
#   --soak   8 mutants for each 100 lines of each of the folders core, service, scm, posix and windows, under the whole suite; else a few of
#            core, service and scm, under their own tests
#   PATTERN  only mutants whose "FOLDER/FILE.hpp:LINES OPERATOR" matches this regular expression
# With --soak the script needs root, and runs all tests in new namespaces, because a mutant may leave any file behind
# and kill any process. DAEMONIZE_BUILD_DIR is the build directory (default: build). DAEMONIZE_MUTATION_SEED selects
# other mutants, and DAEMONIZE_MUTATION_RATE another number of mutants.
# shellcheck disable=SC2086 # lists of packages and folders
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
. "$top/tests/support/setup/packages.sh"

soak=''
[ "${1:-}" != --soak ] || { soak=1; shift; }
case $#:${1:-} in
    0:|1:|1:[!-]*) pattern=${1:-} ;;
    *)
        echo 'usage: sh tests/proof/mutation/run.sh [--soak] [PATTERN]' >&2
        exit 2 ;;
esac
seed=${DAEMONIZE_MUTATION_SEED:-1}
if [ -n "$soak" ]; then
    rate=${DAEMONIZE_MUTATION_RATE:-8} folders='core service scm posix windows' form=soak
else
    rate=${DAEMONIZE_MUTATION_RATE:-2} form=short
    folders='core/callback core/duration core/failure core/number core/stage core/utf posix/service/quote service/verbs
        scm/command_line scm/control_handler scm/service_config scm/state_machine scm/wait_policy'
fi
build=${DAEMONIZE_BUILD_DIR:-$top/build}/mutation/$form
inside=/var/log/mutation # where the build directory is found while the tests run
alone='unshare --mount --propagation private --pid --fork --kill-child --mount-proc'
if ! { [ "$(id -u)" -eq 0 ] && $alone true 2>/dev/null; }; then
    [ -z "$soak" ] || { echo "$0: only root can shut in what a mutant of the whole library may do" >&2; exit 2; }
    alone='' inside=$build
fi

# A reason whose line is gone would wait for another line of the same words.
check_reasons() {
    stale=$(grep -v '^#' "$here/survivors" | cut -f 1,4 | while IFS="$(printf "\t")" read -r file text; do
        grep -qF -e "$text" "$top/include/daemonize/$file" || echo "survivors: no such line in $file: $text"
    done)
    [ -z "$stale" ] || { echo "$stale" >&2; return 1; }
}

draw() {
    python3 "$here/mutants.py" "$top/include" "$build/include" "$seed" "$rate" "$build/rejected" "$build/list" \
        $folders >"$build/drawn"
}

# reject errors|missing FILE...: false where nothing had to be taken out.
reject() {
    python3 "$here/reject.py" "$build/list" "$build/rejected" "$@" >>"$build/log"
}

# compile COMPILER OPTION...: with the mutants in it.
compile() {
    "$@" -std=c++17 -w -fmax-errors=0 -DDAEMONIZE_TESTING -I"$build/include" -include "$here/site.hpp"
}

# Mutants in code for other systems, and mutants that do not compile, are replaced by other mutants.
draw_what_compiles() {
    echo '#include <daemonize.hpp>' >"$build/all.cpp"
    while draw; do
        compile g++ -E -P "$build/all.cpp" >"$build/posix.ii"
        [ -z "$soak" ] || compile x86_64-w64-mingw32-g++-posix -E -P "$build/all.cpp" >"$build/windows.ii"
        ! reject missing "$build"/*.ii || continue
        : >"$build/errors"
        compile g++ -fsyntax-only "$build/all.cpp" 2>>"$build/errors" || true
        [ -z "$soak" ] || for source in "$build/all.cpp" "$top/tests/windows/programs/service.cpp"; do
            compile x86_64-w64-mingw32-g++-posix -fsyntax-only "$source" 2>>"$build/errors" || true
        done
        grep -q ' error: ' "$build/errors" || return 0
        reject errors "$build/errors" || break
    done
    cat "$build/errors"
    return 1
}

# The tests are built with them; templates fail only here.
build_programs() {
    core_only=ON
    [ -z "$soak" ] || core_only=OFF
    cmake -S "$here" -B "$build/programs" -DMUTATED_INCLUDE="$build/include" -DINSIDE="$inside" \
        -DMUTATED_CORE_ONLY=$core_only >"$build/cmake.log" 2>&1 || { cat "$build/cmake.log"; return 1; }
    until cmake --build "$build/programs" --parallel "$(nproc)" -- -k >"$build/errors" 2>&1; do
        reject errors "$build/errors" || { cat "$build/errors"; return 1; }
        draw_what_compiles
    done
}

# A tree in which tests/windows/wine.sh finds the mutants, and compilers for it which know them.
prepare_wine() {
    rm -rf "$build/tree" "$build/wine" "$build/compilers"
    mkdir -p "$build/tree" "$build/compilers"
    cp -R "$top/tests" "$top/examples" "$top/README.md" "$build/tree"
    ln -s ../include "$build/tree/include"
    for model in posix win32; do
        compiler=x86_64-w64-mingw32-g++-$model
        cat >"$build/compilers/$compiler" <<END
#!/bin/sh
exec $(command -v "$compiler") "\$@" -w -O0 -include $inside/tree/tests/proof/mutation/site.hpp \\
    -DMUTATION_BOARD='"Z:$inside/wine.board"' $inside/tree/tests/proof/mutation/board.cpp
END
        chmod +x "$build/compilers/$compiler"
    done
}

# drive: in the namespaces, where there are any.
drive() {
    cd /
    PATH=$inside/compilers:$PATH
    export PATH
    exec python3 -B "$inside/driver/driver.py" "$inside" "$inside/list" "$inside/driver/survivors" "$(nproc)" "$pattern" \
        ${soak:+"$inside/tree/tests/windows"}
}

if [ "${DAEMONIZE_MUTATION_INSIDE:-}" = 1 ]; then
    # The build directory may lie below what is hidden.
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/build
    mount --bind "$build" /run/build
    mount -t tmpfs -o mode=755 tmpfs /var/log
    mkdir "$inside"
    mount --move /run/build "$inside"
    rmdir /run/build
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    unset DAEMONIZE_MUTATION_INSIDE
    drive
fi

wanted='python3 g++ cmake make catch2'
[ -z "$soak" ] || wanted="$wanted $demo_packages $wine_packages"
install_missing $wanted
mkdir -p "$build/include"
build=$(cd "$build" && pwd)
# Two runs at once would choose each other's mutants.
exec 9>"$build/lock"
flock -n 9 || { echo "$0: another run is at work in $build" >&2; exit 2; }
[ -n "$alone" ] || inside=$build
: >"$build/log"
rm -rf "$build/driver" "$build/figures"
mkdir "$build/driver"
check_reasons
cp "$here"/*.py "$here/survivors" "$build/driver"
draw_what_compiles
build_programs
[ -z "$soak" ] || prepare_wine
echo "seed $seed"
cat "$build/drawn"
[ -n "$alone" ] || drive
status=0
DAEMONIZE_MUTATION_INSIDE=1 DAEMONIZE_BUILD_DIR=${build%/mutation/*} \
    $alone sh "$here/run.sh" ${soak:+--soak} "$pattern" &
# All that is in there goes with its first process.
trap 'kill -9 "$!"; exit 1' HUP INT TERM
wait "$!" || status=$?
# Only the whole run's figures are for the README.
if [ -n "$soak" ] && [ -z "$pattern" ] && [ -f "$build/figures" ] && grep -q '^<!-- mutation:' "$top/README.md"; then
    sh "$top/tests/support/setup/readme_section.sh" mutation <"$build/figures"
fi
exit $status
