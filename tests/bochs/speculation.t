#!/bin/bash
# SPDX-License-Identifier: MIT
#
# On an Intel processor that has the controls of speculation: guests' own use of them, and what
# the hypervisor does at exits, entries and switches, by default, with all of it and without any.

MACHINE=sapphire_rapids exec "$(dirname "$0")/../guest/run.t" msr msr-spec-ctrl=on \
    msr-spec-ctrl=off cpuid interrupts-spec-ctrl=on vcpus domains
