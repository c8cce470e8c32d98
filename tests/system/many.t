#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Many guests: eight at once, with disk and network; and fifty in a row, ended wherever in
# their boot they happen to be, without a lost frame.
#
# needs: NIC

. "$(dirname "$0")/lib.sh"

fast_kernel
dom0_script <<'END'
guest_initrd /tmp/many.cpio.gz <<'RC'
until [ -b /dev/xvda ]; do sleep 0.1; done
dd if=/dev/xvda of=/tmp/disk bs=64k 2>/dev/null
echo "many-sum $(md5sum </tmp/disk)"
until ip addr show eth0 | grep -q 'inet '; do sleep 0.1; done
ping -c 2 -w 60 10.0.2.2 && echo many-net
RC
create() { # NAME NUMBER
    pando create /guests/demo.json name="$1" memory=112 \
        kernel=/test/vmlinux ramdisk=/tmp/many.cpio.gz \
        "disk=[{\"vdev\": \"xvda\", \"target\": \"/tmp/disk$2\", \"access\": \"r\"}]"
}
all='many1 many2 many3 many4 many5 many6 many7 many8'
for i in 1 2 3 4 5 6 7 8; do
    dd if=/dev/urandom of=/tmp/disk$i bs=64k count=8 2>/dev/null
    check "create guest $i" create many$i $i
done
for i in 1 2 3 4 5 6 7 8; do
    sum=$(md5sum </tmp/disk$i)
    check "guest $i reads its disk" on_console many$i "many-sum ${sum%% *}" 200
    check "guest $i reaches the outside" on_console many$i many-net 200
done
# shellcheck disable=SC2086
check "shutdown of all" pando shutdown --wait --timeout 200 $all

# By now dom0 has the tables that serving eight guests takes: from here on nothing may be kept.
before=$(host_number free_kib)
for i in 1 2 3 4 5 6 7 8; do
    check "create guest $i again" create many$i $i
done
# shellcheck disable=SC2086
check "eight guests can be destroyed in their boot" pando destroy $all
equal "all memory is free again" "$(free_settled "$before")" "$before"

failed=0
for i in $(seq 50); do
    create cycle 1 >/dev/null 2>&1 || failed=$((failed + 1))
    usleep $((i % 10 * 100000))
    pando destroy cycle || failed=$((failed + 1))
done
equal "50 creations and destructions: failures" "$failed" 0
equal "all memory is free again" "$(free_settled "$before")" "$before"
equal "no domain is left" "$(pando list | wc -l)" 2
END

boot many 1500 -c 2
finish
