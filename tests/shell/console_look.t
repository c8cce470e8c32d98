#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Looking back in a console: scrolling, searching, copying, and typing what was copied.
. "$(dirname "$0")/lib.sh"

# pipes NAME: what the shell writes to the terminal from now on goes into a file, too.
pipes() {
    mux pipe-pane -t test "cat >'$work/$1'"
}

consoles
start 140 40
appears '^pando> *$'
types 'console web04'
keys Enter
appears 'web#'
types "i=1; while [ \$i -le 200 ]; do echo \"line \$i of it\"; i=\$((i+1)); done; echo done: N\"eed\"le"
keys Enter
see "there is much output" '│done: Needle'
pipes raw

keys S-PPage
see "the key goes into the history" 'LOOKING BACK, line [0-9]+ of'
keys g
see "to its first line" '│(web# i=1|.*while)'
types '/line 77 of'
see "what is searched for is seen while it is typed" 'search below: line 77 of'
keys Enter
see "and found" '│line 77 of it'
types 'V'
keys j j
types 'y'
see "lines are copied" 'copied 3 lines'
see "and that ends it" '│web# *$|│web#$'
gone "the mark of it is gone" 'LOOKING BACK'
types "cat >$work/copied"
keys Enter C-]
appears '^pando> *$'
keys M-i
keys Escape
sleep 0.3 # not Alt with what follows
appears 'Ctrl-\] leaves'
keys C-d
sleep 0.3
types "cd $work; wc -l copied; head -n 1 copied"
keys Enter
see "what was copied can be typed" '│3 copied'
see "as it was" '│line 77 of it *$'

keys S-PPage
appears 'LOOKING BACK'
types 'G?needle'
keys Enter
see "upward, small letters stand for great ones" 'Needle'
types 'n'
types 'G'
types '?NoSuchThing'
keys Enter
see "what isn't there is said" "there is no 'NoSuchThing' above"
keys F1
see "the keys are shown" 'select from here on'
keys Escape
gone "and Esc leads back" 'select from here on'
appears 'LOOKING BACK'
types 'q'
gone "q ends it" 'LOOKING BACK'
keys C-]
appears '^pando> *$'
keys PPage
see "in the command line PageUp does it" 'LOOKING BACK'
keys NPage NPage NPage
stop
ok "nothing was given to the terminal's clipboard" test "$(grep -c $'\e]52' "$work/raw")" = 0

mkdir -p "$work/home/.config/pando"
echo '{"clipboard": true}' >"$work/home/.config/pando/shell.json"
start 140 40
appears '^pando> *$'
pipes raw
types 'console web04'
keys Enter
appears 'web#'
types 'echo to be copied'
keys Enter
appears '│to be copied'
keys C-]
appears '^pando> *$'
keys M-h
appears 'LOOKING BACK'
types '?to be copied'
keys Enter
types 'Vy'
see "where the configuration says so" "to the terminal's clipboard, too"
sleep 0.3
ok "it is" grep -q "$(printf '\033]52;c;%s' "$(printf 'to be copied\n' | base64)")" "$work/raw"
finish
