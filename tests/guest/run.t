#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots each micro-kernel of the table as dom0 and passes its results on. The limit in
# seconds catches hangs and measures nothing. Consoles are kept in build/guest/NAME.log.
#   run.t [NAME...]  only these

set -u
cd "$(dirname "$0")/../.." || exit 1

# kernel and its words | limit | vCPUs | CPUs | QEMU's further arguments
table='
hypercall   |  60 | 1 | 1 |
pointers    |  60 | 1 | 1 |
cpuid       |  60 | 1 | 1 |
msr         |  60 | 1 | 1 |
traps       |  60 | 1 | 1 |
mmio        |  60 | 1 | 1 |
events      |  60 | 2 | 2 |
events      |  60 | 2 | 1 |
events fifo |  60 | 2 | 2 |
timers      |  60 | 2 | 2 |
timers      |  60 | 2 | 1 |
vcpus       |  60 | 2 | 2 |
vcpus       |  60 | 2 | 1 |
memory      |  60 | 1 | 1 |
grants      |  60 | 1 | 1 |
domains     | 120 | 2 | 2 |
domains     | 120 | 2 | 1 |
domains     | 180 | 2 | 4 |
storm       | 120 | 1 | 2 |
'

tests=0
failures=0
qemu_pid=
trap '[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null' EXIT
trap 'exit 1' INT TERM HUP

# report VERDICT TEXT
report() {
    tests=$((tests + 1))
    if [ "$1" != ok ] && [[ $2 != *'# TODO'* ]]; then
        failures=$((failures + 1))
    fi
    echo "$1 $tests - $2"
}

# boot NAME KERNEL LIMIT VCPUS CPUS ARG...: until the machine has switched itself off
boot() {
    local name=$1 kernel=$2 limit=$3 vcpus=$4 cpus=$5
    shift 5
    timeout "$limit" qemu-system-x86_64 -accel tcg,thread=multi -M q35 \
        -cpu EPYC,-smap,-monitor,-rdtscp -m 256 -smp "$cpus" -display none -nodefaults \
        -no-reboot -serial stdio -kernel build/pando32 \
        -append "console=com1 dom0_mem=96M dom0_max_vcpus=$vcpus" \
        -initrd "build/guest/$kernel" "$@" </dev/null >"build/guest/$name.raw" 2>&1 &
    qemu_pid=$!
    wait "$qemu_pid"
    qemu_pid=
    # QEMU warns of each feature of the model that it doesn't emulate.
    tr -d '\r' <"build/guest/$name.raw" | grep -v "TCG doesn't support requested feature" \
        >"build/guest/$name.log"
    rm -f "build/guest/$name.raw"
}

# results NAME: renumbered; there must be as many as its plan says.
results() {
    local name=$1 log=build/guest/$1.log line seen=0 plan
    while IFS= read -r line; do
        case $line in
        'ok '* | 'not ok '*)
            seen=$((seen + 1))
            report "${line%% [0-9]*}" "$name: ${line#* - }"
            ;;
        '# '*) echo "$line" ;;
        esac
    done <"$log"
    plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log")
    if [ "$plan" = "$seen" ]; then
        report ok "$name: ran to its end"
        return
    fi
    report 'not ok' "$name: ran to its end"
    echo "# planned: ${plan:-nothing}, results: $seen; the end of $log:"
    tail -n 20 "$log" | sed 's/^/# | /'
}

while IFS='|' read -r kernel limit vcpus cpus args; do
    read -r kernel <<<"$kernel"
    [ -n "$kernel" ] || continue
    read -r vcpus cpus <<<"$vcpus $cpus"
    name=${kernel// /-}
    [ "$vcpus" = "$cpus" ] || name+=-on-$cpus
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
        continue
    fi
    read -ra more <<<"$args"
    # shellcheck disable=SC2086
    boot "$name" "$kernel" $limit "$vcpus" "$cpus" "${more[@]}"
    results "$name"
done <<<"$table"

echo "1..$tests"
[ "$failures" = 0 ]
