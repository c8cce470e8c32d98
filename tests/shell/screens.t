#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Every screen at the smallest and at a large size, with its keys.
. "$(dirname "$0")/lib.sh"

for wide in 80x24 200x60; do
    start "${wide%x*}" "${wide#*x}"
    see "$wide: the guests are there" 'web04'
    see "$wide: and the host" 'CPU .* of 8 +Mem .* of 64G'
    see "$wide: the prompt" '^pando> *$'
    see "$wide: the hints, whole words where they fit" \
        'F1Help .*F(8Out F9List F10Quit Escpanes|8Output F9List F10Quit F11Plugins Escpanes)$'
    capture "guests-$wide"

    keys F2
    see "$wide: F2 is Guests" '[│ ]Guests *$|│ Guests '
    keys Down Down
    keys Enter
    see "$wide: Enter shows the guest" 'Guest of'
    keys F3
    see "$wide: devices are shown" 'xvda +disk, /guests/'
    see "$wide: so are networks, as dom0 calls them" 'vif[0-9]+\.0 +network, 00:16:3e:'
    see "$wide: its state is shown" 'State +(running|blocked)|crash'
    see "$wide: how it is scheduled" 'Sched +credit2, weight 256, cap 150 %'
    capture "guest-$wide"
    keys End
    see "$wide: event channels are counted" '^.*Event channels 4'
    see "$wide: and listed" '1 +vCPU 0 +interdomain +domain 0, port 17'
    see "$wide: with their names" '3 +vCPU 0 +virq +0 timer'
    see "$wide: grants are counted" 'Grants 40, in 1 of 64 pages'
    see "$wide: and listed, those together that are alike" \
        '8-39 +domain 0, read-write, 16 in use'
    see "$wide: each kind" '40-47 +domain 0, read-only, 0 in use'
    capture "grants-$wide"
    keys Home
    keys o
    see "$wide: o shows the configuration" '"vdev": "xvda"'
    keys o
    keys v
    see "$wide: v shows its vCPUs" 'Virtual CPUs of'
    see "$wide: shares, and what the scheduler owes" \
        'VCPU STATE +CPU +RUN% STOL% +BLK% CREDIT .*RUN'
    see "$wide: states" 'waits|runs|blocked'
    see "$wide: one is kept from running for half of its time" \
        '1 waits +[0-9]+ +[0-9.]+ +[3-5][0-9] +[3-5][0-9] +\+4\.5'
    see "$wide: the scheduler's parameters" 'Scheduler: credit2, weight 256, cap 150 %'
    capture "vcpus-$wide"
    keys a
    see "$wide: a shows those of all" 'GUEST +VCPU'
    see "$wide: and says so" 'Virtual CPUs of all guests'
    keys t
    see "$wide: t draws what was stolen" 'STOLEN'
    keys t
    see "$wide: and what was blocked" 'BLOCKED'
    keys t
    keys F5
    see "$wide: F5 is Memory" 'Host, 64G in 2 nodes'
    see "$wide: what each node has" 'node 1 of 32G +[0-9]+M .* CPUs 4-7'
    see "$wide: and the largest guests" 'Guests, the largest first'
    capture "memory-$wide"
    keys F6
    see "$wide: F6 says why nothing is measured" 'Nothing is measured here'
    keys F7
    see "$wide: F7 is the hypervisor's log" 'simulated line'
    capture "log-$wide"
    keys f
    types 'line 1'
    see "$wide: f filters while it is typed" 'Only lines with: line 1'
    gone "$wide: other lines are gone" 'simulated line 2'
    keys Enter
    see "$wide: the filter stays" 'only lines with "line 1"'
    keys f C-u Enter
    see "$wide: and is taken away" 'simulated line 2'
    keys /
    types 'LINE 0'
    keys Enter
    see "$wide: / searches" 'simulated line 0'
    keys Tab
    see "$wide: Tab is the next log" 'Nothing yet'
    keys F8
    see "$wide: F8 is the output" 'Nothing has been run yet'
    keys F1
    see "$wide: F1 has the keys of the place" 'cancel all commands'
    capture "help-$wide"
    keys F1
    gone "$wide: once more, and it is gone" 'cancel all commands'
    see "$wide: back is what was there, with the keys" 'Nothing has been run yet.*|Escline'
    keys Escape
    see "$wide: Esc leads to the command line" 'Escpanes'
    keys '?'
    see "$wide: ? helps on the empty line" 'complete commands, options'
    see "$wide: and has the keys, as every key for a screen" 'Escline'
    keys PageDown PageDown
    gone "$wide: it scrolls" 'complete commands, options'
    keys q
    gone "$wide: q ends it" ' Help '
    see "$wide: and leads back to the line" 'Escpanes'
    keys F5
    see "$wide: F5 has the keys, too" 'Escline'
    keys '?'
    see "$wide: help of where one is" 'Memory'
    keys Escape
    gone "$wide: Esc ends it, too" ' Help '
    keys '?' 4
    see "$wide: another screen takes its place" 'VCPU STATE'
    gone "$wide: and the help is gone" ' Help '
    keys '?'
    see "$wide: help is about the new place" 'the vCPUs of all guests, or'
    keys /
    types 'bell'
    keys Enter
    see "$wide: marks are explained" "! +at a tab: a console's bell"
    keys q 5
    see "$wide: digits are screens, too" 'Host, 64G in 2 nodes'
    keys F9
    gone "$wide: F9 hides the list" 'NAME +VC CPU%'
    keys F9
    see "$wide: and shows it" 'NAME +VC CPU%'
    keys BTab
    keys BTab
    see "$wide: Shift-Tab goes around" 'Escline'
    keys Z
    see "$wide: a key without a use says so" 'does nothing here'
    keys F10
    see "$wide: F10 leaves" 'ended with 0'
    stop
done

# Panes don't pile up: one for the output, where there is room, and screens take turns in the other.
start 160 50
see 'a large terminal' '^pando> *$'
for key in F3 F4 F5 F2; do
    types 'version'
    keys Enter
    see "the output is seen beside it" '[│ ]Output *$'
    keys $key
    appears 'Escline'
    keys Escape
    appears 'Escpanes' # or it would be taken for the Alt of the key that follows
done
types 'help'
keys Enter
see 'it follows' 'says more about one'
keys PageUp PageUp PageUp
see 'and scrolls from the command line' 'pando> help'
keys PageDown PageDown PageDown
see 'the last screen took the place of the others' 'NAME +STATE'
see 'beside the output' 'says more about one'
keys M-z
see 'there are two panes' 'alone, of 2'
keys M-z
stop

# A hypervisor that tells less: nothing is made up.
start 100 30 PANDO_SIM_FOREIGN=1
see 'another hypervisor: the guests are there' 'web04'
keys F2
keys Down Enter
keys v
see 'how much it ran is told' 'RUN% STOL% +BLK%'
see 'the columns that are there are explained' 'RUN%: the share of the time'
see 'not what was stolen from it, nor what it is owed' \
    '0 (runs|blocked) +[0-9]+ +[0-9.]+ +- +- +- '
see 'which is said' 'not tell for how long'
keys F3
keys End
see 'nor its grants' 'Grants -'
stop
finish
