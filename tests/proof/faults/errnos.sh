#!/bin/sh
# sh tests/proof/faults/errnos.sh >tests/proof/faults/errnos: lists the errors in the manual page of each system call,
# one call a line. Installs the Debian package manpages-dev. The names are the kernel's, as strace prints them.
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
. "$top/tests/support/setup/packages.sh"
install_missing manpages-dev >&2

# errors_of PAGE...: E names at the head of an entry of the section ERRORS, aliases among them; but for those that the kernel
# keeps to itself.
errors_of() {
    for page in "$@"; do
        file=/usr/share/man/man2/$page.2.gz
        source=$(zcat "$file" | sed -n 's/^\.so \(man2\/.*\)/\1/p')
        [ -z "$source" ] || file=/usr/share/man/$source.gz
        zcat "$file"
    done | awk '
        /^\.SH/ { errors = $2 == "ERRORS" }
        errors && /^\.(B|BR) E[A-Z0-9]+/ && before ~ /^\.(TP|TQ)/ && $2 !~ /^ERESTART/ {
            # Two names of one number each: strace knows the first.
            if ($2 == "EWOULDBLOCK") $2 = "EAGAIN"
            if ($2 == "ENOTSUP") $2 = "EOPNOTSUPP"
            print $2
        }
        { before = $0 }' | sort -u | tr '\n' ' '
}

echo '# Made by errnos.sh: each system call, and the errors that its manual page lists.'
while read -r call pages; do
    # shellcheck disable=SC2086 # one page or more
    errors=$(errors_of $pages)
    echo "$call ${errors% }"
done <<'CALLS'
access access
bind bind
capget capget
capset capget
chdir chdir
chmod chmod
chown chown
chroot chroot
clone clone
clone3 clone
close close
close_range close_range
connect connect
creat open
dup dup
dup2 dup
dup3 dup
execve execve
fchmod fchmod
fchown fchown
fcntl fcntl
flock flock
exit_group exit_group
fork fork
fstat stat
ftruncate ftruncate
getcwd getcwd
getdents64 getdents
getegid getgid
geteuid getuid
getgid getgid
getgroups getgroups
getpid getpid
getppid getpid
getrandom getrandom
getresgid getresgid
getresuid getresuid
getrlimit getrlimit
getsockname getsockname
getsockopt getsockopt
getuid getuid
ioctl ioctl
kill kill
link link
lseek lseek
lstat stat
mkdir mkdir
mmap mmap
mprotect mprotect
munmap munmap
newfstatat stat
open open
openat open
pipe pipe
pipe2 pipe
poll poll
prctl prctl
pread64 read lseek
prlimit64 getrlimit
pselect6 select
pwrite64 write lseek
read read
readlink readlink
readlinkat readlink
recvfrom recv
recvmsg recv
rename rename
rmdir rmdir
rt_sigaction sigaction
rt_sigprocmask sigprocmask
select select
sendmsg send
sendto send
setgid setgid
setgroups getgroups
setpgid setpgid
setresgid setresuid
setresuid setresuid
setreuid setreuid
setrlimit getrlimit
setsid setsid
setuid setuid
shutdown shutdown
socket socket
socketpair socketpair
stat stat
umask umask
unlink unlink
unlinkat unlink
wait4 wait
waitid wait
write write
CALLS
