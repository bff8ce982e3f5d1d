#!/bin/sh
# sh copy_tree.sh DIRECTORY: a copy of this source tree, with neither history nor builds, as a fresh clone would be.
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$1"
tar -C "$top" --anchored --exclude='./.git' --exclude='./build*' -cf - . | tar -C "$1" --no-same-owner -xf -
