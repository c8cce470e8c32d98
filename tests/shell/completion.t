#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154,SC2317
#
# bash's completion, with a pando that knows two guests.
set -u
top=$(realpath "$(dirname "$0")/../..")
tests=0
failures=0

pando() {
    case $1 in
    help) PANDO_PLUGIN_PATH=$plugins "$top/build/bin/pando" "$@" ;;
    list) printf '%s\n' 'ID  NAME      STATE' ' 0  Domain-0  running' ' 1  web       paused' ;;
    config) printf '"%s": "%s",\n' vdev xvda mac 00:16:3e:01:02:03 vdev xvdb ;;
    log) printf '%s\n' 'NAME    SIZE(KiB)  MODIFIED' 'gone            1  today' ;;
    esac
}

# A plugin with a command of one word, and two of two.
plugins=$(mktemp -d)
mkdir "$plugins/include"
ln -s "$top/ctl" "$plugins/include/pando"
gcc -shared -fPIC "-I$plugins/include" -o "$plugins/site.so" -x c - <<'END' || exit 1
#include <pando/plugin.h>
static int run(const struct pando_plugin_call *call) { return 0; }
static const struct pando_plugin_option options[] = { { "deep", NULL, "more" }, { NULL } };
static const struct pando_plugin_command commands[] = {
    { .name = "greet", .arguments = "GUEST", .summary = "greet", .least = 1, .most = 1,
      .complete = { PANDO_COMPLETE_GUEST }, .options = options, .run = run },
    { .name = "site wait", .summary = "wait", .run = run },
    { .name = "config sort", .arguments = "GUEST", .summary = "sort", .least = 1, .most = 1,
      .complete = { PANDO_COMPLETE_GUEST }, .run = run },
    { 0 },
};
PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD, .name = "site", .version = "1", .commands = commands,
};
END
# Outside of a completion, bash has it complain.
compopt() { :; }

# shellcheck source=/dev/null
. "$top/build/completion/pando" || exit 1

# offers "LINE" EXPECTED...: what is offered at the end of the line. bash cuts words at "=" too.
offers() {
    local line=$1 verdict=ok
    shift
    read -r -a COMP_WORDS <<<"${line//=/ = }"
    [[ $line != *' ' ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _pando
    tests=$((tests + 1))
    if [ "${COMPREPLY[*]}" != "$*" ]; then
        verdict='not ok'
        failures=$((failures + 1))
        echo "# found ${COMPREPLY[*]}, expected $*"
    fi
    echo "$verdict $tests - $line"
}

cd "$(mktemp -d)" || exit 1
touch vm.json other.txt
offers 'pando vc' vcpu-list
offers 'pando re' reboot rename
offers 'pando list --' --json
offers 'pando shutdown --t' --timeout=
offers 'pando shutdown --timeout=' ''
offers 'pando shutdown --timeout=5 w' web
offers 'pando shutdown --timeout 5 w' web
offers 'pando console ' Domain-0 web
offers 'pando console web ' ''
offers 'pando log ' gone
offers 'pando create v' vm.json
offers 'pando create ' vm.json
offers 'pando create --paused vm.json on_r' on_reboot=
offers 'pando create vm.json name=x on_r' on_reboot=
offers 'pando -f o' other.txt
offers 'pando config s' show sort
offers 'pando config sort w' web
offers 'pando gr' greet
offers 'pando greet --d' --deep
offers 'pando greet ' Domain-0 web
offers 'pando si' site
offers 'pando site ' wait
offers 'pando config show w' web
offers 'pando config help cpu' cpus
offers 'pando wait-for web pa' paused
offers 'pando wait-for web paused ' ''
offers 'pando attach web ' disk vif
offers 'pando attach web disk v' vdev=
offers 'pando attach web vif bridge=xenbr0 m' mac=
offers 'pando detach web disk ' xvda xvdb
offers 'pando detach --force web disk ' xvda xvdb
offers 'pando on-error ' continue stop
offers 'pando help expe' expect
offers 'pando frob ' ''

# Every command and every option that there is.
read -r -a all <<<"$_pando_commands"
offers 'pando ' "${all[@]}" --help --version --keep-going -f
rm -r "$PWD" "$plugins"
echo "1..$tests"
[ $failures = 0 ]
