#!/bin/sh
# sh patience.sh: prints the seconds that one event may take in a test, for DAEMONIZE_PATIENCE: 60 on a calm machine,
# and more on a machine that is slow or busy at this time. Every time limit of the tests is a multiple of this unit. A
# larger DAEMONIZE_PATIENCE of the caller stays.
set -eu
least=${DAEMONIZE_PATIENCE:-60}
case $least in *[!0-9]*) least=60 ;; esac
[ "$least" -ge 60 ] || least=60
programs=400 # started one after another, so that each of them waits for a processor
calm=25      # hundredths of a second for all of them on an idle machine

# Prints hundredths of a second.
now() {
    read -r since_boot _ </proc/uptime
    echo "${since_boot%.*}${since_boot#*.}"
}

[ -r /proc/uptime ] || { echo "$least"; exit 0; }
began=$(now)
count=0
while [ $count -lt $programs ]; do
    /bin/true
    count=$((count + 1))
done
measured=$((60 * ($(now) - began) / calm))
[ $measured -gt "$least" ] || measured=$least
echo "$measured"
