#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Intel VMX with APICv, without posted interrupts.

MACHINE=corei7_haswell_4770 exec "$(dirname "$0")/../guest/run.t" hypercall traps msr events timers vcpus exits
