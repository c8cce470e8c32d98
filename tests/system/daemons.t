#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Each daemon is killed without warning while a guest runs. init starts it again, and
# everything goes on.

. "$(dirname "$0")/lib.sh"

fast_kernel
dom0_script <<'END'
create() { # NAME [KEY=VALUE]...
    name=$1
    shift
    pando create /guests/demo.json name="$name" kernel=/test/vmlinux "$@"
}

# kill_daemon NAME: and wait for its successor.
kill_daemon() {
    old=$(pidof "$1")
    kill -9 "$old"
    within 20 new_pid "$1" "$old"
}

new_pid() { # NAME OLD
    new=$(pidof "$1") && [ "$new" != "$2" ]
}

# ask GUEST NUMBER: types a sum at the guest's shell and looks for the result.
ask() {
    { sleep 1; echo "echo result-\$(($2 + 1))"; sleep 3; printf '\035'; } |
        pando console "$1" >/tmp/ask.out 2>&1
    grep -q "result-$(($2 + 1))" /tmp/ask.out
}

create first
check "a guest runs" on_console first '^first: Linux' 100

check "stored is started again" kill_daemon stored
check "the guest is still known by its name" within 20 pando info first
check "a new guest can be created" create second
check "it boots" on_console second '^second: Linux' 100
check "its network comes up" within 20 vif_of second
check "the old one can be asked to power off" pando shutdown --wait --timeout 60 first
check "so can the new one" pando shutdown --wait --timeout 60 second

create third
check "another guest runs" on_console third '^third: Linux' 100
check "consoled is started again" kill_daemon consoled
check "its console answers" within 30 ask third 100
check "new guests have a console" create fourth
check "it boots" on_console fourth '^fourth: Linux' 100

check "monitord is started again" kill_daemon monitord
check "a reboot is carried out" pando reboot third
check "it comes up again" within 100 console_count third '^third: Linux' 2
check "power-off is carried out" pando shutdown --wait --timeout 60 third fourth
equal "no domain is left" "$(pando list | wc -l)" 2
END

boot daemons 600 -c 2
finish
