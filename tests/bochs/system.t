#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The system tests, on Intel VMX: all but those that need what Bochs does not have here.

set -u
cd "$(dirname "$0")/../.." || exit 1
tests=0
failures=0

# report VERDICT TEXT
report() {
    tests=$((tests + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $tests - $2"
}

# run TEST: its results, renumbered
run() {
    local line
    while IFS= read -r line; do
        case $line in
        'ok '* | 'not ok '*) report "${line%% [0-9]*}" "${line#* - }" ;;
        '# '*) echo "$line" ;;
        esac
    done < <(MACHINE=corei7_skylake_x "$1")
}

for test in tests/system/*.t; do
    needs=$(sed -n 's/^# needs: //p' "$test")
    if [ -n "$needs" ]; then
        report ok "$(basename "$test" .t) # SKIP Bochs has no $needs"
    else
        run "$test"
    fi
done
echo "1..$tests"
[ $failures = 0 ]
