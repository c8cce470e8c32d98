#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Programs inside a console's pane: a shell, an editor, a table that refreshes itself; the keys that
# they get; and the size that a guest asks for.
. "$(dirname "$0")/lib.sh"

consoles
start 140 40
see "there is a prompt" '^pando> *$'
types 'console web04'
keys Enter
see "a console's pane opens" 'console of web04  Ctrl-\] leaves'
see "and has what the guest says" 'web#'
types 'echo one $((40+2))'
keys Enter
see "the guest gets what is typed" '│one 42'

types "busybox vi $work/file"
keys Enter
see "an editor has its screen" '│~'
types 'ifirst line'
keys Enter
types 'second line'
keys Escape
sleep 0.5 # not Alt-k
types 'kOput above'
keys Escape
sleep 0.5
see "lines are inserted" '│put above'
types ':wq'
keys Enter
see "the editor writes its file" 'web#'
types "cat $work/file"
keys Enter
see "what it has written was typed" '│second line'
gone "nothing is left of its screen" '│~'

types 'busybox top -d 1'
keys Enter
see "a table refreshes itself" '│ *PID  *PPID '
keys q
see "its key ends it" 'web# *$'

# pressed DESCRIPTION NUMBER PATTERN KEY: the guest gets so many bytes, as od(1) shows them.
pressed() {
    types "clear; stty raw -echo; printf 'ready\r\n'; head -c $2 | od -An -c; stty sane"
    keys Enter
    appears '│ready'
    keys "$4"
    see "$1" "$3"
}

pressed "keys are sent as a terminal's" 3 '│ +033 +\[ +A' Up
pressed "so are function keys" 5 '│ +033 +\[ +1 +5 +~' F5
pressed "Ctrl-C is the guest's" 1 '│ +003' C-c
pressed "and so is Alt" 2 '│ +033 +v' M-v
pressed "and what leads elsewhere in the shell" 3 '033 +\[ +Z' BTab

# As resize(1) does.
cat >"$work/measure" <<'END'
stty -echo raw
printf '\0337\033[r\033[999;999H\033[6n\0338'
size=$(head -c 8)
stty sane
echo "${size#*[} is the size"
END
types "clear; sh $work/measure"
keys Enter
see "a guest that asks for the size gets that of the pane" '│35;99R? is the size'
see "and the title says so" 'web04.*99x35'

types 'printf "\033[38;2;255;128;0;1mcoloured\033[m \033(0lqk\033(B \346\274\242\345\255\227\n"'
keys Enter
see "colours, lines and wide characters are shown" '│coloured ┌─┐ 漢字'

keys C-]
see "the key leaves it" '^pando> *$'
types 'console web04'
keys Enter
see "the same console is gone to again" 'console of web04  Ctrl-\] leaves'
see "as it was" 'coloured'
keys C-]
finish
