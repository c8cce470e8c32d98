# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Runs in dom0, in front of a system test's script. Lines that begin with TAP: are read by
# lib.sh. The script's exit status says whether everything was reached, not whether it passed.

[ ! -e /test/vmlinux.gz ] || gunzip /test/vmlinux.gz

# check DESCRIPTION COMMAND...: passes if the command does.
check() {
    description=$1
    shift
    if "$@" >/tmp/check.out 2>&1 </dev/null; then
        echo "TAP: ok $description"
    else
        echo "TAP: no $description (status $?)"
        sed 's/^/TAP: # /' /tmp/check.out | tail -n 20
    fi
}

# equal DESCRIPTION GOT EXPECTED
equal() {
    if [ "$2" = "$3" ]; then
        echo "TAP: ok $1"
    else
        echo "TAP: no $1 (got '$2', expected '$3')"
    fi
}

# within SECONDS COMMAND...: tries the command until it passes.
within() {
    left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        if [ $left -le 0 ]; then
            echo "$*: not within the time"
            return 1
        fi
        sleep 0.2
    done
}

# console_has GUEST PATTERN: the guest's console log matches.
console_has() {
    grep -q -E "$2" "/var/log/pando/console-$1.log"
}

# on_console GUEST PATTERN SECONDS: the pattern comes, before the guest is gone.
on_console() {
    within "$3" console_settled "$1" "$2" && console_has "$1" "$2" || {
        tail -n 20 "/var/log/pando/console-$1.log"
        return 1
    }
}

console_settled() {
    console_has "$1" "$2" || guest_gone "$1"
}

# guest_initrd OUT: the demo guest's initrd, with standard input as its /etc/rc.local.
guest_initrd() {
    mkdir -p /tmp/initrd/etc
    { echo '#!/bin/sh'; cat; } >/tmp/initrd/etc/rc.local
    chmod 755 /tmp/initrd/etc/rc.local
    (cd /tmp/initrd && find . -mindepth 1 | cpio -o -H newc 2>/dev/null | gzip) |
        cat /guests/initrd.cpio.gz - >"$1"
}

# console_count GUEST PATTERN COUNT: at least so many lines match.
console_count() {
    [ "$(grep -c -E "$2" "/var/log/pando/console-$1.log")" -ge "$3" ]
}

# host_number KEY: a figure of `pando info`.
host_number() {
    pando info --json | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" | head -n 1
}

# free_settled KIB: the host's free memory, as soon as it is KIB or has stayed different for
# ten seconds: a back-end may give back the last frame a moment after the guest is gone.
free_settled() {
    within 10 free_is "$1" >/dev/null
    host_number free_kib
}

free_is() {
    [ "$(host_number free_kib)" = "$1" ]
}

guest_gone() {
    ! pando list | grep -q -w "$1"
}

# guest_state GUEST STATE
guest_state() {
    pando list "$1" | grep -q -w "$2"
}

bridge_has_address() {
    ip addr show xenbr0 | grep -q 'inet '
}

no_vif() {
    ! ls /sys/class/net | grep -q vif
}

# vif_of GUEST: its network interface is a port of the bridge, and is up.
vif_of() {
    id=$(pando list "$1" | awk 'NR == 2 { print $1 }')
    [ "$(cat /sys/class/net/xenbr0/brif/vif"$id".0/state)" = 3 ]
}
