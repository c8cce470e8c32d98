#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Plugins in a real dom0: the example's hook, command and panel, and a guest whose configuration
# comes from xl's and goes back there.

. "$(dirname "$0")/lib.sh"

root=$work/root
mkdir -p "$root"/{etc,usr/lib}/pando/plugins
sed "s|<pando/plugin.h>|\"$top/ctl/plugin.h\"|" "$top/share/examples/plugin/budget.c" |
    gcc -O2 -shared -fPIC -o "$root/etc/pando/plugins/budget.so" -x c -
strip -o "$root/usr/lib/pando/plugins/config_io.so" "$top/build/lib/plugins/config_io.so"
ldd "$top/build/lib/plugins/config_io.so" | awk '$2 == "=>" { print $3 }' | while read -r library; do
    install -D -m 755 "$library" "$root$library"
done
find "$root" -exec chmod go-w {} +

fast_kernel
dom0_script <<'END'
pando plugins
check "the example is loaded" sh -c "pando plugins | grep -q '^budget *1.0 *loaded'"
check "config_io is loaded" sh -c "pando plugins | grep -q '^config-io .*loaded'"

# --- a hook refuses ------------------------------------------------------------
create() { pando create /guests/demo.json name=a kernel=/test/vmlinux 'vif=[]' "$@"; }
echo 120 >/etc/pando/budget
check "the command runs" sh -c "pando budget | grep -q '120 MiB'"
create memory=128 2>/tmp/refused
equal "the hook refuses a creation" "$?" 1
check "it says why, and what to do" grep -q \
    'the plugin budget refuses it: a would have 128 MiB, and the budget is 120 MiB' /tmp/refused
check "nothing is left of it" sh -c "! pando list | grep -q ' a '"
check "a smaller guest is created" create memory=96 maxmem=116
check "the command knows it" sh -c "pando budget a | grep -q '^a .* of 120 MiB'"
echo 110 >/etc/pando/budget
check "more memory is refused" sh -c "! pando mem-set a 114 2>/tmp/refused"
check "with the reason" grep -q 'a would have 114 MiB' /tmp/refused
check "less is not" pando mem-set a 100
check "the panel lists it" sh -c "pando plugins --panel budget | grep -q '^a '"
check "it is destroyed" pando destroy a
rm /etc/pando/budget

# --- a configuration from xl, a guest, and back ---------------------------------
cat >/tmp/web.cfg <<'CFG'
name = "web"
kernel = "/test/vmlinux"
ramdisk = "/guests/initrd.cpio.gz"
extra = "console=hvc0 quiet"
memory = 96
vcpus = 2
vnc = 1
on_crash = "coredump-restart"
CFG
check "check says what is kept" sh -c "pando config check /tmp/web.cfg | grep -q 'web.cfg:7: vnc: kept'"
check "it is imported" pando config import /tmp/web.cfg --output /tmp/web.json
check "the guest is created from it" pando create /tmp/web.json
check "the guest runs" on_console web 'Linux' 60
pando config export web --format xl >/tmp/back.cfg
check "it goes back with its kernel" grep -q '^kernel = "/test/vmlinux"' /tmp/back.cfg
check "with what was only kept" grep -q '^vnc = 1' /tmp/back.cfg
check "and what had become something else" grep -q '^on_crash = "coredump-restart"' /tmp/back.cfg
check "memory is as it is now" grep -q '^memory = 96' /tmp/back.cfg
check "it is XML for libvirt" sh -c "pando config export web --format libvirt | grep -q '<name>web</name>'"
check "the end" pando destroy web
END
boot plugins 240

finish
