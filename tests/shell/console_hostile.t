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
cat >"$work/attack" <<'END'
printf '\033]0;%s\007' "$(head -c 100000 /dev/zero | tr '\0' A)"
printf '\033P%s\033\\' "$(head -c 100000 /dev/zero | tr '\0' q)"
printf '\033[999999999b\033[2147483647;2147483647H\033[999999999L\033[99999999999999999999m'
printf '\033[%s m' "$(head -c 5000 /dev/zero | tr '\0' ';')"
printf '\033c\033[!p\033[?3h\033[?5h\033[?1049h\033#8\033[1;1r\033[?6h\033[?69h\033[5;10s'
printf '\033[8;1;1t\033[21t\033[5i\033[?1000h\033[?1003h\033[?2004h\033[>4;2m\033]52;c;aGE=\007'
printf '\342\200\256\342\201\246\357\277\276\302\233\360\237\217\263\357\270\217a\314\201\314\201\314\201\314\201\314\201'
head -c 300000 /dev/urandom
printf '\033[?1049l\033c'
END
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
