#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the hypervisor's code has become on CPUs with a feature and without it, as it lies in
# memory; and that a guest's page, were it mapped, could not be used by mistake. By probe.c.
#   MACHINE=MODEL  on Bochs, with that model of its processors, which has all of the features

set -u
cd "$(dirname "$0")/../.." || exit 1
machine=${MACHINE:-qemu}

tests=0
failures=0
machine_pid=
trap '[ -z "$machine_pid" ] || kill "$machine_pid" 2>/dev/null' EXIT
trap 'exit 1' INT TERM HUP

# report VERDICT TEXT [LOG]: its end is shown if it failed
report() {
    tests=$((tests + 1))
    echo "$1 $tests - $2"
    [ "$1" != ok ] || return
    failures=$((failures + 1))
    [ -z "${3:-}" ] || tail -n 30 "$3" | sed 's/^/# | /'
}

# boot NAME CPU OPTIONS [KERNEL]: until the kernel has switched the machine off, or a panic
boot() {
    local log=build/guest/$1.log kernel=build/guest/${4:-hypercall} pid
    : >"$log"
    if [ "$machine" = qemu ]; then
        timeout 60 qemu-system-x86_64 -accel tcg -M q35 -cpu "$2" -m 256 -display none \
            -nodefaults -no-reboot -serial stdio -kernel build/probe32 -append \
            "console=com1 dom0_mem=96M $3" -initrd "$kernel" </dev/null >"$log" 2>&1 &
    else
        tests/bochs/make-iso "build/guest/$1.iso" "build/probe console=com1 dom0_mem=96M $3" \
            "$kernel"
        tests/bochs/run "$machine" "build/guest/$1.iso" "$log" 120 &
    fi
    pid=$! machine_pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        ! grep -q 'The machine stays as it is' "$log" || kill "$pid" 2>/dev/null
        sleep 0.2
    done
    wait "$pid" 2>/dev/null
    machine_pid=
    rm -f "build/guest/$1.iso"
}

# instructions LOG SYMBOL: those at the places in that function, separated by semicolons
instructions() {
    local start end address hex binary=build/guest/place.bin
    read -r start end < <(nm -n build/probe | awk -v name="$2" \
        'start { print start, $1; exit } $3 == name { start = $1 }')
    sed -n 's/\r//; s/.*probe: feature 0x[0-9a-f]* \([0-9a-f]*\):/\1/p' "$1" |
        while read -r address hex; do
            [[ ! $address < $start && $address < $end ]] || continue
            # shellcheck disable=SC2059
            printf "\\x${hex// /\\x}" >"$binary"
            objdump -D -b binary -m i386:x86-64 "$binary" | awk -F'\t' \
                '/^ *[0-9a-f]+:/ && $3 { gsub(/ +/, " ", $3); sub(/ $/, "", $3); printf "%s; ", $3 }'
        done
    rm -f "$binary"
}

# code LOG SYMBOL PATTERN TEXT: what is there now is as the extended regular expression
code() {
    local is
    is=$(instructions "$1" "$2")
    if [[ $is =~ $3 ]]; then
        report ok "$4"
    else
        report 'not ok' "$4"
        echo "# in $2: $is"
    fi
}

# says LOG PATTERN TEXT
says() {
    if grep -q "$2" "$1"; then
        report ok "$3"
    else
        report 'not ok' "$3" "$1"
    fi
}

copy='^mov %rcx,%rdx; shr .*rep movsq .*rep movsb'
fill='^mov %rcx,%rdx; shr .*rep stos %rax.*rep stos %al'
thunk=__x86_indirect_thunk_rax
retpoline='^call ([^;]*; )pause; lfence; jmp [^;]*; mov %rax,.%rsp.; ret; int3'
enter=svm_enter
[ "$machine" = qemu ] || enter=vmx_enter
exit_code=$enter
[ "$machine" = qemu ] || exit_code=vmx_exit_point

if [ "$machine" = qemu ]; then
    # TCG has neither FSRM nor IBPB.
    has=EPYC,-monitor lacks=EPYC,-monitor,-smap,-smep,-xsaveopt
    boot code-without "$lacks" spec-ctrl=off
    log=build/guest/code-without.log
    code "$log" fpu_save '^xsave64 ' 'without XSAVEOPT: XSAVE'
    code "$log" touch '^(nop.*; )+$' 'without SMAP: no STAC and CLAC'
    code "$log" memcpy "$copy" 'without FSRM: words, then bytes'
    code "$log" memset "$fill" 'without FSRS: words, then bytes'
    code "$log" "$exit_code" '^jmp ([^;]*; )+jmp ' 'spec-ctrl=off: one jump past the barriers'
    code "$log" "$thunk" '^jmp \*%rax; int3' 'spec-ctrl=off: indirect branches'
    says "$log" '^1\.\.' 'it runs'
    # Nor has it the controls that AMD's microcode brought.
    boot code-by-cpu "$has" ''
    log=build/guest/code-by-cpu.log
    code "$log" "$thunk" "$retpoline" 'without IBRS: retpolines'
    says "$log" 'speculation: retpolines, return stack refilled' 'the log says so'
    says "$log" '^1\.\.' 'it runs'
    for how in window read write execute; do
        boot "stray-without-$how" "$lacks" probe=$how
        says "build/guest/stray-without-$how.log" "probe: $how: went through" \
            "without SMAP and SMEP: $how goes through"
    done
else
    has=
    boot "$machine-code-by-cpu" '' ''
    log=build/guest/$machine-code-by-cpu.log
    code "$log" "$thunk" '^jmp \*%rax; int3' 'enhanced IBRS: indirect branches'
fi

name=code-with
[ "$machine" = qemu ] || name=$machine-$name
boot "$name" "$has" spec-ctrl=on
log=build/guest/$name.log
code "$log" fpu_save '^xsaveopt64 ' 'with XSAVEOPT'
code "$log" touch '^stac; clac; $' 'with SMAP: STAC and CLAC'
if [ "$machine" != qemu ]; then
    code "$log" memcpy '^rep movsb [^;]*; (nop.*; )+$' 'with FSRM: bytes'
fi
code "$log" "$thunk" "$retpoline" 'spec-ctrl=on: retpolines'
code "$log" "$exit_code" 'call .*pause; lfence' 'spec-ctrl=on: the return stack is filled'
says "$log" '^1\.\.' 'it runs'
while read -r how verdict; do
    name=stray-$how
    [ "$machine" = qemu ] || name=$machine-$name
    boot "$name" "$has" "probe=$how"
    says "build/guest/$name.log" "$verdict" "$how: $verdict"
done <<'END'
window probe: window: went through
read PANIC.*page fault.*use of a guest's page outside its window (SMAP)
write PANIC.*page fault.*use of a guest's page outside its window (SMAP)
execute PANIC.*page fault.*execution of a guest's page (SMEP)
END

# A processor whose IBRS is of the first kind, which is not emulated: this one, told so.
if [ "$machine" != qemu ]; then
    name=$machine-first-ibrs
    boot "$name" '' probe=none\ probe-first-ibrs msr
    log=build/guest/$name.log
    code "$log" vmx_enter 'mov .0x48,%ecx; mov 0x80.%rdi.,%eax; xor %edx,%edx; wrmsr' \
        'first IBRS: the value of the guest is loaded before an entry'
    code "$log" vmx_exit_point 'mov .0x48,%ecx; rdmsr; mov %eax,0x80.%rdi.; mov .0x1,%eax; xor %edx,%edx; wrmsr' \
        'it is saved after an exit, and IBRS set'
    says "$log" 'speculation: IBRS after exits, ' 'the log says so'
    says "$log" '^1\.\.' 'it runs'
    if ! grep -q '^not ok' "$log"; then
        report ok 'and the guest has what it wrote'
    else
        report 'not ok' 'and the guest has what it wrote' "$log"
    fi
fi

echo "1..$tests"
[ "$failures" = 0 ]
