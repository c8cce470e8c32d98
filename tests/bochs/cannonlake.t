#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Intel VMX without APICv.

MACHINE=corei3_cnl exec "$(dirname "$0")/../guest/run.t" hypercall traps msr events timers vcpus exits
