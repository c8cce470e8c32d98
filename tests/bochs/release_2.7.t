#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The same processor on Bochs 2.7, which has all of it but posted interrupts.

BOCHS=2.7 MACHINE=corei7_skylake_x exec "$(dirname "$0")/../guest/run.t" hypercall cpuid traps \
    msr events timers vcpus exits dirty-on-2 dirty-pml=off
