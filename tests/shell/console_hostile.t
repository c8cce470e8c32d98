#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A guest that attacks the operator's terminal through its console: nothing of it gets there.
. "$(dirname "$0")/lib.sh"

consoles
start 140 40
appears '^pando> *$'
mux pipe-pane -t test "cat >'$work/raw'"
types 'console mail02'
keys Enter
see "there is its console" '│This is the console of mail02'
for key in a b c d e; do
    keys $key
    sleep 0.1
done
see "what it writes is shown" 'hostile|EEEE'
see "its title, cleaned, is that of its pane only" 'console of mail02.*title'
keys C-]
see "the shell has its keys" '^pando> *$'
see "and its frame" '^F1.*F10|^ CPU'

# Worse: escape sequences of all kinds, bytes that aren't UTF-8, floods, from a guest that means it.
hostile_script >"$work/attack"
types 'console web04'
keys Enter
appears 'web#'
types "for i in 1 2 3 4 5; do sh $work/attack; done; echo it is ov\"e\"r"
keys Enter
see "it survives that" 'it is over'
keys C-]
see "and can be left" '^pando> *$'
types 'list'
keys Enter
see "commands work" 'web04 .*running|web04'
ok "the size is as it was" test "$(mux display-message -p -t test '#{pane_width}x#{pane_height}')" = 140x40
ok "so is the title" test "$(mux display-message -p -t test '#{pane_title}')" = "$(hostname)"

stop
sleep 0.2
# What a terminal does besides showing cells: strings, reports, resets, sizes, printing, charsets.
reached() {
    grep -aoP "$1" "$work/raw" | cat -v | sort | uniq -c | sed 's/^/# reached the terminal: /' |
        tee "$work/reached"
    [ ! -s "$work/reached" ]
}
ok "no string, reset, report or size has reached the terminal" \
    reached '\e[]P^_X]|\e\[[0-9;?]*[tcni]|\e[c#]|\e\[!p'
ok "nor a control character, or one that turns text around" \
    reached '[\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fe0f}]'
ok "what has is UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$work/raw"
finish
