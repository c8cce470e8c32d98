#!/bin/bash
# SPDX-License-Identifier: MIT
#
# 100 guests, consoles of 20 that write 1,000 lines a second each, ten samples a second: what that
# takes of a CPU, and how much is written to the terminal.
. "$(dirname "$0")/lib.sh"

seconds=10
consoles
mkdir -p "$work/home/.config/pando"
echo '{ "refresh_ms": 100 }' >"$work/home/.config/pando/shell.json"
start 200 60 PANDO_SIM_GUESTS=100
see "100 guests" 'Guests 100'
pid=$(pgrep -P "$(mux display -p -t test '#{pane_pid}')" | head -1)
guests=$(seq 3 4 79)
for guest in $guests; do
    types "$(printf 'console build%02d' "$guest")"
    keys Enter
    appears "console of build$(printf %02d "$guest")" || break
    keys C-]
done
see "20 consoles" 'console of build79'
keys F2
see "the screen of guests" 'CPU OVER TIME'

# Processor time and bytes written so far: milliseconds, bytes.
used() {
    awk '{ print ($14 + $15) * 10 }' "/proc/$pid/stat"
    awk '/^wchar/ { print $2 }' "/proc/$pid/io"
}

mapfile -t before < <(used)
sleep $seconds
mapfile -t after < <(used)
percent=$(((after[0] - before[0]) / (10 * seconds)))
rate=$(((after[1] - before[1]) / seconds / 10))
echo "# $percent % of a CPU, $rate bytes a refresh"
ok "it takes less than a tenth of a CPU" [ $percent -lt 10 ]
ok "only what has changed is written" [ $rate -le 8000 ]
types ':'
types 'console build79'
keys Enter
appears 'line [0-9]+ of a flood'
line() {
    screen | sed -n 's/.*line \([0-9]*\) of a flood.*/\1/p' | tail -1
}
first=$(line)
sleep 2
ok "the consoles are written to all the while" [ $(($(line) - first)) -ge 1500 ]
keys C-]
types 'list db01'
keys Enter
see "it still answers" 'db01 +(running|blocked)'
keys F10
see "and leaves" 'ended with 0'
finish
