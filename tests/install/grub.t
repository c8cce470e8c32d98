#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The generator of GRUB's menu entries, with a /boot of the test's own, and the one that tells
# systemd what to start.

. "$(dirname "$0")/lib.sh"

lib=/usr/share/grub/grub-mkconfig_lib
[ -e $lib ] || {
    echo "1..0 # SKIP grub-common is not installed"
    exit 0
}

boot=$work/boot
mkdir "$boot"

# GRUB's programs that look at this host's disks are told what they would find.
cat >"$work/probe" <<'END'
#!/bin/sh
case "$*" in
*target=device*) echo /dev/vda1 ;;
*target=fs_uuid*) echo 1234-5678 ;;
*target=fs*) echo ext2 ;;
*target=partmap*) echo msdos ;;
esac
END
printf '#!/bin/sh\necho /boot\n' >"$work/relpath"
chmod 755 "$work/probe" "$work/relpath"

# menu [VARIABLE=VALUE]...: as grub-mkconfig runs the generator, behind the settings.
menu() {
    (
        export pkgdatadir=/usr/share/grub grub_probe=$work/probe grub_mkrelpath=$work/relpath
        export GRUB_DEVICE=/dev/vda1 GRUB_DEVICE_UUID=1234-5678 GRUB_DISTRIBUTOR=Debian
        export GRUB_CMDLINE_LINUX=net.ifnames=0 GRUB_CMDLINE_LINUX_DEFAULT=quiet
        export PANDO_BOOT=$boot
        for setting in "$@"; do
            export "${setting?}"
        done
        . "$top/share/grub/pando.cfg"
        "$top/share/grub/20_linux_pando"
    ) >"$work/menu" 2>"$work/menu.err"
}

titles() {
    sed -n "s/^ *\(menuentry\|submenu\) '\([^']*\)'.*/\2/p" "$work/menu"
}

loads() { # the files that the menu's first entry names, and their words
    sed -n '1,/^}/p' "$work/menu" | sed -n 's/^ *\(multiboot2\|module2\) //p'
}

kernel() { # VERSION [CONFIG_LINE]...
    touch "$boot/vmlinuz-$1" "$boot/initrd.img-$1"
    printf '%s\n' CONFIG_XEN_DOM0=y CONFIG_XEN_PVH=y >"$boot/config-$1"
}

check "without kernels" menu
equal "there is no entry" "$(cat "$work/menu")" ""
kernel 6.1.0-9-amd64
kernel 6.1.0-30-amd64
check "without the hypervisor" menu
equal "there is no entry" "$(cat "$work/menu")" ""

touch "$boot/pando-0.9.0" "$boot/pando-0.10.0" "$boot/pando-0.10.0.bak"
check "with both" menu
check "GRUB understands the menu" grub-script-check "$work/menu"
equal "the newest come first" "$(titles)" "Debian GNU/Linux, with Pando
Advanced options for Debian GNU/Linux, with Pando
Debian GNU/Linux, with Pando 0.10.0 and Linux 6.1.0-30-amd64
Debian GNU/Linux, with Pando 0.10.0 and Linux 6.1.0-30-amd64 (recovery mode)
Debian GNU/Linux, with Pando 0.10.0 and Linux 6.1.0-9-amd64
Debian GNU/Linux, with Pando 0.10.0 and Linux 6.1.0-9-amd64 (recovery mode)
Debian GNU/Linux, with Pando 0.9.0 and Linux 6.1.0-30-amd64
Debian GNU/Linux, with Pando 0.9.0 and Linux 6.1.0-30-amd64 (recovery mode)
Debian GNU/Linux, with Pando 0.9.0 and Linux 6.1.0-9-amd64
Debian GNU/Linux, with Pando 0.9.0 and Linux 6.1.0-9-amd64 (recovery mode)"
equal "hypervisor, kernel and initial RAM disk are loaded" "$(loads)" "/boot/pando-0.10.0
--nounzip /boot/vmlinuz-6.1.0-30-amd64 root=UUID=1234-5678 ro net.ifnames=0 console=tty0 \
console=hvc0 quiet
--nounzip /boot/initrd.img-6.1.0-30-amd64"
check "the disk is looked for" grep -q 'search .*1234-5678' "$work/menu"
check "it is said what was found" grep -q 'Found Pando: 0.10.0 0.9.0' "$work/menu.err"

menu GRUB_CMDLINE_PANDO="dom0_mem=2G,max:2G console=com1" GRUB_CMDLINE_LINUX_PANDO=console=hvc0
equal "the settings are used" "$(loads | sed 2q)" "/boot/pando-0.10.0 dom0_mem=2G,max:2G console=com1
--nounzip /boot/vmlinuz-6.1.0-30-amd64 root=UUID=1234-5678 ro net.ifnames=0 console=hvc0 quiet"
menu GRUB_DISABLE_SUBMENU=true
equal "there need not be a submenu" "$(titles)" "Debian GNU/Linux, with Pando"
menu GRUB_DISABLE_RECOVERY=true
equal "nor a recovery mode" "$(titles | grep -c recovery)" 0
menu GRUB_DISTRIBUTOR="Peter's \$HOME"
check "a distributor's odd name" grub-script-check "$work/menu"

kernel 6.5.0-cloud
echo 'CONFIG_XEN_DOM0=y' >"$boot/config-6.5.0-cloud"
menu
equal "a kernel that can't be dom0 is left out" "$(grep -c cloud "$work/menu")" 0
kernel 6.6.0
rm "$boot"/initrd.img-6.6.0 "$boot"/config-6.6.0
menu
equal "a kernel without initial RAM disk gets its root by name" "$(loads)" "/boot/pando-0.10.0
--nounzip /boot/vmlinuz-6.6.0 root=/dev/vda1 ro net.ifnames=0 console=tty0 console=hvc0 quiet"

# --- systemd's generator --------------------------------------------------------------------

generate() { # EXTRA_VERSION FEATURES: what it makes, a line a link
    rm -rf "$work/sys" "$work/units"
    mkdir -p "$work"/sys/hypervisor/{version,properties} "$work"/units/{normal,early,late}
    if [ -n "$1" ]; then
        echo "$1" >"$work/sys/hypervisor/version/extra"
        echo "$2" >"$work/sys/hypervisor/properties/features"
    fi
    sed 's|@UNITS@|/units|' "$top/share/systemd/pando-generator" >"$work/generator"
    PANDO_SYS=$work/sys sh "$work/generator" "$work"/units/{normal,early,late}
    (cd "$work/units" && find . -type l -printf '%P -> %l\n' | sort)
}

equal "in dom0 of a Pando host, ours are started and Xen's are not" \
    "$(generate .0-pando 00000f05)" "early/xen-init-dom0.service -> /dev/null
early/xen.service -> /dev/null
early/xenconsoled.service -> /dev/null
early/xenstored.service -> /dev/null
normal/multi-user.target.wants/pando.target -> /units/pando.target"
equal "not in a guest" "$(generate .0-pando 00000705)" ""
equal "not under Xen" "$(generate .5 00000f05)" ""
equal "not on a bare machine" "$(generate '' '')" ""

finish
