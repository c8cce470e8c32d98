#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make deb: what is in the packages, and what their scripts do when they are installed, upgraded,
# removed and purged in a root of the test's own, which has busybox and not much else.

. "$(dirname "$0")/lib.sh"

if [ "${PANDO_IN_NAMESPACE:-}" != 1 ]; then
    if ! make -C "$top" -s deb >"$work/log" 2>&1; then
        sed 's/^/# /' "$work/log"
        echo "Bail out! make deb has failed"
        exit 1
    fi
    # Where dpkg may be root of a folder.
    map=()
    [ "$(id -u)" = 0 ] || map=(--map-root-user)
    rm -rf "$work"
    PANDO_IN_NAMESPACE=1 exec unshare --mount "${map[@]}" "$0"
fi

debs=("$top"/build/debian/*.deb)

package() { # NAME
    ls "$top/build/debian/$1_${version}_"*.deb
}

field() { # PACKAGE FIELD
    dpkg-deb -f "$(package "$1")" "$2"
}

equal "the packages" "$(for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Package; done)" \
    "libpando-dev
libpando0
pando-hypervisor
pando-tools"
equal "no file is in two of them" \
    "$(for deb in "${debs[@]}"; do dpkg-deb -c "$deb" | grep -v '^d' | awk '{ print $6 }'; done |
        sort | uniq -d)" ""
equal "all belongs to root" \
    "$(for deb in "${debs[@]}"; do dpkg-deb -c "$deb" | awk '{ print $2 }'; done | sort -u)" root/root
check "the tools need the libraries that they are linked with" \
    sh -c "echo '$(field pando-tools Depends)' | grep -q 'libc6 (>= .*libyajl2'"
equal "the library's headers come with that very library" \
    "$(field libpando-dev Depends | grep -o 'libpando0 ([^)]*)')" "libpando0 (= $version)"
equal "settings are the administrator's" \
    "$(for deb in "${debs[@]}"; do dpkg-deb -I "$deb" conffiles 2>/dev/null; done | sort)" \
    "/etc/default/grub.d/pando.cfg
/etc/grub.d/20_linux_pando
/etc/logrotate.d/pando"

sums() {
    md5sum "${debs[@]}" | cut -d ' ' -f 1
}
before=$(sums)
make -C "$top" -s deb >/dev/null 2>&1
equal "the same sources make the same packages" "$(sums)" "$before"

built_elsewhere() {
    local deb
    for deb in "${debs[@]}"; do
        dpkg-deb -R "$deb" "$work/contents/$(basename "$deb" .deb)" || return
    done
    ! grep -r -l -F "$top" "$work/contents"
}
mkdir "$work/contents"
check "no package knows where it was built" built_elsewhere

if command -v lintian >/dev/null; then
    # The hypervisor unpacks dom0's kernel with zlib, which no package can bring it.
    equal "lintian finds no error" "$(lintian --allow-root --fail-on none "${debs[@]}" 2>/dev/null |
        grep '^E:' | grep -v 'embedded-library zlib')" ""
else
    skip "lintian finds no error" "lintian is not installed"
fi

# --- in a root ---------------------------------------------------------------------------------

root=$work/root
"$top/share/install-busybox" "$root"
mkdir -p "$root"/{var/lib/dpkg/{info,updates,triggers},boot/grub,run/systemd/system,usr/lib}
touch "$root/var/lib/dpkg/status" "$root/boot/grub/grub.cfg"
# What the scripts call is noted, in the place of being done.
for program in systemctl systemd-tmpfiles update-grub; do
    printf '#!/bin/sh\necho "%s $*" >>/calls\n' $program >"$root/usr/bin/$program"
    chmod 755 "$root/usr/bin/$program"
done

dpkg_in_root() {
    : >"$root/calls"
    PATH=/usr/bin:/usr/sbin:/bin:/sbin dpkg --root="$root" --force-depends \
        --log="$work/dpkg.log" "$@"
}

calls() {
    cat "$root/calls"
}

own=(pando-hypervisor pando-tools libpando0 libpando-dev)
check "they can be installed" dpkg_in_root -i "${debs[@]}"
equal "and are there" "$(dpkg --root="$root" -l "${own[@]}" | grep -c '^ii')" 4
check "with their files" has "/boot/pando-$version" /usr/bin/pando /usr/lib/pando/stored \
    /usr/lib/systemd/system/pando.target /usr/include/pando/pando.h \
    "/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)/libpando.so.0"
equal "the hypervisor is not the one with run-time checks" \
    "$(grep -l 'lock of order' "$top/build/pando" "$root/boot/pando-$version")" "$top/build/pando"
equal "the menu is made, systemd told" "$(calls)" "update-grub 
systemd-tmpfiles --create /usr/lib/tmpfiles.d/pando.conf
systemctl daemon-reload"

mkdir -p "$root/run/systemd/generator/multi-user.target.wants"
touch "$root/run/systemd/generator/multi-user.target.wants/pando.target"
check "an upgrade" dpkg_in_root -i "$(package pando-tools)"
equal "restarts the daemons that run" "$(calls)" \
    "systemctl daemon-reload
systemd-tmpfiles --create /usr/lib/tmpfiles.d/pando.conf
systemctl daemon-reload
systemctl try-restart pando-stored.service
systemctl try-restart pando-consoled.service
systemctl try-restart pando-monitord.service"
check "removing the tools" dpkg_in_root -r pando-tools
equal "stops them" "$(calls)" \
    "systemctl stop pando.target pando-monitord.service pando-consoled.service \
pando-consoled.socket pando-stored.service pando-stored.socket
systemctl daemon-reload"
mkdir -p "$root/var/log/pando"
echo log >"$root/var/log/pando/stored.log"
check "purging all" dpkg_in_root -P "${own[@]}"
equal "leaves nothing" \
    "$(find "$root" -path "$root/var/lib/dpkg" -prune -o -iname '*pando*' -print |
        grep -v run/systemd)" ""
check "makes the menu again" grep -q update-grub "$root/calls"

finish
