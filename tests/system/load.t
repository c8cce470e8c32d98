#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Load: eight guests that write, read and compare their disks and talk over the network, two of
# them with two vCPUs, on four CPUs, while a ninth is created and destroyed beside them. Nobody
# may stop, no byte may change, nothing may be lost, and the hypervisor (a debug build, which
# checks itself) may complain of nothing.
#
# LOAD_MINUTES=20 tests/system/load.t    (2 unless told)
#
# needs: NIC

. "$(dirname "$0")/lib.sh"

minutes=${LOAD_MINUTES:-2}

fast_kernel
{ echo "minutes=$minutes"; cat <<'END'; } | dom0_script
guest_initrd /tmp/load.cpio.gz <<'RC'
{ # in the background: init is to see what else comes, such as the end
until [ -b /dev/xvda ]; do sleep 0.1; done
until ip addr show eth0 | grep -q 'inet '; do sleep 0.1; done
(while ping -q -i 0.5 -s 1400 -c 20 10.0.2.2 >/dev/null; do echo load-net; done # with an answer
 echo "load-error: no answer from the outside") &
round=0
while :; do
    head -c 1048576 /dev/urandom >/tmp/data
    dd if=/tmp/data of=/dev/xvda bs=64k conv=fsync 2>/dev/null
    echo 3 >/proc/sys/vm/drop_caches
    [ "$(head -c 1048576 /dev/xvda | md5sum)" = "$(md5sum </tmp/data)" ] ||
        echo "load-error: the disk has other data than was written"
    round=$((round + 1))
    echo "load-disk $round"
    sleep 1 # nine guests share what the emulator has
done
} &
RC
create() { # NAME VCPUS
    pando create /guests/demo.json name="$1" memory=96 vcpus="$2" on_crash=preserve \
        kernel=/test/vmlinux ramdisk=/tmp/load.cpio.gz \
        "disk=[{\"vdev\": \"xvda\", \"target\": \"/tmp/disk-$1\", \"access\": \"rw\"}]"
}
lines() { # GUEST PATTERN
    grep -c "$2" "/var/log/pando/console-$1.log"
}
all='load1 load2 load3 load4 load5 load6 load7 load8'
wave() {
    for name in $all; do
        truncate -s 2M "/tmp/disk-$name"
        case $name in load[12]) vcpus=2 ;; *) vcpus=1 ;; esac
        check "create $name" create "$name" $vcpus
    done
    for name in $all; do
        check "$name works its disk" on_console "$name" load-disk 400
        check "$name works its network" on_console "$name" load-net 400
    done
}
wave
stalls=0
churned=0
churn_errors=0
truncate -s 2M /tmp/disk-churn
end=$(($(date +%s) + minutes * 60))
while [ "$(date +%s)" -lt $end ]; do
    for name in $all; do
        eval "disk_$name=$(lines "$name" load-disk) net_$name=$(lines "$name" load-net)"
    done
    round_end=$(($(date +%s) + 60))
    while [ "$(date +%s)" -lt $round_end ]; do
        create churn 2 >/tmp/churn.out 2>&1 && churned=$((churned + 1)) || {
            churn_errors=$((churn_errors + 1))
            sed 's/^/TAP: # /' /tmp/churn.out
        }
        usleep $((churned % 7 * 700000))
        pando destroy churn || churn_errors=$((churn_errors + 1))
    done
    for name in $all; do
        eval "disk=\$disk_$name net=\$net_$name"
        [ "$(lines "$name" load-disk)" -gt "$disk" ] || {
            stalls=$((stalls + 1))
            echo "TAP: # $name: no disk round in a minute"
        }
        [ "$(lines "$name" load-net)" -gt "$net" ] || {
            stalls=$((stalls + 1))
            echo "TAP: # $name: no answered pings in a minute"
        }
    done
    echo "TAP: # $(((end - $(date +%s)) / 60)) minutes left, $churned created and destroyed"
done
equal "guests that stood still for a minute" "$stalls" 0
equal "failures among $churned creations and destructions" "$churn_errors" 0
equal "errors that guests saw" "$(cat /var/log/pando/console-load?.log | grep load-error)" ""
equal "kernel complaints of guests" \
    "$(cat /var/log/pando/console-load?.log | grep -E 'BUG:|Oops|stalls|lockup|WARNING: CPU')" ""
# shellcheck disable=SC2086
check "shutdown of all" pando shutdown --wait --timeout 300 $all

# What dom0 keeps for so many guests it has by now: a second, short life must leave it as it is.
before=$(free_settled 0)
for name in $all; do
    create "$name" 1 >/dev/null 2>&1
done
sleep 20
# shellcheck disable=SC2086
check "destroy all at work" pando destroy $all
equal "all memory is free again" "$(free_settled "$before")" "$before"
equal "no domain is left" "$(pando list | wc -l)" 2
equal "kernel complaints of dom0" \
    "$(dmesg | grep -E 'BUG:|Oops|stalls|lockup|WARNING: CPU')" ""
equal "complaints of the hypervisor" \
    "$(pando dmesg | grep -v 'speculation:\|where nothing is' |
        grep -i -E 'assert|panic|crashed|warning|stuck|leak')" ""
END

boot load $((minutes * 60 + 2400)) -c 4 -m 3072
finish
