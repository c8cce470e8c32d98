#!/bin/bash
# SPDX-License-Identifier: MIT
#
# config import, export and check as an operator types them: files in and out, exit codes, and how
# they fit beside the `config` that is built in.

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/plugins"
install -m 644 build/lib/plugins/config_io.so "$dir/plugins/"
export PANDO_PLUGIN_PATH=$dir/plugins
pando=$PWD/build/bin/pando
top=$PWD
cd "$dir" || exit 1
count=0
failed=0

ok() { # NAME STATUS TEXT COMMAND...: exit code, and a text in what is written
    local name=$1 expected=$2 text=$3 output status=0
    shift 3
    output=$("$@" 2>&1) || status=$?
    count=$((count + 1))
    if [ "$status" = "$expected" ] && grep -qF -- "$text" <<<"$output"; then
        echo "ok $count - $name"
    else
        failed=1
        echo "not ok $count - $name"
        printf '%s\nexit code %s, expected %s and: %s\n' "$output" "$status" "$expected" "$text" |
            sed 's/^/# /'
    fi
}

# What plugins include of Pando: plugin.h, and headers of their own.
private_headers() {
    local folder header
    for folder in "$top"/plugins/*/; do
        grep -ho '^#include "[^"]*"' "$folder"*.[ch] | cut -d '"' -f 2 | sort -u |
            while read -r header; do
                [ "$header" = plugin.h ] || [ -e "$folder$header" ] || echo "$header"
            done
    done
}

touch kernel disk.img
cat >web.cfg <<END
type = "pvh"
name = "web"
kernel = "$dir/kernel"
memory = 64
vnc = 1
disk = [ "$dir/disk.img,,xvda", "/x.iso,,xvdb,cdrom" ]
END
cat >web.xml <<END
<domain type='xen'>
  <name>web</name>
  <memory unit='MiB'>64</memory>
  <os><type>xenpvh</type><kernel>$dir/kernel</kernel></os>
  <devices>
    <interface type='network'>
      <source network='lan'/>
    </interface>
  </devices>
</domain>
END
echo 'name = [' >broken.cfg
echo '{"name": "j", "kernel": "kernel", "memory": 8}' >j.json

ok 'plugins include plugin.h only' 0 '' test -z "$(private_headers)"
ok 'an xl file is imported' 0 '"kernel": "' "$pando" config import web.cfg
ok 'what is kept is named with its line' 0 'web.cfg:5: vnc: kept, not acted on' \
    "$pando" config import web.cfg
ok 'a disk that cannot be is named' 0 'the guest does not get it' "$pando" config import web.cfg
ok 'a libvirt file needs to know the bridge' 0 'web.xml:6: <interface>: kept, but' \
    "$pando" config import web.xml
ok 'and is told' 0 '"bridge": "xenbr0"' "$pando" config import --networks lan=xenbr0 web.xml
ok 'a broken file is refused with its line' 1 'broken.cfg:2: found the end of the file' \
    "$pando" config import broken.cfg
ok 'so is one of the wrong format' 1 'not XML' "$pando" config import --format libvirt web.cfg
ok 'a format that is not known' 2 'expected xl, libvirt or json' \
    "$pando" config import --format ini web.cfg
ok 'a file that is not there' 1 'nothing.cfg: cannot be read' "$pando" config import nothing.cfg
ok 'a folder' 1 'cannot be read' "$pando" config import .
ok 'the result goes into a file' 0 '' "$pando" config import web.cfg --output web.json
ok 'which must be new' 1 'remove it first' "$pando" config import web.cfg --output web.json
ok 'create would read it' 0 '"kept": {' "$pando" config check web.json
ok 'it goes back to xl' 0 'vnc = 1' "$pando" config export web.json --format xl
ok 'with all its disks' 0 '/x.iso,,xvdb,cdrom' "$pando" config export web.json --format xl
ok 'and to libvirt' 0 '<type>xenpvh</type>' "$pando" config export web.json --format libvirt
ok 'with the rest hidden' 0 'urn:pando:kept' "$pando" config export web.json --format libvirt
ok 'or stays as it is' 0 '"name": "web"' "$pando" config export web.json --format json
ok 'a format has to be said' 2 'say which' "$pando" config export web.json
ok 'a guest needs a host' 1 'this is not dom0' "$pando" config export web --format xl
ok 'check takes an xl file' 0 'the guest can be created' "$pando" config check web.cfg
ok 'and a libvirt file' 0 'the guest can be created' "$pando" config check web.xml
ok 'and says what is wrong' 1 'broken.cfg:2:' "$pando" config check broken.cfg
sed -i 's/memory.*/memory = 1/' web.cfg
ok 'also by what create expects' 1 'web.cfg:4: memory: found 1, expected a number of MiB from 8' \
    "$pando" config check web.cfg
ok 'JSON is checked as ever' 0 '"maxmem": 8' "$pando" config check j.json
ok 'with overrides' 0 '"memory": 9' "$pando" config check j.json memory=9
ok 'the help of config stays' 0 'usage: config [OPTIONS] show GUEST' "$pando" help config
ok 'import has its own' 0 'usage: config import [OPTIONS] FILE' "$pando" help config import
ok 'a form that is not there' 2 'expected show, check or help' "$pando" config frobnicate
ok 'a script can do it' 0 'vnc = 1' "$pando" -f - <<<'config export web.json --format xl'
export PANDO_PLUGIN_PATH=$dir/none
ok 'without the plugin there is no import' 2 'expected show, check or help' \
    "$pando" config import web.cfg
ok 'and check reads JSON only' 1 'web.cfg:1:' "$pando" config check web.cfg
echo "1..$count"
exit $failed
