#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Twenty consoles with a thousand lines a second each, beside a hundred guests: what the shell
# needs of the processor and writes to the terminal, and that no line is lost.
. "$(dirname "$0")/lib.sh"

SECONDS_MEASURED=10
shell_process() {
    pgrep -P "$(mux display-message -p -t test '#{pane_pid}')" -f -- --screen | tail -n 1
}

# ticks: processor time of the shell, in hundredths of a second.
ticks() {
    local stat
    stat=$(<"/proc/$(shell_process)/stat")
    stat=(${stat##*) })
    echo $((stat[11] + stat[12]))
}

written() {
    awk '/^wchar/ { print $2 }' "/proc/$(shell_process)/io"
}

consoles
start 200 60 PANDO_SIM_GUESTS=100 PANDO_SIM_RATE=1000
appears '^pando> *$'
for ((i = 3; i < 83; i += 4)); do
    name=$(printf 'build%02d' $i)
    types "console $name --no-replay"
    keys Enter
    appears "console of $name" || break
    keys C-]
done
keys M-g
see "twenty consoles are seen at once" 'console of build03.*│ console of build07'
sleep 1
before=$(ticks)
bytes=$(written)
started=$(date +%s%N)
sleep $SECONDS_MEASURED
used=$(($(ticks) - before))
bytes=$(($(written) - bytes))
took=$((($(date +%s%N) - started) / 10000000))
share=$((used * 1000 / took))
echo "# $((share / 10)).$((share % 10)) % of a CPU, $((bytes * 100 / took / 1024)) KiB/s to the terminal, all panes seen"
# The limit is for the machine that this is made for; one that is busy or emulated is allowed more.
ok "that takes a tenth of a CPU" test $share -lt "${LOAD_LIMIT:-100}"

keys M-1
gone "none is seen" 'console of build03.*│'
before=$(ticks)
started=$(date +%s%N)
sleep 5
used=$(($(ticks) - before))
took=$((($(date +%s%N) - started) / 10000000))
share=$((used * 1000 / took))
echo "# $((share / 10)).$((share % 10)) % of a CPU with none of them seen"
ok "less where none is seen" test $share -lt "${LOAD_LIMIT:-100}"

# Numbers of lines that stand below each other, somewhere in the history.
keys M-2
appears 'console of build'
keys M-z
appears 'alone, of 20'
keys M-h
appears 'LOOKING BACK'
types '?00 of'
keys Enter
sleep 0.5
screen | grep -oE '│line [0-9]+' | tr -dc '0-9\n' >"$work/lines"
ok "the history is there" test "$(wc -l <"$work/lines")" -gt 20
ok "without a gap" test -z "$(awk 'NR > 1 && $1 != last + 1 { print } { last = $1 }' "$work/lines")"
types q
keys M-x
finish
