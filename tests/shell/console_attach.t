#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Attaching and detaching a hundred times, and a console daemon that goes away and comes back.
. "$(dirname "$0")/lib.sh"

# shell_process: the process id of the shell.
shell_process() {
    pgrep -P "$(mux display-message -p -t test '#{pane_pid}')" -f -- --screen | tail -n 1
}

files() {
    find "/proc/$(shell_process)/fd" -mindepth 1 | wc -l
}

memory() {
    awk '/^VmRSS/ { print $2 }' "/proc/$(shell_process)/status"
}

# attach_and_detach TIMES
attach_and_detach() {
    for ((i = 0; i < $1; i++)); do
        types 'console db01'
        keys Enter
        appears 'This is the console of db01' || return 1
        keys C-] M-x
        disappears 'console of db01' || return 1
    done
}

consoles
start 100 30
appears '^pando> *$'
ok "consoles can be attached to and closed" attach_and_detach 20
before_files=$(files)
before_memory=$(memory)
ok "a hundred times" attach_and_detach 100
ok "no descriptor is left of them" test "$(files)" = "$before_files"
grown=$(($(memory) - before_memory))
echo "# the shell has grown by $grown KiB"
ok "nor memory" test $grown -lt 600

types 'console db01'
keys Enter
appears 'This is the console of db01'
keys x y z
see "a console is there" '(^|│)xyz'
kill "$consoled"
wait "$consoled" 2>/dev/null
see "that the daemon has gone is said" 'waiting for the console daemon'
keys q
see "keys that go nowhere are told of" 'not attached to db01'
consoles
see "it is attached again when the daemon is back" 'console of db01  Ctrl-\] leaves'
keys n e w
see "and works" '(^|│)new'
keys C-]
types 'console db01 --read-only'
keys Enter
see "one may only watch" 'console of db01, read-only'
keys x
see "what is typed there goes nowhere, and that is said" 'read-only: db01 does not get'
keys C-]
finish
