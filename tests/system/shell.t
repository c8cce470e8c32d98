#!/usr/bin/expect -f
# SPDX-License-Identifier: MIT
#
# What the README has a newcomer do, on a terminal: prompt, create, console, list, shutdown.
#
# needs: console to type at

set top [file normalize [file join [file dirname [info script]] .. ..]]
set prompt "pando> "
set tests 0
set failures 0
file mkdir $top/build/system
log_user 0
log_file -noappend -a $top/build/system/shell.log
match_max 100000

# see DESCRIPTION SECONDS PATTERN: the machine writes what matches the regular expression.
proc see {description seconds pattern} {
    global tests failures
    incr tests
    set seen 0
    expect {
        -timeout $seconds
        -re $pattern { set seen 1 }
        timeout { puts "# not within $seconds seconds: $pattern" }
        eof { puts "# the machine has ended before: $pattern" }
    }
    if {$seen} {
        puts "ok $tests - $description"
    } else {
        puts "not ok $tests - $description"
        incr failures
    }
    flush stdout
}

set env(TERM) xterm-256color
spawn -noecho $top/share/run-qemu -k $top/build/vmlinux
set qemu [exp_pid]
see "the machine comes up with a prompt" 120 $prompt
send "create /guests/demo.json\r"
see "create returns to the prompt" 60 $prompt
send "console demo\r"
see "the guest's console has what it wrote before" 100 "demo: Linux"
send "\r"
see "the guest's shell has a prompt" 60 "# "
send "uname -a\r"
see "it answers" 30 "Linux demo 6"
send "\x1d"
see "Ctrl-] leads back" 30 $prompt
send "list\r"
see "list has the guest" 30 "demo +(running|blocked)"
see "and ends at the prompt" 30 $prompt
send "shutdown --wait demo\r"
see "shutdown returns" 100 $prompt
send "list demo\r"
see "the guest is gone" 30 "no guest|not found|no such"
see "and the prompt is there" 30 $prompt
send "quit\r"
see "the end of the shell says what can be done" 30 "p: power off"
send "p"
see "the machine switches itself off" 60 "Power down"

puts "1..$tests"
catch {exec kill $qemu}
exit [expr {$failures != 0}]
