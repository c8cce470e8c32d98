#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots each micro-kernel of the table as dom0 and passes its results on. The limit in
# seconds catches hangs and measures nothing. Consoles are kept in build/guest/NAME.log.
#   run.t [NAME...]  only these
#   MACHINE=MODEL    on Bochs, with that model of its processors, instead of QEMU's AMD
#   BOCHS=2.7        on that release of Bochs, instead of 3.0
# The list is the same for AMD and Intel, and all models. What differs is said by abilities() and
# lacks() alone; what is left out is reported as skipped, with the reason.

set -u
cd "$(dirname "$0")/../.." || exit 1
machine=${MACHINE:-qemu}
bochs=${BOCHS:-3.0}

# kernel and its words | limit | vCPUs | CPUs | further options of the hypervisor
table='
hypercall   |  60 | 1 | 1 |
pointers    |  60 | 1 | 1 |
cpuid       |  60 | 1 | 1 |
msr         |  60 | 1 | 1 |
msr         |  60 | 1 | 1 | spec-ctrl=on
msr         |  60 | 1 | 1 | spec-ctrl=off
traps       |  60 | 1 | 1 |
traps       |  60 | 1 | 1 | exceptions-exit
mmio        |  60 | 1 | 1 |
interrupts  |  60 | 1 | 1 |
interrupts  |  60 | 1 | 1 | spec-ctrl=on
events      |  60 | 2 | 2 |
events      |  60 | 2 | 1 |
events fifo |  60 | 2 | 2 |
events      |  60 | 2 | 1 | sched=rtds
timers      |  60 | 2 | 2 |
timers      |  60 | 2 | 1 |
vcpus       |  60 | 2 | 2 |
vcpus       |  60 | 2 | 1 |
vcpus       |  60 | 2 | 2 | sched=rtds
vcpus       |  60 | 2 | 1 | sched=rtds
vcpus       |  60 | 2 | 2 | sched=null
memory      |  60 | 1 | 1 |
grants      |  60 | 1 | 1 |
domains     | 120 | 2 | 2 |
domains     | 120 | 2 | 1 |
domains     | 180 | 2 | 4 |
domains     | 120 | 2 | 2 | sched=rtds
tools       | 120 | 1 | 2 |
storm       | 120 | 1 | 2 |
exits       |  60 | 2 | 2 |
exits       |  60 | 2 | 2 | apicv=off preemption-timer=off
exits       |  60 | 2 | 2 | posted=off
dirty       | 120 | 1 | 2 |
dirty       | 120 | 1 | 1 | pml=off
vnuma       |  60 | 1 | 2 |
'

tests=0
failures=0
machine_pid=
trap '[ -z "$machine_pid" ] || kill "$machine_pid" 2>/dev/null' EXIT
trap 'exit 1' INT TERM HUP

# abilities: what the machine's CPU does by itself
#   apicv   works on local APICs        posted  takes posted interrupts
#   pml     logs a guest's writes       stay    ends a guest's stay by a timer
#   pause   exits in loops of PAUSE
abilities() {
    local all=
    case $machine in
    sapphire_rapids | corei7_skylake_x) all='apicv posted pml stay pause' ;;
    corei7_haswell_4770) all='apicv stay pause' ;;
    corei3_cnl) all='pml stay pause' ;;
    corei7_sandy_bridge_2600k) all=stay ;;
    ryzen) all=pause ;;
    esac
    [ "$bochs" != 2.7 ] || all=${all/posted/}
    echo "$all"
}

# abilities_left OPTIONS: what of that these leave switched on
abilities_left() {
    local all
    all=$(abilities)
    [[ $1 != *apicv=off* ]] || all=${all/apicv/} all=${all/posted/}
    [[ $1 != *posted=off* ]] || all=${all/posted/}
    [[ $1 != *pml=off* ]] || all=${all/pml/}
    [[ $1 != *preemption-timer=off* ]] || all=${all/stay/}
    echo "$all"
}

# lacks OPTIONS: why a run with these would be the one without them again; or nothing
lacks() {
    [[ $1 == *=off* && $1 != *spec-ctrl=* ]] || return
    [ "$(abilities_left "$1")" != "$(abilities)" ] ||
        echo "this CPU has nothing that $1 switches off"
}

# report VERDICT TEXT
report() {
    tests=$((tests + 1))
    if [ "$1" != ok ] && [[ $2 != *'# TODO'* ]]; then
        failures=$((failures + 1))
    fi
    echo "$1 $tests - $2"
}

# boot_qemu NAME KERNEL LIMIT VCPUS CPUS OPTIONS. On one thread: see share/run-qemu.
boot_qemu() {
    local name=$1 kernel=$2 limit=$3 vcpus=$4 cpus=$5 options=$6
    timeout "$limit" qemu-system-x86_64 -accel tcg,thread=single -M q35 \
        -cpu EPYC,-smap,-monitor,-rdtscp -m 256 -smp "$cpus" -display none -nodefaults \
        -no-reboot -serial stdio -kernel build/pando32 \
        -append "console=com1 dom0_mem=96M dom0_max_vcpus=$vcpus $options" \
        -initrd "build/guest/$kernel" </dev/null >"build/guest/$name.raw" 2>&1 &
    machine_pid=$!
    wait "$machine_pid"
}

# The same on Bochs, which is slower where CPUs wait for each other.
boot_bochs() {
    local name=$1 kernel=$2 limit=$3 vcpus=$4 cpus=$5 options=$6
    tests/bochs/make-iso "build/guest/$name.iso" \
        "build/pando console=com1 dom0_mem=96M dom0_max_vcpus=$vcpus $options" "build/guest/$kernel"
    : >"build/guest/$name.raw"
    tests/bochs/run "$machine" "build/guest/$name.iso" "build/guest/$name.raw" $((limit * 3)) \
        "$cpus" &
    machine_pid=$!
    wait "$machine_pid"
    rm -f "build/guest/$name.iso"
}

# boot NAME KERNEL LIMIT VCPUS CPUS OPTIONS: until the machine has switched itself off
boot() {
    local name=$1
    if [ "$machine" = qemu ]; then
        boot_qemu "$@"
    else
        boot_bochs "$@"
    fi
    machine_pid=
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

while IFS='|' read -r kernel limit vcpus cpus options; do
    read -r kernel <<<"$kernel"
    [ -n "$kernel" ] || continue
    read -r vcpus cpus <<<"$vcpus $cpus"
    name=${kernel// /-}
    [ "$vcpus" = "$cpus" ] || name+=-on-$cpus
    read -r options <<<"$options"
    [ -z "$options" ] || name+=-${options// /-}
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
        continue
    fi
    [ "$bochs" = 3.0 ] || name=$bochs-$name
    [ "$machine" = qemu ] || name=$machine-$name
    why=$(lacks "$options")
    if [ -n "$why" ]; then
        report ok "$name # SKIP $why"
        continue
    fi
    [ "$kernel" != exits ] || kernel+=" $(abilities_left "$options")"
    # shellcheck disable=SC2086
    boot "$name" "$kernel" $limit "$vcpus" "$cpus" "$options"
    results "$name"
done <<<"$table"

echo "1..$tests"
[ "$failures" = 0 ]
