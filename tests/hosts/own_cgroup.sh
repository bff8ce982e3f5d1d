# shellcheck shell=sh
# Gives a booted system a separate control group. Two systems in one control group kill each other's services. Sourced.

# own_cgroups NAME: prints the path of the group, below the group of this shell, in each hierarchy with units of
# systemd.
own_cgroups() {
    # cgroup2, and name=systemd on machines with both.
    awk '$(NF - 2) == "cgroup2" || ($(NF - 2) == "cgroup" && $NF ~ /name=systemd/) { print $(NF - 2), $5 }' /proc/self/mountinfo |
        while read -r type place; do
            if [ "$type" = cgroup2 ]; then ours=$(sed -n 's/^0:://p' /proc/self/cgroup); else
                ours=$(sed -n 's/^[0-9]*:name=systemd://p' /proc/self/cgroup)
            fi
            echo "${place%/}${ours%/}/$1"
        done
}

# enter_cgroups GROUP...: makes the groups, and moves this shell into them.
enter_cgroups() {
    for group in "$@"; do
        mkdir "$group" && sh -c 'echo $PPID >"$0/cgroup.procs"' "$group" || return 1
    done
}

# remove_cgroups GROUP...: removes the groups when they are empty.
remove_cgroups() {
    for group in "$@"; do
        [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + || return 1
    done
}
