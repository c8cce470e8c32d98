#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Processors that lack what guests need are refused in words: one with VMX but without EPT, and
# one with EPT but without unrestricted guests.

set -u
cd "$(dirname "$0")/../.." || exit 1
log=build/guest/refused.log
tests=0
failures=0

# refuses MODEL SENTENCE
refuses() {
    local verdict='not ok'
    : >$log
    tests/bochs/run "$1" $iso $log 30
    tests=$((tests + 1))
    if grep -q "$2" $log && grep -q 'PANIC.*no usable hardware virtualization' $log; then
        verdict=ok
    else
        failures=$((failures + 1))
        tail -n 20 $log | sed 's/^/# | /'
    fi
    echo "$verdict $tests - $1 is refused: $2"
}

iso=build/guest/refused.iso
tests/bochs/make-iso $iso "build/pando console=com1 dom0_mem=96M" build/guest/hypercall
refuses core2_penryn_t9600 'VMX without EPT'
refuses corei5_lynnfield_750 'VMX without unrestricted guests'
rm -f $iso
echo "1..$tests"
[ $failures = 0 ]
