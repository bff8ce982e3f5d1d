#!/bin/sh
# sh copy_tree.sh DIRECTORY: copies this source tree, without history and builds, like a fresh clone.
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$1"
tar -C "$top" --anchored --exclude='./.git' --exclude='./build*' -cf - . | tar -C "$1" --no-same-owner -xf -
