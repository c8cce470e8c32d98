#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Configurations that exist in the wild: the examples of Debian's xen-utils-common and the test data
# of libvirt's source package, fetched from the mirror that apt uses (10 MB, kept in build/wild/).
# Each is imported by the plugin config_io, exported, imported again, and compared.

cd "$(dirname "$0")/../.." || exit 1
wild=$PWD/build/wild
test=build/unit/bin/config-io-wild

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

# The sources of the mirror for this Debian, in folders of their own.
fetch() {
    local mirror suite
    local options=(-q -o "Dir::Etc::sourcelist=$wild/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$wild/lists" -o APT::Sandbox::User=root -o Acquire::Retries=1
        -o Acquire::http::Timeout=20)
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian$')
    [ -n "$mirror" ] || return
    mkdir -p "$wild/lists/partial"
    printf 'deb %s %s main\ndeb-src %s %s main\n' "$mirror" \
        "$suite" "$mirror" "$suite" >"$wild/sources.list"
    (cd "$wild" && apt-get "${options[@]}" update &&
        apt-get "${options[@]}" download xen-utils-common &&
        apt-get "${options[@]}" source --download-only libvirt) >"$wild/log" 2>&1
}

unpack() {
    dpkg -x "$wild"/xen-utils-common_*.deb "$wild/xen" &&
        mkdir -p "$wild/libvirt" &&
        tar -C "$wild/libvirt" --strip-components=1 --wildcards -xf \
            "$(ls "$wild"/libvirt_*.orig.tar.*z | head -n 1)" '*/tests/*.cfg' '*/tests/*.xml'
}

[ -x "$test" ] || skip "$test is not built"
command -v apt-get >/dev/null || skip "there is no apt-get to fetch configurations with"
if [ ! -e "$wild/done" ]; then
    fetch || skip "0 of about 2600 configurations: the mirror cannot be reached ($wild/log)"
    unpack || skip "0 of about 2600 configurations: what the mirror has cannot be unpacked"
    touch "$wild/done"
fi
{
    find "$wild/xen/etc/xen" -type f -name 'xlexample*'
    find "$wild/libvirt/tests" -type f -name '*.cfg' -path '*/x[lm]configdata/*'
    find "$wild/libvirt/tests" -type f -name '*.xml' -exec grep -l '<domain[ >]' {} +
} | sort >"$wild/list"
PANDO_WILD=$wild/list exec "$test"
