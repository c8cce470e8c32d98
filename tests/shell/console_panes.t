#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Consoles in tabs and panes: splits, focus, zoom, marks, typing to several at once, layouts.
. "$(dirname "$0")/lib.sh"

consoles
start 160 48
see "there is a prompt" '^pando> *$'
types 'console web04'
keys Enter
see "a console is a tab of its own" '1 Guests  2 console of web04'
appears 'web#'
keys C-] F4
see "a screen takes the place of another one, not the console's" \
    '1 Virtual CPUs of .*  2 console of web04'
keys F2
see "so does the next" '1 Guests  2 console of web04'
keys F2 Escape
appears 'Escpanes' # or it would be taken for the Alt of the key that follows
keys M-2
keys M-v
see "what comes next is announced" 'comes right of this pane'
types 'console db01'
keys Enter
see "a console beside the other" 'console of web04 .*│ console of db01'
keys C-]
keys M-s
types 'console db05'
keys Enter
see "and one below it" '│ console of db05'
types 'to the last one'
see "the focused one gets what is typed" 'db05\.|to the last one'
keys C-] M-Up
keys Escape
see "the focus moves" 'console of db01  Ctrl-\] leaves'
keys C-] M-Left Escape
see "to the left, too" 'console of web04  Ctrl-\] leaves'
keys C-] M-z
see "one has all the room" 'alone, of 3'
gone "the others are not seen" 'console of db01'
keys M-z
see "and they are back" 'console of db01'

keys M-a
see "typing to all is announced" 'goes to all of them'
see "and marked at each" 'console of web04.*TYPING TO 3 GUESTS'
keys Escape
sleep 0.3 # not Alt with what follows
appears 'Ctrl-\] leaves'
types 'echo all of you'
keys Enter
see "the first gets it" '│all of you'
see "so does the second" '│echo all of you$'
ok "and the third" test "$(screen | grep -c 'echo all of you')" -ge 2
keys C-] M-a
gone "and it ends" 'TYPING TO'

keys M-n
see "the other tab" 'NAME +STATE'
keys C-u
types 'console web04'
keys Enter
appears 'console of web04  Ctrl-\] leaves'
types 'sleep 2; printf "\a\n"'
keys Enter C-] M-1
see "a bell marks the tab" '2 console of web04 \(3\) !|2 console of web04 .*!'
keys M-2
gone "until it is seen" '2 console of web04 .*!'

types 'layout save wall'
keys Enter
see "a layout is saved" 'saved: .layout load wall. brings it back'
keys M-x M-x M-x
gone "panes are closed" 'console of'
types 'layout load wall'
keys Enter
see "and it is brought back" 'console of web04 .*│ console of db01'
see "all of it" '│ console of db05'
types 'layout load nothing'
keys Enter
see "what is not there is said" "there is no layout 'nothing'"
types 'layout'
keys Enter
see "the names can be shown" '│ *wall'
types 'layout forget wall'
keys Enter
see "and forgotten" 'layout forget wall: done'

keys M-g
see "all consoles in one tab" 'console of (web04|db01|db05)'
size 80 24
see "they are there at 80x24" 'console of'
keys Escape
sleep 1 # or it would be taken for the Alt of the key that follows
gone "the list of guests makes room for the one that has the keys" 'NAME +VC|^. Domain-0'
keys C-]
see "and is back" 'NAME +VC|^. Domain-0'
size 40 10
sleep 0.3
size 160 48
see "and after a size that is too small" 'console of'
types 'console nobody'
keys Enter
see "a guest that is not there is told" 'nobody is not there'
types 'destroy-web04'
see "and what is typed on is not for the console next to it" '^pando> destroy-web04'
keys C-u
types 'console nosuchguest --no-replay'
keys Enter
see "any name can be tried" 'console of nosuchguest'
keys C-]
finish
