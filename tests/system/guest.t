#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The life of a guest, all in one boot: console both ways, disks, network, reboot, crash,
# power-off, and all of its memory given back.
#
# needs: NIC

. "$(dirname "$0")/lib.sh"

fast_kernel
dom0_script <<'END'
# --- the demo guest, with the stock kernel -------------------------------------
check "create" pando create /guests/demo.json
check "listed" sh -c "pando list | grep -q demo"
check "create refuses a second one of the name" sh -c "! pando create /guests/demo.json"
check "the guest's init on its console" on_console demo '^demo: Linux' 100
{ sleep 1; echo 'echo answer-$((6 * 7))'; sleep 4; printf '\035'; } |
    pando console demo >/tmp/console.out 2>&1
check "a typed command is answered" grep -q 'answer-42' /tmp/console.out
check "scrollback is replayed" grep -q '^demo: Linux' /tmp/console.out
check "its configuration is shown" sh -c "pando config show demo | grep -q initrd.cpio.gz"
check "with the address that its network was given" \
    sh -c "pando config show demo | grep -q '\"mac\": \"00:16:3e:'"

check "reboot" pando reboot demo
check "it comes up again" within 100 console_count demo '^demo: Linux' 2
check "shutdown" pando shutdown --wait --timeout 60 demo
check "gone" sh -c "! pando list | grep -q demo"

# --- disks ---------------------------------------------------------------------
dd if=/dev/urandom of=/tmp/source.img bs=1M count=8 2>/dev/null
truncate -s 8M /tmp/copy.img
guest_initrd /tmp/disk.cpio.gz <<'RC'
until [ -b /dev/xvda ] && [ -b /dev/xvdb ]; do sleep 0.1; done
echo "disk-size $(blockdev --getsize64 /dev/xvda)"
dd if=/dev/xvda of=/dev/xvdb bs=256k 2>/dev/null && echo disk-copied
echo test 2>/dev/null >/dev/xvda && echo disk-wrong-write
echo "disk-sum $(md5sum </dev/xvdb)"
poweroff
RC
check "create, with two disks" pando create /guests/demo.json name=disks \
    kernel=/test/vmlinux ramdisk=/tmp/disk.cpio.gz 'vif=[]' \
    'disk=[{"vdev": "xvda", "target": "/tmp/source.img", "access": "r"},
           {"vdev": "xvdb", "target": "/tmp/copy.img"}]'
check "the disk has its size" on_console disks 'disk-size 8388608' 60
check "the guest powers off by itself" within 60 guest_gone disks
sum=$(md5sum </tmp/source.img)
check "it reads what it was given" console_has disks "disk-sum ${sum%% *}"
equal "what it wrote is in the image" "$(md5sum </tmp/copy.img)" "$sum"
check "a read-only disk refuses writes" sh -c "! grep wrong-write /var/log/pando/console-disks.log"
equal "no loop device is left" "$(losetup -a)" ""

# --- network -------------------------------------------------------------------
check "dom0 has an address" within 30 bridge_has_address
guest_initrd /tmp/net.cpio.gz <<'RC'
until ip addr show eth0 | grep -q 'inet '; do sleep 0.1; done
echo "net-address $(ip addr show eth0 | awk '$1 == "inet" { sub("/.*", "", $2); print $2 }')"
ping -c 3 -w 30 10.0.2.2 && echo net-gateway-answers
ping -c 3 -w 30 -s 1400 10.0.2.15 && echo net-dom0-answers
sleep 1000
RC
check "create, with a network" pando create /guests/demo.json name=net \
    kernel=/test/vmlinux ramdisk=/tmp/net.cpio.gz
check "it gets an address from outside" on_console net 'net-address 10\.0\.2\.' 100
check "it reaches the gateway through dom0's NIC" on_console net net-gateway-answers 40
check "it reaches dom0" on_console net net-dom0-answers 40
address=$(sed -n 's/.*net-address \([0-9.]*\).*/\1/p' /var/log/pando/console-net.log)
check "dom0 reaches it" ping -c 3 -w 30 "$address"
check "destroy" pando destroy net
# The back-end may take a moment longer than the tool.
check "no interface of it is left" within 10 no_vif

# --- devices that come and go while it runs ---------------------------------------
guest_initrd /tmp/hot.cpio.gz <<'RC'
echo hot-started
until [ -b /dev/xvdb ]; do sleep 0.1; done
dd if=/dev/xvda of=/dev/xvdb bs=64k 2>/dev/null && sync && echo hot-copied
while [ -b /dev/xvdb ]; do sleep 0.1; done
echo hot-disk-gone
until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
ip link set eth0 up
udhcpc -q -i eth0 -s /etc/udhcpc >/dev/null 2>&1
ping -c 3 -w 30 10.0.2.2 && echo hot-net-works
while [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
echo hot-net-gone
sleep 1000
RC
truncate -s 8M /tmp/hot.img
check "create, with one disk" pando create /guests/demo.json name=hot \
    kernel=/test/vmlinux ramdisk=/tmp/hot.cpio.gz 'vif=[]' \
    'disk=[{"vdev": "xvda", "target": "/tmp/source.img", "access": "r"}]'
check "it runs" on_console hot hot-started 100
check "attach a disk" pando attach hot disk vdev=xvdb target=/tmp/hot.img
check "the guest finds and writes it" on_console hot hot-copied 30
check "a second one of that name is refused" \
    sh -c "! pando attach hot disk vdev=xvdb target=/tmp/copy.img"
check "detach it" pando detach hot disk xvdb
check "the guest has lost it" on_console hot hot-disk-gone 20
equal "what it wrote is in the image" "$(md5sum </tmp/hot.img)" "$sum"
equal "its loop device is gone" "$(losetup -a | wc -l)" 1
check "attach a network" pando attach hot vif
check "the guest uses it" on_console hot hot-net-works 60
check "its configuration has it" sh -c "pando config show hot | grep -q xenbr0"
check "detach it" pando detach hot vif 0
check "the guest has lost it" on_console hot hot-net-gone 20
equal "its interface is gone" "$(ls /sys/class/net | grep -c vif)" 0
check "destroy" pando destroy hot

# --- memory --------------------------------------------------------------------
guest_initrd /tmp/mem.cpio.gz <<'RC'
while sleep 1; do echo "mem-total $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"; done
RC
memory_of() { # GUEST
    pando list --json "$1" | sed -n 's/.*"memory_kib": *\([0-9]*\).*/\1/p'
}
memory_about() { # GUEST MIB: give or take one, as kernels count some pages of their own
    difference=$(($(memory_of "$1") / 1024 - $2))
    [ $difference -ge -1 ] && [ $difference -le 1 ]
}
guest_total() { # MIB of more or less that the guest sees than at first: about
    difference=$((($(sed -n 's/.*mem-total \([0-9]*\).*/\1/p' /var/log/pando/console-mem.log |
        tail -n 1) - first) / 1024 - $1))
    [ $difference -ge -2 ] && [ $difference -le 2 ]
}
check "create, with room for more memory" pando create /guests/demo.json name=mem memory=128 \
    maxmem=192 kernel=/test/vmlinux ramdisk=/tmp/mem.cpio.gz 'vif=[]'
check "it comes up" on_console mem mem-total 100
check "and gives back what is above its memory" within 30 memory_about mem 128
first=$(sed -n 's/.*mem-total \([0-9]*\).*/\1/p' /var/log/pando/console-mem.log | tail -n 1)
free=$(host_number free_kib)
check "take memory from it" pando mem-set mem 112M
check "it gives it" within 30 memory_about mem 112
check "the host has it" test "$(host_number free_kib)" -gt $((free + 15 * 1024))
check "give it as much as it may have" pando mem-set mem 192M
check "it takes it" within 30 memory_about mem 192
check "it can use it" within 20 guest_total 64
check "more than that is refused" sh -c "! pando mem-set mem 200M"
check "take it all back" pando mem-set mem 128M
check "it gives it" within 30 memory_about mem 128
check "destroy" pando destroy mem

# --- crash ---------------------------------------------------------------------
# By now dom0 has the tables that serving a guest takes: from here on nothing may be kept.
before=$(host_number free_kib)
guest_initrd /tmp/crash.cpio.gz <<'RC'
until [ -b /dev/xvda ]; do sleep 0.1; done
if [ "$(head -c 7 /dev/xvda)" = crashed ]; then
    echo alive-again
else
    echo crashing-now
    printf crashed | dd of=/dev/xvda conv=notrunc 2>/dev/null
    sync
    echo c >/proc/sysrq-trigger
fi
RC
crash() { # NAME ON_CRASH
    dd if=/dev/zero of="/tmp/$1.img" bs=64k count=1 2>/dev/null
    pando create /guests/demo.json name="$1" on_crash="$2" vcpus=2 \
        kernel=/test/vmlinux ramdisk=/tmp/crash.cpio.gz \
        "disk=[{\"vdev\": \"xvda\", \"target\": \"/tmp/$1.img\"}]"
}
check "create, to crash" crash first preserve
check "its last words are logged" on_console first 'crashing-now' 100
check "it is preserved as crashed" within 60 guest_state first crash
check "destroy a crashed guest" pando destroy first
check "create, to crash and be restarted" crash second restart
check "it is restarted" within 150 console_has second 'alive-again'
check "destroy" pando destroy second
check "create, to crash and be removed" crash third destroy
check "its last words are logged" on_console third 'crashing-now' 100
check "it is removed" within 60 guest_gone third
equal "all memory is free again" "$(free_settled "$before")" "$before"
END

boot guest 900 -c 2
finish
