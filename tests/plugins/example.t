#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The example of a plugin, built as a site does it: from an installed tree, with the installed
# header only, in a folder elsewhere; then what `pando` makes of it.

cd "$(dirname "$0")/../.." || exit 1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
count=0
failed=0

ok() { # NAME COMMAND...: whether the command succeeds
    local name=$1 output
    shift
    count=$((count + 1))
    if output=$("$@" 2>&1); then
        echo "ok $count - $name"
    else
        failed=1
        echo "not ok $count - $name"
        sed 's/^/# /' <<<"$output"
    fi
}

has() { # TEXT COMMAND...: whether what the command writes has the text in it
    local text=$1 output
    shift
    output=$("$@" 2>&1)
    grep -qF -- "$text" <<<"$output" || {
        printf '%s\nexpected: %s\n' "$output" "$text"
        return 1
    }
}

fails() { # STATUS COMMAND...: whether that is its exit code
    local status=0
    "${@:2}" || status=$?
    [ "$status" = "$1" ] || {
        echo "exit code $status, expected $1"
        return 1
    }
}

only_installed_headers() {
    local other
    other=$(cd "$tree/site" && gcc -M "-I$tree/usr/include" budget.c | tr -s ' \\' '\n\n' |
        grep '\.h$' | grep -v -e "^$tree/usr/include/pando/" -e '^/usr/include/' -e '^/usr/lib/gcc/')
    [ -z "$other" ] || {
        echo "$other"
        return 1
    }
}

# What it needs of others is libc's, or declared by the public headers.
only_public_symbols() {
    local symbol
    for symbol in $(nm -D --undefined-only "$tree/site/budget.so" | awk '$2 ~ /^pando_/ { print $2 }'); do
        grep -q "\<$symbol(" "$tree"/usr/include/pando/*.h || {
            echo "$symbol is not public"
            return 1
        }
    done
}

ok 'the tree is installed' make -s install DESTDIR="$tree" PREFIX=/usr
mkdir "$tree/site"
ok 'the example is in it' cp -r "$tree/usr/share/pando/examples/plugin/." "$tree/site"
ok 'it is built by its own makefile' env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
    make -s -C "$tree/site" INCLUDE="$tree/usr/include" CFLAGS='-O2 -Wall -Wextra -Werror'
ok 'from installed headers only' only_installed_headers
ok 'with public functions only' only_public_symbols
ok 'it is installed' env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
    make -s -C "$tree/site" install DESTDIR="$tree" INCLUDE="$tree/usr/include"

pando=$tree/usr/bin/pando
export PANDO_PLUGIN_PATH=$tree/usr/lib/pando/plugins:$tree/etc/pando/plugins
ok 'pando loads it' has "budget     1.0      loaded  $tree/etc/pando/plugins" "$pando" plugins
ok 'and those of the system' has 'config-io' "$pando" plugins
ok 'the list of commands has its command' has 'show the budget of memory' "$pando" help
ok 'the help explains it' has 'usage: budget [OPTIONS] [GUEST]...' "$pando" help budget
ok 'its command runs' has 'pando: budget: ' "$pando" budget
ok 'its options are checked' fails 2 "$pando" budget --no-such-option
ok 'its panel is shown' fails 0 "$pando" plugins --panel budget
ok 'a panel that is not there is not' fails 2 "$pando" plugins --panel no-such-panel
ok 'JSON names what it has added' has '"budget"' "$pando" plugins --json
chmod 666 "$tree/etc/pando/plugins/budget.so"
ok 'when others can write to it, it is refused' has 'others than root can write to it' \
    "$pando" plugins
ok 'and its command is gone' fails 2 "$pando" budget
echo "1..$count"
exit $failed
