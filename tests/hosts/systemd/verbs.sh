# shellcheck shell=bash disable=SC2154
# The verbs of a service program on a system with systemd. Sourced by inside.sh.

case_install() {
    echo 3600 >/etc/installed.conf
    expect 0 /hosts/service install -- --config /etc/installed.conf --log /var/log/installed.log
    file=/etc/systemd/system/timestampd.service
    [ -z "$(systemd-analyze verify "$file" 2>&1)" ] || fail 'systemd finds fault with the unit'
    [ "$(systemctl is-enabled timestampd.service)" = enabled ] || fail 'it is not enabled'
    is timestampd.service Description 'Appends the time to a log'
    is timestampd.service ActiveState inactive
    expect 3 /hosts/service status

    expect 0 /hosts/service start
    is timestampd.service ActiveState active
    status_shows timestampd.service 'writing to /var/log/installed.log'
    pid=$(main_pid timestampd.service)
    /hosts/service status | grep -q "pid  *$pid" || fail 'status names another process'
    expect 0 /hosts/service status
    expect 0 /hosts/service start
    is timestampd.service MainPID "$pid"
    expect 0 /hosts/service reload
    is timestampd.service MainPID "$pid"

    # install over an installation, and while the service runs.
    expect 0 /hosts/service install -- --config /etc/installed.conf --log /var/log/installed.log
    is timestampd.service MainPID "$pid"
    expect 0 /hosts/service restart
    [ "$(main_pid timestampd.service)" != "$pid" ] || fail 'it is the same process'

    expect 0 /hosts/service stop
    is timestampd.service ActiveState inactive
    expect 3 /hosts/service status
    expect 0 /hosts/service stop

    expect 0 /hosts/service start
    expect 0 /hosts/service uninstall
    is timestampd.service LoadState not-found
    [ -z "$(processes_of /hosts/service)" ] || fail 'it still runs'
    [ -z "$(find /etc/systemd /run/timestampd.pid -name '*timestampd*' 2>/dev/null)" ] || fail 'something stays'
    expect 5 /hosts/service uninstall
}

# The verb checks the configuration that the unit names, with any arguments of the verb.
case_restart_with_a_bad_configuration() {
    echo 3600 >/etc/kept.conf
    /hosts/service install -- --config /etc/kept.conf --log /var/log/kept.log
    expect 0 /hosts/service start
    pid=$(main_pid timestampd.service)
    echo garbage >/etc/kept.conf
    for words in '-- --config /etc/kept.conf' ''; do
        for verb in restart reload; do
            # shellcheck disable=SC2086
            expect 6 /hosts/service $verb $words
            is timestampd.service ActiveState active
            is timestampd.service MainPID "$pid"
        done
    done
    expect 0 /hosts/service uninstall
}

case_arguments_survive() {
    words=('two words' '' "it's" '"quoted"' '$HOME' '${HOME}' '$$' '100%' '%n %% %h' 'back\slash' '\x41\n' ';' 'a;b' '; ls' '#no' '!x' '@x' '-x' '+x' '&'
        'größer' $'tab\there' $'line\nbreak' $'\x7f' '*' '~' '|' '\' '\\' '$' 'ends in $' "'" '"' ' ' 'ends in \')
    /hosts/bodies install -- arguments /run/arguments "${words[@]}"
    [ -z "$(systemd-analyze verify /etc/systemd/system/bodyd.service 2>&1)" ] || fail 'systemd finds fault with the unit'
    expect 0 /hosts/bodies start
    printf '%s\0' arguments /run/arguments "${words[@]}" >/run/expected
    expect 0 cmp /run/expected /run/arguments
    expect 0 /hosts/bodies uninstall
}

# Also the path of the program, for which systemd has separate rules.
case_paths_survive() {
    for name in 'two words' '100%' '$HOME' '${HOME}' '$$' 'größer' ';' '-x' '@x'; do
        mkdir -p "/srv/$name"
        cp /hosts/bodies "/srv/$name/$name"
        rm -f /run/arguments
        "/srv/$name/$name" install -- arguments /run/arguments "$name"
        expect 0 "/srv/$name/$name" start
        [ "$(readlink "/proc/$(main_pid bodyd.service)/exe")" = "/srv/$name/$name" ] || fail "another program than /srv/$name runs"
        expect 0 "/srv/$name/$name" uninstall
    done
}

# install refuses at once, with a message, a unit that systemd would refuse at the start. No file stays.
case_install_refused() {
    for name in "it's" 'a"quote' 'back\slash' $'\x01' $'\xff'; do
        mkdir -p "/srv/$name"
        cp /hosts/bodies "/srv/$name/program"
        expect 1 "/srv/$name/program" install -- arguments /run/arguments 2>/run/words
        grep -q 'cannot install the service bodyd: systemd accepts ' /run/words || fail "it says: $(cat /run/words)"
    done
    expect 1 /hosts/bodies install -- arguments /run/arguments $'\xff' 2>/run/words
    grep -q 'systemd accepts only UTF-8 in a unit' /run/words || fail "it says: $(cat /run/words)"
    [ ! -e /etc/systemd/system/bodyd.service ] || fail 'a unit stays'
}
