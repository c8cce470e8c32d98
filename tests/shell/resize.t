#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Other sizes, while it runs and at the start; and terminals that can do less.
. "$(dirname "$0")/lib.sh"

start 80 24
see "it starts" 'web04'
size 200 60
see "larger" 'TIME\(s\).*CPU OVER TIME'
ok "the status line is at the bottom" eval 'screen | sed -n 59p | grep -q "CPU "'
size 50 14
gone "no list of guests where it leaves too little" 'NAME +VC CPU%'
see "smaller" '^pando> *$'
size 40 9
see "without hints" '^pando> *$'
gone "the hints are gone" 'F1Help'
size 12 4
see "much too small" 'too small'
size 80 24
see "and back" 'NAME +VC CPU%.*'
see "with the hints" 'F1Help'
for round in {1..40}; do size $((20 + round * 7 % 150)) $((6 + round * 5 % 50)); done
size 80 24
see "after many sizes" 'F1Help'
types 'list'
keys Enter
see "it still works" 'TIME\(s\)'
ok "nothing is wider than the terminal" [ "$(screen | wc -L)" -le 80 ]

# Smaller and back, faster than the shell looks: it finds the size that it knows, but what it has
# drawn is cut off.
pid=$(pgrep -P "$(mux display -p -t test '#{pane_pid}')" | head -1)
kill -STOP "$pid"
size 30 10
size 80 24
sleep 0.3
kill -CONT "$pid"
see "after two sizes at once" 'F1Help.*F8Out '
see "all is drawn again" 'NAME +VC CPU% .*│'

# A serial line: the kernel knows no size, the terminal is asked.
BEFORE='stty rows 0 cols 0' start 100 30
see "where the kernel knows no size, the terminal is asked" 'web04'
ok "and it has answered" eval 'screen | sed -n 30p | grep -q F1Help'
size 120 40
mux send-keys -t test C-l
sleep 0.5
see "Ctrl-L asks again" 'F1Help'

TYPE=vt100 start 80 24
see "monochrome" 'web04'
ok "no colours are used" eval '! mux capture-pane -p -e -t test | grep -q "\[[0-9;]*3[0-7]m"'
TYPE=linux start 80 24
see "8 colours" 'web04'
ok "no more than these" eval '! mux capture-pane -p -e -t test | grep -q "38;5"'
TYPE=xterm-256color start 80 24
see "256 colours" 'web04'
ok "these are used" eval 'mux capture-pane -p -e -t test | grep -q "38;5;"'
start 80 24 LC_ALL=C
see "without UTF-8" 'CPU [#.]{8} '
ok "only ASCII" eval '! screen | LC_ALL=C grep -q "[^ -~]"'
TYPE=dumb start 80 24
see "a terminal without a cursor is refused" 'no full screen: a terminal of type "dumb"'
TYPE=nonesuch start 80 24
see "and one that is not known" '"nonesuch" .TERM. is not known'

mkdir -p "$work/home/.config/pando"
cat >"$work/home/.config/pando/shell.json" <<'EOF'
{
    "colours": 8,
    "refresh_ms": 1,
    "theme": { "status": "black on green" }
}
EOF
start 80 24
see "mistakes in the configuration are told" 'mistakes in the configuration file: F8'
keys F8
see "with file and line" 'shell.json:3:'
ok "what is right is used" eval 'mux capture-pane -p -e -t test | grep -q "\[30m.*\[42m\|\[30;42m"'
start 80 24 PANDO_SIM_ABSENT=1
see "where there is no host, that is said" 'this is not dom0 of a Pando host'

# The mouse: a click on a hint, on a guest, in the command line; the wheel.
rm -r "$work/home/.config"
start 80 24
see "the mouse" 'web04'
click() {
    types $'\033[<0;'"$1;$2"$'M\033[<0;'"$1;$2"$'m'
}
click 4 24
see "a click on a hint" 'Help'
click 3 5
click 3 5
see "two clicks on a guest" 'Guest of mail02'
click 10 22
see "a click in the command line" 'Escpanes'
click 50 10
types $'\033[<65;50;10M'
see "a click into a pane" 'Escline'
finish
