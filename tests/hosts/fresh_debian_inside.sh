#!/bin/sh
# sh fresh_debian_inside.sh root|user: the commands that fresh_debian.sh runs inside a bare system. The folders daemonize of
# root and of the user tester are fresh copies.
set -u

as_tester() {
    (cd /home/tester/daemonize && setpriv --reuid=tester --regid=tester --init-groups \
        env HOME=/home/tester USER=tester LOGNAME=tester "$@")
}

expect() {
    expected=$1 what=$2
    shift 2
    echo
    echo "#### $what"
    began=$(date +%s)
    "$@"
    status=$?
    echo "#### $what: status $status after $(($(date +%s) - began)) s"
    if [ "$expected" = works ]; then [ "$status" -eq 0 ]; else [ "$status" -ne 0 ]; fi || {
        echo "fresh_debian.sh: $what: status $status" >&2
        exit 1
    }
}

refused_by_name() {
    said=$(as_tester sh "$1" 2>&1) && return 0
    echo "$said"
    echo "$said" | grep -q 'install.* g++ cmake make' || exit 1
    return 1
}

quick_by_hand() {
    cmake -S . -B by_hand && cmake --build by_hand --parallel "$(nproc)" && ctest --test-dir by_hand -L quick --parallel "$(nproc)"
}

case $1 in
    root)
        cd ~root/daemonize || exit 1
        expect works 'root: tests/run.sh' sh tests/run.sh
        expect works 'root: cmake and ctest by hand' quick_by_hand
        expect works 'root: examples/run.sh' env DAEMONIZE_NO_SKIP=1 sh examples/run.sh ;;
    user)
        expect refusal 'a user with nothing installed: examples/run.sh' refused_by_name examples/run.sh
        expect refusal 'a user with nothing installed: tests/run.sh' refused_by_name tests/run.sh
        { apt-get -q update && apt-get -q -y install --no-install-recommends sudo; } >/dev/null || exit 1
        echo 'tester ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/tester
        expect works 'a user with sudo: tests/run.sh' as_tester sh tests/run.sh
        expect works 'a user with sudo: examples/run.sh' as_tester env DAEMONIZE_NO_SKIP=1 sh examples/run.sh ;;
esac
