#!/bin/sh
# sh tests/proof/fuzz/run.sh [--soak] [--keep]: builds the fuzz targets, replays the corpus of each, and then runs
# libFuzzer.
#   --soak  two minutes for each target, in place of a second
#   --keep  adds inputs that reach new code to the corpus, as few as possible
# DAEMONIZE_BUILD_DIR is the build directory (default: build). Its folder fuzz/found keeps each input that breaks a
# promise.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
build=${DAEMONIZE_BUILD_DIR:-$top/build}/fuzz
. "$top/tests/support/setup/packages.sh"
export build here leaks

seconds=1 keep=''
for option in "$@"; do
    case $option in
        --soak) seconds=120 ;;
        --keep) keep=1 ;;
        *)
            echo 'usage: sh tests/proof/fuzz/run.sh [--soak] [--keep]' >&2
            exit 2 ;;
    esac
done
install_missing clang libclang-rt-dev
started=$(date +%s)
mkdir -p "$build/found" "$build/logs"
rm -f "$build"/found/* "$build"/logs/*

flags='-std=c++17 -g -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-sanitize-recover=all'
find "$here" -name '*.cpp' | sort | xargs -I '{}' -P "$(nproc)" sh -c \
    "clang++ $flags -fsanitize=fuzzer-no-link,address,undefined -I '$top/include' -c \"\$1\" \
        -o \"$build/\$(basename \"\$1\").o\"" sh '{}'
clang++ -fsanitize=fuzzer,address,undefined "$build"/*.cpp.o -o "$build/fuzz"
# LeakSanitizer traces the process at its end.
echo 'int main() {}' >"$build/probe.cpp"
clang++ -fsanitize=address "$build/probe.cpp" -o "$build/probe"
leaks=1
ASAN_OPTIONS=detect_leaks=1 "$build/probe" 2>/dev/null || leaks=0
targets=$(ASAN_OPTIONS=detect_leaks=$leaks "$build/fuzz" | sort)
[ -n "$targets" ] || { echo 'fuzz/run.sh: no targets' >&2; exit 1; }
echo "built in $(($(date +%s) - started)) s"

# one TARGET SECONDS: the corpus as it is, by sh as well where that can judge; then new inputs, which stay in the build.
cat >"$build/one.sh" <<'END'
set -eu
mkdir -p "$build/new/$1"
export FUZZ_TARGET="$1" ASAN_OPTIONS=handle_abort=0:detect_leaks=$leaks
common="-timeout=$((${DAEMONIZE_PATIENCE:-60} / 3)) -rss_limit_mb=2048 -max_len=400 -artifact_prefix=$build/found/$1-"
FUZZ_SHELL=1 "$build/fuzz" $common -runs=0 "$here/corpus/$1" >"$build/logs/$1" 2>&1 &&
    "$build/fuzz" $common -max_total_time="$2" -print_final_stats=1 "$build/new/$1" "$here/corpus/$1" \
        >>"$build/logs/$1" 2>&1 || { cat "$build/logs/$1"; echo "$1: a promise does not hold"; exit 1; }
END
[ -z "$keep" ] || for target in $targets; do mkdir -p "$here/corpus/$target"; done
for target in $targets; do
    set -- "$here/corpus/$target"/*
    [ -n "$keep" ] || [ -e "$1" ] || { echo "no corpus for $target" >&2; exit 1; }
done
echo "$targets" | xargs -I '{}' -P "$(nproc)" sh "$build/one.sh" '{}' "$seconds"

if [ -n "$keep" ]; then
    for target in $targets; do
        rm -rf "$build/small"
        mkdir "$build/small"
        FUZZ_TARGET=$target "$build/fuzz" -merge=1 -use_counters=0 -max_len=400 "$build/small" "$here/corpus/$target" \
            "$build/new/$target" >/dev/null 2>&1
        rm -rf "${here:?}/corpus/$target"
        cp -R "$build/small" "$here/corpus/$target"
    done
fi
runs=$(cat "$build"/logs/* | awk '/number_of_executed_units/ { sum += $2; if (!least || $2 < least) least = $2 }
    END { printf "%d inputs, %d at the least for one target", sum, least }')
{
    echo "fuzzed: $(echo "$targets" | wc -l) targets, each for $seconds s; $runs; no promise broken"
    echo "corpus: $(find "$here/corpus" -type f | wc -l) inputs, all replayed"
    echo "time: $(($(date +%s) - started)) s on $(nproc) cores"
} >"$build/figures"
cat "$build/figures"
grep -hs '^LEFT OUT: ' "$build"/logs/* | sort -u
[ "$leaks" -eq 1 ] || echo 'LEFT OUT: this machine cannot trace a process: leaks were not searched for'
[ "$seconds" -eq 1 ] || sh "$top/tests/support/setup/readme_section.sh" --figures fuzz <"$build/figures"
