#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Commands beside the screen: progress, cancelling, keys that act on guests.
. "$(dirname "$0")/lib.sh"

touch "$work/kernel"
echo "{\"name\": \"fresh\", \"kernel\": \"$work/kernel\", \"memory\": 64}" >"$work/fresh.json"
start 80 24
see "there is a prompt" '^pando> *$'
types 'create fresh.json'
keys Enter
see "a progress bar, with rate and what is left" '█.*[0-9]/8 .*/s, [0-9]+ s left'
keys F8
see "the bar and what it is about, in full where it is narrow" '│create fresh.json$'
see "how much is unpacked, how fast" '│  █.*/8 (unpack 40 %, 4\.1 MiB/s|domain|memory|kernel|store)'
keys Escape
appears 'Escpanes'
types 'list'
keys Enter
see "the screen is not blocked meanwhile" 'TIME\(s\)'
see "it ends" 'fresh is now domain'
see "the guest is in the list" '^[Rb] fresh'
types 'create fresh.json'
keys Enter
see "an error says what is wrong" 'name: there is a guest "fresh"'
types 'create fresh.json name=other'
keys Enter
see "it can be cancelled" 'create fresh.json na'
keys C-c
see "and then has done nothing" 'given up'
gone "no guest is there" '^[Rb] other'
types 'create nothing.json'
keys Enter
see "another one" 'nothing.json'
# Guests called "build..." don't shut down.
types 'shutdown --wait build03'
keys Enter
see "a command that waits says for what" 'waiting for the end of build03, [0-9]+ s'
types 'version'
keys Enter
see "another one meanwhile" '^.*│pando [0-9]'
keys C-c
see "Ctrl-C cancels it" 'cancelled'
types 'shutdown --wait --timeout 2 build03'
keys Enter
appears 'waiting for the end'
types 'list'
keys Enter
see "late words of a command have its name before them" \
    'shutdown --wait --timeout 2 build03: *$'
see "whose they are" 'shutdown: build03 has not been removed in time'
types 'shutdown --wait web04'
keys Enter
gone "a guest ends" '^[Rb] web04'
keys F7 Tab
see "operations are in the log" 'shutdown --wait web04: done'
see "with those that failed" 'cancelled'
keys Tab
see "and events" 'web04 is gone'
keys F2 Home Down
keys p
see "p pauses" 'paused'
keys p
gone "and lets it go on" 'paused'
keys s
see "s asks" 'Shut down db01\? y/n'
keys n
see "n is no" 'not done'
keys D
see "D asks" 'Destroy.*db01\? y/n'
keys y
gone "y does it" '^[Rb] db01'
types ':'
types 'shutdown --wait build03'
keys Enter
see "a command runs" 'waiting for the end of build03'
keys C-d
see "leaving asks while one runs" '1 command is running'
keys C-d
see "and then leaves" 'ended with 0'

# At a terminal a line says how far a command is; not where only its errors go there.
MODE=$'create fresh.json name=watched 2>/dev/tty\n:' start 80 24
see "a line changes" '[1-7]/8'
see "and is gone at the end" 'watched is now domain'
MODE=$'create fresh.json name=piped >out 2>/dev/tty\n:' start 80 24
mux pipe-pane -t test "cat >'$work/raw'"
see "without a terminal for its output" 'ended with 0'
ok "it says nothing on the way" eval '! grep -q /8 "$work/raw"'
ok "but does it" grep -q 'piped is now domain' "$work/out"
unset MODE

# A store or a hypervisor that does not answer holds nobody up.
start 80 24 PANDO_SIM_HANGS="$work/hangs"
see "it is there" 'web04'
touch "$work/hangs"
see "that nothing is answered is told" 'no answer from the store'
types 'help list'
keys Enter
see "the screen goes on" 'usage: list'
keys F10
see "and can be left" 'ended with 0'
finish
