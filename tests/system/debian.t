#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A Debian with systemd, from Debian's packages and ours, is dom0: its units bring up the daemons,
# confined as they are; guests live on while each is restarted, and `xl console` attaches to them.
# Then it boots by its own GRUB from the menu that update-grub has made.
#
# needs: disk that is written to

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/xen-utils.sh"

store=$top/build/debian
here=$top/tests/system/debian
version=$(sed -n 's/^version := //p' "$top/GNUmakefile")
packages=("$store"/{pando-hypervisor,libpando0,pando-tools}_"$version"_amd64.deb)

# What ours need of Debian's, without versions and without one another.
needed() {
    local deb
    for deb in "${packages[@]}"; do
        dpkg-deb -f "$deb" Depends | tr ',' '\n'
    done | sed -e 's/([^)]*)//; s/|.*//; s/ //g' | grep -v -e '^$' -e pando | sort -u
}

# The stock kernel that was unpacked into build/, as fetch-kernel keeps it.
kernel_package() {
    ls "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pando/linux-image-$(ls \
        "$top/build/kernel/lib/modules")_"*.deb 2>/dev/null | sort -V | tail -n 1
}

make_base() {
    local status
    rm -f "$store"/base-*.tar
    "$here/base" "$base" "$kernel" "${depends[@]}"
    status=$?
    [ $status != 77 ] || skip "no mirror of Debian can be reached"
    [ $status = 0 ] || exit 1
}

command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
kernel=$(kernel_package)
[ -n "$kernel" ] || skip "the package of the kernel in build/kernel is not in the cache any more"
make -C "$top" -s deb >"$work/deb.log" 2>&1 || {
    cat "$work/deb.log" >&2
    echo "Bail out! make deb has failed"
    exit 1
}
mapfile -t depends < <(needed)
# Both last until what they are made of changes.
key=$(echo "${depends[@]}" "$kernel" | cat - "$here/base" | md5sum)
base=$store/base-${key:0:12}.tar
[ -e "$base" ] || make_base
disk=$store/disk.img
stamp=$(cat "${packages[@]}" "$here/image" - <<<"$base" | md5sum)
if [ ! -e "$disk" ] || [ "$(cat "$disk.stamp" 2>/dev/null)" != "$stamp" ]; then
    "$here/image" "$disk" "$base" "${packages[@]}" && echo "$stamp" >"$disk.stamp" || exit 1
fi

# The initial RAM disk is in the image; QEMU wants a file of its own.
initrd_from_disk() {
    debugfs -R "dump /boot/initrd.img-$(ls "$top/build/kernel/lib/modules") $work/initrd" \
        "$disk?offset=1048576" >/dev/null 2>&1
    [ -s "$work/initrd" ]
}
initrd_from_disk || {
    echo "Bail out! no initial RAM disk in $disk"
    exit 1
}

fast_kernel
cp "$top/build/guest.cpio.gz" "$work/root/test/"
fetch_xen_utils
copy_xen_utils "$work/root/test/xen"
# That of the system is not to be in the way of what runs before the programs.
rm -f "$work"/root/test/xen/{usr/,}lib/x86_64-linux-gnu/libc.so.6
cat "$top/tests/system/dom0.sh" "$here/dom0" >"$work/root/test/run"
tar -C "$work/root/test" -cf "$work/test.tar" .
cp --sparse=always "$disk" "$work/disk.img"
drives=(-drive "file=$work/disk.img,format=raw,if=virtio"
    -drive "file=$work/test.tar,format=raw,if=virtio,readonly=on")

dom0_args='root=LABEL=pando-test ro quiet test.first'
boot units 900 -x dom0_mem=800M -- "${drives[@]}"
boot grub 600 -b disk -- "${drives[@]}"
finish
