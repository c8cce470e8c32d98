#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1091,SC2154
#
# A script for pando, as pando-script(5) has it, with a real guest: created, talked to on its
# console, shut down. And what each command prints with --json is read by another JSON parser.

. "$(dirname "$0")/lib.sh"

fast_kernel
dom0_script <<'END'
cat >/tmp/life.pando <<'SCRIPT'
#!/usr/bin/pando -f
# The guest's life in one script.
set GUEST talk
set KERNEL --environment
create --if-absent /guests/demo.json name=$GUEST \
    kernel=$KERNEL memory=96 'vif=[]'
create --if-absent /guests/demo.json name=$GUEST
wait-for $GUEST running
wait-for "$GUEST" 'talk: Linux' --timeout 100
expect $GUEST '(~|/) # $' --timeout 60
send $GUEST 'uname -a'
# What was typed is echoed, and so comes first.
expect $GUEST 'uname -a'
expect $GUEST '^Linux talk [0-9]+\.[0-9]+' --json
expect ${GUEST} '# $'
send $GUEST 'tr a-z A-Z\r' --no-newline
send $GUEST 'one\ttwo\x20three'
expect $GUEST 'ONE.TWO THREE'
send $GUEST '\x03' --no-newline
expect $GUEST '# $'
pause $GUEST
pause $GUEST
wait-for $GUEST paused
unpause $GUEST
unpause $GUEST
wait-for $GUEST running
SCRIPT
cat >/tmp/end.pando <<'SCRIPT'
# The place on the console outlives the domain.
set GUEST talk
expect $GUEST 'talk: Linux'
reboot $GUEST
expect $GUEST 'talk: Linux' --timeout 60
destroy $GUEST
create /guests/demo.json name=$GUEST kernel=/test/vmlinux memory=96 vif=[]
expect $GUEST 'talk: Linux' --timeout 60
shutdown --wait --timeout 60 $GUEST
wait-for $GUEST absent
destroy --if-present $GUEST
on-error continue
destroy $GUEST
send $GUEST x
SCRIPT
json() { # NAME COMMAND...: for the host, in one line
    name=$1
    shift
    echo "JSON: $name $(pando "$@" --json 2>/tmp/json.err | base64 | tr -d '\n')"
}
code() { # EXPECTED COMMAND...
    expected=$1
    shift
    equal "code $expected of: $*" "$(pando "$@" >/dev/null 2>&1; echo $?)" "$expected"
}

code 3 wait-for talk ended
code 4 wait-for talk present --timeout 0.2
equal "a variable is not taken from the environment" \
    "$(KERNEL=/x pando -f - <<'SCRIPT' 2>&1
rename $KERNEL y
SCRIPT
)" "standard input:1: there is no variable KERNEL; \`set KERNEL VALUE\` makes one, '\$' is a plain \$"
export KERNEL=/test/vmlinux
start=$(date +%s)
pando -f /tmp/life.pando >/tmp/life.out 2>&1
equal "the script's exit code" $? 0
echo "TAP: # it took $(($(date +%s) - start)) s"
grep '^/tmp/life.pando' -A 6 /tmp/life.out | sed 's/^/TAP: # /'
check "the second creation found it" grep -q 'exists already' /tmp/life.out
check "expect tells what matched" grep -q '"match": "Linux talk' /tmp/life.out
pando expect talk 'never[0-9]' --from-start --timeout 0.5 2>/tmp/expect.err
equal "expect gives up with code 4" $? 4
check "and shows what came instead" grep -q '^  | .*talk: Linux\|^  | .*ONE' /tmp/expect.err

# What is told of the guest, by the real hypervisor.
vcpu_times() { # of its first vCPU: the moment, and how long it was in each state
    pando vcpu-list talk --json |
        sed -n 's/^ *"\(when\|running\|runnable\|blocked\|offline\)_ns": \([0-9]*\).*/\2/p' |
        head -n 5 | tr '\n' ' '
}
look() { # all, of --json, in one line
    pando "$@" --json | tr -d ' \n'
}
first=$(vcpu_times)
pando expect talk Linux --from-start >/dev/null
sleep 1
second=$(vcpu_times)
set -- $first $second
equal "a vCPU's times are told, twice" $# 10
equal "and grow by what has passed" $((${7} + ${8} + ${9} + ${10} - $2 - $3 - $4 - $5)) $((${6} - $1))
check "it was blocked in the meantime" [ "${9}" -gt "$4" ]
check "what the scheduler owes it is told" \
    sh -c 'pando vcpu-list talk --json | grep -q "\"credit_ns\": -*[0-9]"'
check "its weight is told" sh -c 'pando info talk | grep -q "^Scheduler  *credit, weight 256, no cap"'
look info talk >/tmp/look
check "its console's and store's event channels lead to dom0" \
    grep -q '"kind":"interdomain","vcpu":0,"remote":0,"remote_port":[0-9]' /tmp/look
check "its timer's is a virq" grep -q '"kind":"virq","vcpu":0,"irq":0}' /tmp/look
check "it grants its pages to dom0" grep -q '"kind":"access","domain":0,"frame":[0-9]' /tmp/look
check "text counts them" sh -c 'pando info talk | grep -q "^Grants  *[1-9][0-9]*, in a table of"'
look info 0 >/tmp/look
check "dom0's are told, too" grep -q '"kind":"virq"' /tmp/look
check "the host's memory by node, with its CPUs" \
    sh -c 'pando info | grep -q "^Node 0  *[0-9]* MiB, [0-9]* MiB free, CPUs 0-1$"'

json create create --if-absent /guests/demo.json name=talk
json list list
json info info
json info-guest info talk
json info-dom0 info 0
json vcpu-list vcpu-list
json config-show config show talk
json config-check config check /guests/demo.json
json config-help config help
json dmesg dmesg
json log log
json log-talk log talk
json expect expect talk Linux --from-start
json help help
json help-create help create
json set set
json version version

pando -f /tmp/end.pando >/tmp/end.out 2>&1
equal "after on-error continue, the first failure's code" $? 3
equal "each failure has its line" "$(sed -n 's/^\([^ ]*\): .*: .*/\1/p' /tmp/end.out)" \
    "$(printf '/tmp/end.pando:13\n/tmp/end.pando:14')"
END

boot batch 240 -c 2

# A JSON parser of somebody else's.
count=0
while read -r name text; do
    count=$((count + 1))
    if why=$(base64 -d <<<"$text" | perl -MJSON::PP -0777 -ne \
        'my $v = decode_json($_); ref $v or die "no object and no array\n"' 2>&1); then
        report ok "JSON of $name"
    else
        report 'not ok' "JSON of $name: $why"
    fi
done < <(console_lines "$logs/batch-batch.log" | sed -n 's/^.*JSON: //p')
if [ $count = 17 ]; then
    report ok "all of it has arrived"
else
    report 'not ok' "all of it has arrived ($count)"
fi
finish
