#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Intel VMX without VMFUNC, and without 1 GiB pages.

MACHINE=corei7_sandy_bridge_2600k exec "$(dirname "$0")/../guest/run.t" hypercall traps msr events timers vcpus exits
