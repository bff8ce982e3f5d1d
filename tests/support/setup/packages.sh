# shellcheck shell=sh disable=SC2034,SC2086
# The Debian packages that the scripts of this project need, and the installation of missing packages. Sourced, never
# run. The sourcing script sets top, the root of the source tree.
. "$top/tests/support/setup/progress.sh"

build_packages='g++ cmake make'
# busybox has a syslogd; the package busybox-syslogd would replace the syslogd of the machine.
demo_packages="$build_packages busybox procps"
# The packages of tests/proof/faults, tests/proof/mutation and the analysers, beside compilers.
proof_packages='strace python3 cppcheck'
quick_packages="$build_packages catch2"
# Every test that needs no other machine, emulator or host.
native_packages="$demo_packages catch2 libasio-dev pkgconf clang libclang-rt-dev libc++-dev libc++abi-dev clang-format clang-tidy valgrind $proof_packages"
case $(dpkg --print-architecture 2>/dev/null) in amd64) native_packages="$native_packages g++-multilib" ;; esac
# npm fetches the zig compiler. If npm came with another node than Debian's, the Debian package npm would not install.
zig_packages=$(command -v npm >/dev/null || echo 'npm ca-certificates')
# The hosts of tests/hosts. No package in this list starts a service. xinetd and inetd would start one, so
# tests/support/setup/super_servers.sh unpacks them.
host_packages="s6 runit daemontools libwrap0 libtirpc3 libevent-2.1-7 libbsd0 $(command -v node >/dev/null || echo nodejs)"
# The headers of tests/package/macros.
macro_packages='qtbase5-dev libx11-dev libncurses-dev libbsd-dev'
fresh_packages='debootstrap'
benchmark_packages="$build_packages hyperfine libbenchmark-dev libdaemon-dev libpoco-dev libsystemd-dev pkgconf procps python3 python3-daemon strace valgrind"
# The compilers for Windows, of both thread models, and Wine.
mingw_packages='g++-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-win32 g++-mingw-w64-i686-posix g++-mingw-w64-i686-win32'
wine_packages="wine wine64 $mingw_packages"
systemd_packages='debootstrap systemd-container'
all_packages="$native_packages $zig_packages $wine_packages $macro_packages $host_packages $systemd_packages"

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done
}

# Needs no privilege if every package is installed. Names the packages that cannot be installed in one line, and the
# caller decides.
install_missing() {
    wanted_packages=$(missing_packages "$@")
    [ -n "$wanted_packages" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        echo "$0: not root and no sudo here; an administrator can install what is missing: apt-get install $wanted_packages" >&2
        return 1
    fi
    echo "Installing by ${as_root:+sudo }apt-get: $wanted_packages"
    # A lock time-out, because a machine after its boot often runs updates.
    apt_log=$(mktemp) || return 1
    with_progress "$apt_log" $as_root apt-get -q -o DPkg::Lock::Timeout=600 update &&
        with_progress "$apt_log" $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
            -o Dpkg::Use-Pty=0 install --no-install-recommends $wanted_packages && { rm "$apt_log"; return 0; }
    tail -n 20 "$apt_log" >&2
    rm "$apt_log"
    echo "$0: could not install: $wanted_packages" >&2
    return 1
}

# The default generator of CMake needs make; ninja works as well.
can_build() {
    command -v g++ >/dev/null && command -v cmake >/dev/null || return 1
    command -v make >/dev/null && return 0
    command -v ninja >/dev/null && export CMAKE_GENERATOR="${CMAKE_GENERATOR:-Ninja}"
}
