#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Debian's own tools, `xl` and what it calls, on Pando's dom0: a guest is created from a stock
# configuration, its console is attached to, and it is destroyed. They are fetched from the mirror
# that apt uses (3 MB, kept in build/xen-utils/), and run beside Pando's daemons.

. "$(dirname "$0")/lib.sh"

xen=$top/build/xen-utils
packages=(xen-utils-4.17 xen-utils-common libxenmisc4.17 libxencall1 libxendevicemodel1
    libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4 libxentoolcore1
    libxentoollog1)

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

fetch() {
    rm -rf "$xen"
    mkdir -p "$xen/debs"
    (cd "$xen/debs" && apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 download "${packages[@]}") >"$xen/log" 2>&1
}

unpack() {
    local deb
    for deb in "$xen"/debs/*.deb; do
        dpkg-deb -x "$deb" "$xen/root" || return
    done
}

# needs PROGRAM...: the libraries of Xen's programs, Debian's and those of this host.
needs() {
    LD_LIBRARY_PATH=$xen/root/usr/lib/x86_64-linux-gnu ldd "$@" |
        awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u
}

command -v apt-get >/dev/null || skip "there is no apt-get to fetch xen-utils with"
if [ ! -e "$xen/done" ]; then
    fetch || skip "Debian's xen-utils: the mirror cannot be reached ($xen/log)"
    unpack || skip "Debian's xen-utils: what the mirror has cannot be unpacked"
    touch "$xen/done"
fi

root=$work/root
bin=usr/lib/xen-4.17/bin
mkdir -p "$root/$bin"
for program in xl xenconsole xen-init-dom0; do
    cp "$xen/root/$bin/$program" "$root/$bin/"
done
mkdir -p "$root/etc/xen"
cp -r "$xen"/root/etc/xen/scripts "$xen"/root/etc/xen/xl.conf "$root/etc/xen/"
cancelled=$(gcc -print-file-name=libgcc_s.so.1) # what pthread_cancel() loads
install -D -m 755 "$cancelled" "$root/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"
needs "$root/$bin"/* | while read -r library; do
    install -D -m 755 "$library" "$root/${library#"$xen/root/"}"
done

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
END
boot xl 400
finish
