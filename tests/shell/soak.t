#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The full-screen shell and scripts, built with sanitizers, for SOAK_MINUTES: see soak.sh.
. "$(dirname "$0")/lib.sh"
# The sanitizer keeps a record of each way to an allocation, and what was freed for a while.
GROWTH_KIB=16384
. "$(dirname "$0")/soak.sh"

PANDO=$top/build/asan/shell/pando
export ASAN_OPTIONS=log_path=$work/report:quarantine_size_mb=2:detect_leaks=1
export UBSAN_OPTIONS=log_path=$work/report:print_stacktrace=1

consoles
prepare
start 140 44
soak
ok "the sanitizers have nothing to say" complaints "$work"/report*
finish
