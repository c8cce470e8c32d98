#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The command line: editing, completion, history, errors.
. "$(dirname "$0")/lib.sh"

start 80 24
see "there is a prompt" '^pando> *$'
types 'shutd'
keys Tab
see "Tab completes commands" '^pando> shutdown'
types 'we'
keys Tab
see "and guests" '^pando> shutdown web04'
keys C-u
types 'list --j'
keys Tab
see "and options" '^pando> list --json'
keys C-c
see "Ctrl-C drops the line" '^pando> *$'
keys Tab
see "Tab alone offers everything" 'unpause +version|version'
types 'l'
gone "another key takes the offers away" 'unpause'
types 'ist'
keys Enter
see "a command's output is shown" 'TIME\(s\)'
see "with what was typed" 'pando> list'
types 'nonsense'
keys Enter
see "an error is shown, with what to do" 'no command "nonsense"'
types 'destroy nobody'
keys Enter
see "another, with its exit code" 'no such guest'
keys Up Up
see "Up goes back" '^pando> nonsense'
keys C-u C-r
types 'lis'
see "Ctrl-R searches" 'reverse-i-search.*lis.*list'
keys Enter
gone "Enter runs what was found" 'reverse-i-search'
types 'ab'
keys C-a
types 'x'
keys C-e
types 'y'
see "Ctrl-A and Ctrl-E" '^pando> xaby'
keys BSpace Left Left DC
see "Backspace, arrows, Delete" '^pando> xb'
keys C-e C-u
mux set-buffer 'version
'
mux paste-buffer -p -t test
see "pasted text is not run" '^pando> version *$'
keys Enter
see "until Enter is pressed" 'Pando|pando [0-9]'
types 'config help memo'
keys Tab Enter
see "keys of configurations complete" 'memory'
types 'ünï'
see "other letters" '^pando> ünï'
keys C-c
touch "$work/.hidden.json" "$work/.pando_history" "$work/vm.json" "$work/web.json" "$work/disk.img"
mkdir -p "$work/store" "$work/.git"
types 'create '
keys Tab
see "files with configurations are offered, and folders" 'store/ +vm.json +web.json'
ok "neither others nor what is hidden" eval '! screen | grep -qE "disk.img|hidden|history|\.git"'
types '.hi'
keys Tab
see "unless a dot is typed" '^pando> create .hidden.json'
keys C-u
types 'create sto'
keys Tab
types 'x'
see "a folder leads on" '^pando> create store/x'
keys C-c
types 'create ?'
keys Enter
see "a question mark asks what a command takes" 'Keys, which .config help. explains'
keys C-c C-d
see "Ctrl-D leaves" 'ended with 0'
start 80 24
see "a new one" '^pando> *$'
keys Up Up Up
see "the history is kept" '^pando> version'
keys C-c F10
see "it is left" 'ended with 0'

# From the prompt, and back to it.
MODE= start 80 24
see "the prompt" '^pando> *$'
types 'screen'
keys Enter
see "full-screen mode is started by a command" 'F1Help'
types 'version'
keys Enter
see "it works" 'pando> version'
keys F10
gone "it is left" 'F1Help'
keys Up
see "the prompt has the history of both" '^pando> version'
keys C-c
types 'vers'
keys Tab Enter
see "Ctrl-C and Tab work as before" '^pando> version *$'
types 'screen nothing'
keys Enter
appears '^pando> screen nothing' && disappears 'F1Help'
ok "what is no screen is told" grep -q 'no screen "nothing"' "$work/stderr"
types 'screen cache'
keys Enter
see "full-screen mode begins with a screen" 'Nothing is measured here'
keys Escape
see "from which Esc leads to the line" 'Escpanes'
keys C-d
gone "and back" 'F1Help'
keys C-d
see "and out" 'ended with 0'
finish
