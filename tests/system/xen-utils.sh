# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# Debian's own tools, `xl` and what it calls, for tests that run them in dom0. They are fetched from
# the mirror that apt uses (3 MB, kept in build/xen-utils/). Sourced behind lib.sh.
#
#   fetch_xen_utils             or ends the test as skipped
#   copy_xen_utils DIR          the programs, their configuration and libraries, to a root at DIR

xen=$top/build/xen-utils
xen_bin=usr/lib/xen-4.17/bin
xen_packages=(xen-utils-4.17 xen-utils-common libxenmisc4.17 libxencall1 libxendevicemodel1
    libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4 libxentoolcore1
    libxentoollog1)

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

download_xen_utils() {
    rm -rf "$xen"
    mkdir -p "$xen/debs"
    (cd "$xen/debs" && apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 download "${xen_packages[@]}") >"$xen/log" 2>&1
}

unpack_xen_utils() {
    local deb
    for deb in "$xen"/debs/*.deb; do
        dpkg-deb -x "$deb" "$xen/root" || return
    done
}

fetch_xen_utils() {
    command -v apt-get >/dev/null || skip "there is no apt-get to fetch xen-utils with"
    [ ! -e "$xen/done" ] || return 0
    download_xen_utils || skip "Debian's xen-utils: the mirror cannot be reached ($xen/log)"
    unpack_xen_utils || skip "Debian's xen-utils: what the mirror has cannot be unpacked"
    touch "$xen/done"
}

# needs PROGRAM...: the libraries of Xen's programs, Debian's and those of this host.
needs() {
    LD_LIBRARY_PATH=$xen/root/usr/lib/x86_64-linux-gnu ldd "$@" |
        awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u
}

copy_xen_utils() {
    local program library cancelled
    mkdir -p "$1/$xen_bin" "$1/etc/xen"
    for program in xl xenconsole xen-init-dom0; do
        cp "$xen/root/$xen_bin/$program" "$1/$xen_bin/"
    done
    cp -r "$xen"/root/etc/xen/scripts "$xen"/root/etc/xen/xl.conf "$1/etc/xen/"
    cancelled=$(gcc -print-file-name=libgcc_s.so.1) # what pthread_cancel() loads
    install -D -m 755 "$cancelled" "$1/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"
    needs "$1/$xen_bin"/* | while read -r library; do
        install -D -m 755 "$library" "$1/${library#"$xen/root/"}"
    done
}
