#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The machine boots by each way that there is, with one, two and four CPUs, to a dom0 that
# controls it.
#
# needs: NIC

. "$(dirname "$0")/lib.sh"

dom0_script <<'END'
cpus=$(sed -n 's/.*test\.cpus=\([0-9]*\).*/\1/p' /proc/cmdline)
check "dom0 controls the host" grep -q control_d /proc/xen/capabilities
equal "dom0's processors" "$(nproc)" "$cpus"
equal "the host's processors" "$(host_number cpus)" "$cpus"
check "the hypervisor's log is complete" sh -c "pando dmesg | grep -q 'Pando'"
check "dom0 is listed" sh -c "pando list | grep -q Domain-0"
check "the NIC works: a lease on the bridge" within 20 bridge_has_address
check "ping through the NIC" ping -c 3 -w 20 10.0.2.2
END

boot direct 120 -c 2 -a "$dom0_args test.cpus=2"
boot one-cpu 120 -c 1 -a "$dom0_args test.cpus=1"
boot four-cpus 160 -c 4 -a "$dom0_args test.cpus=4"

dom0_args+=' test.cpus=2'
make_test_iso "$work/test.iso"
boot bios 300 -c 2 -b iso -I "$work/test.iso"
boot uefi 300 -c 2 -b uefi -I "$work/test.iso"

finish
