#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The stock kernel as dom0 on Intel VMX, and on AMD SVM with NRIPS, on two CPUs, creates a guest of
# the stock kernel and talks to it at its console.

. "$(dirname "$0")/../system/lib.sh"

fast_kernel
dom0_script <<'END'
guest_initrd /tmp/g.cpio.gz <<'RC'
echo "guest-up $(uname -r)"
RC
check "two CPUs" [ "$(nproc)" = 2 ]
check "create" pando create /guests/demo.json kernel=/test/vmlinux ramdisk=/tmp/g.cpio.gz 'vif=[]'
check "the guest's kernel reaches its console" on_console demo "guest-up $(uname -r)" 600
printf 'echo typed-$((6 * 7))\n' >/tmp/typed
check "what is typed reaches the guest" sh -c 'pando console demo </tmp/typed >/dev/null 2>&1 & sleep 5'
check "and is answered" on_console demo typed-42 300
check "destroy" pando destroy demo
END

for MACHINE in corei7_skylake_x ryzen; do
    boot "$MACHINE" 240 -c 2
done
finish
