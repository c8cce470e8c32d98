#!/bin/bash
# SPDX-License-Identifier: MIT
#
# All micro-kernels on Intel VMX with all that it has: APICv and posted interrupts.

MACHINE=corei7_skylake_x exec "$(dirname "$0")/../guest/run.t"
