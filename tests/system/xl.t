#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Debian's own tools, `xl` and what it calls, on Pando's dom0: a guest is created from a stock
# configuration, its console is attached to, and it is destroyed. They run beside Pando's daemons.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xen-utils.sh"

fetch_xen_utils
copy_xen_utils "$work/root"
fast_kernel
dom0_script <<'END'
PATH=$PATH:/usr/lib/xen-4.17/bin
export PATH
mkdir -p /var/lib/xen /var/run/xen /var/log/xen /var/lock
xl() { timeout 60 /usr/lib/xen-4.17/bin/xl "$@"; }

check "xen-init-dom0 finds what it needs" xen-init-dom0
check "xl info" sh -c "timeout 20 xl info | grep -q '^xen_version .*4.17'"
check "xl list has dom0" sh -c "timeout 20 xl list | grep -q '^Domain-0 '"

cat >/tmp/guest.cfg <<'CFG'
name = "stock"
type = "pvh"
kernel = "/test/vmlinux"
ramdisk = "/guests/initrd.cpio.gz"
cmdline = "console=hvc0 quiet"
memory = 128
vcpus = 1
CFG
# ask COMMAND...: types a sum at the guest's shell, leaves by Ctrl-], and looks for the result.
ask() {
    { sleep 2; printf 'echo result-$((20 + 22))\r'; sleep 3; printf '\035'; } |
        "$@" >/tmp/ask.out 2>&1
    cat /tmp/ask.out
    grep -q 'result-42' /tmp/ask.out
}

# What `xl console` starts; where there is no terminal, it takes keys only if it is told.
console() { timeout 20 xenconsole "$(xl domid "$1")" --num 0 --type pv --interactive; }

check "xl create" xl create /tmp/guest.cfg
check "it boots" on_console stock '^[a-z]*: Linux 6' 100
check "xl list has it" sh -c "timeout 20 xl list | grep -q '^stock '"
check "so has pando list" pando list stock
check "xl console shows what it has written" sh -c \
    "timeout 5 xl console stock </dev/null | grep -q 'Linux 6'"
check "its console answers" ask console stock
check "so it does to pando" ask timeout 20 pando console stock
mkfifo /tmp/keys
console stock </tmp/keys >/tmp/shared 2>&1 &
exec 4>/tmp/keys
check "to both at once" ask timeout 20 pando console stock
check "with the same" grep -q result-42 /tmp/shared
exec 4>&-
check "xl vcpu-list" sh -c "timeout 20 xl vcpu-list stock | grep -q '^stock .* 0 '"
check "xl pause" xl pause stock
check "it is paused" guest_state stock paused
check "xl unpause" xl unpause stock
check "xl mem-set" xl mem-set stock 120
check "xl destroy" xl destroy stock
check "it is gone" within 20 guest_gone stock
# What dom0 needs to map guests' frames at first is not given back.
sleep 2
free=$(free_settled "$(host_number free_kib)")

# xl stays behind, and makes the guest anew when it reboots.
check "xl create" xl create /tmp/guest.cfg
check "it boots" within 100 console_count stock '^[a-z]*: Linux 6' 2
check "xl reboot" xl reboot stock
check "it comes up again" within 100 console_count stock '^[a-z]*: Linux 6' 3
check "its console answers" ask console stock
check "xl shutdown" xl shutdown -w stock
check "it is gone" within 20 guest_gone stock
equal "no memory is kept" "$(free_settled "$free")" "$free"

# A guest that Pando has made is one like others to it.
check "pando create" pando create /guests/demo.json name=own kernel=/test/vmlinux
check "it boots" on_console own '^own: Linux' 100
check "xl list has it" sh -c "timeout 20 xl list | grep -q '^own '"
check "xl console shows what it has written" sh -c \
    "timeout 5 xl console own </dev/null | grep -q 'own: Linux'"
check "its console answers" ask console own
check "xl pause" xl pause own
check "it is paused" guest_state own paused
check "xl unpause" xl unpause own
check "xl shutdown" xl shutdown -w own
check "it is gone" within 20 guest_gone own
END
boot xl 500
finish
