#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The part of the tests on Intel VMX that is run at each change.

MACHINE=corei7_skylake_x exec "$(dirname "$0")/../guest/run.t" hypercall cpuid traps events vcpus timers exits
