#!/bin/sh
# sh enter.sh TREE COMMAND...: runs COMMAND as root with TREE as the root of the file system, in new pid and mount
# namespaces with a new /proc. No process is left at the end. The network is that of the machine.
set -eu
if [ "$1" != --inside ]; then
    exec unshare --mount --pid --fork --kill-child sh "$0" --inside "$@"
fi
tree=$2
shift 2
mount -n --bind "$tree" "$tree"
mount -n --rbind /dev "$tree/dev"
mount -n --rbind /sys "$tree/sys"
mount -n -t proc proc "$tree/proc"
cd "$tree"
# chroot(2) alone is not enough: the kernel gives no user namespace to a process in a chroot, and an ordinary user needs
# a user namespace for a private /dev.
pivot_root . mnt
umount -n -l mnt
# exec is not used: the shell stays as PID 1, and reaps the orphans of daemons.
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} "$@"
