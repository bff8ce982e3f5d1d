# shellcheck shell=sh
# Gives a booted system a separate control group. Two systems in one control group kill each other's services. Sourced.

# own_cgroups NAME: where it would be, below ours, in each hierarchy in which systemd keeps its units.
own_cgroups() {
    # cgroup2, and name=systemd of machines that have both.
    awk '$(NF - 2) == "cgroup2" || ($(NF - 2) == "cgroup" && $NF ~ /name=systemd/) { print $(NF - 2), $5 }' /proc/self/mountinfo |
        while read -r type place; do
            if [ "$type" = cgroup2 ]; then ours=$(sed -n 's/^0:://p' /proc/self/cgroup); else
                ours=$(sed -n 's/^[0-9]*:name=systemd://p' /proc/self/cgroup)
            fi
            echo "${place%/}${ours%/}/$1"
        done
}

# enter_cgroups GROUP...: makes them, and moves this shell there.
enter_cgroups() {
    for group in "$@"; do
        mkdir "$group" && sh -c 'echo $PPID >"$0/cgroup.procs"' "$group" || return 1
    done
}

# remove_cgroups GROUP...: once nobody is in them.
remove_cgroups() {
    for group in "$@"; do
        [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + || return 1
    done
}
