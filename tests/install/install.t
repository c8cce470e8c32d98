#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make install into an empty folder: everything is there, and a program can be built and run with
# what was installed alone.

. "$(dirname "$0")/lib.sh"

root=$work/root
prefix=/opt/pando
if ! make -C "$top" -s install DESTDIR="$root" PREFIX=$prefix >"$work/log" 2>&1; then
    sed 's/^/# /' "$work/log"
    echo "Bail out! make install has failed"
    exit 1
fi

check "the hypervisor, and GRUB's part" has "/boot/pando-$version" /etc/grub.d/20_linux_pando \
    /etc/default/grub.d/pando.cfg
check "the programs" has $prefix/bin/pando $prefix/lib/pando/{stored,consoled,monitord}
check "a plugin, and a place for the site's" has $prefix/lib/pando/plugins/config_io.so \
    /etc/pando/plugins
check "the units" has $prefix/lib/systemd/system/{pando.target,proc-xen.mount} \
    $prefix/lib/systemd/system/pando-{stored,consoled,monitord}.service \
    $prefix/lib/systemd/system/pando-{stored,consoled}.socket \
    $prefix/lib/systemd/system-generators/pando-generator $prefix/lib/tmpfiles.d/pando.conf
check "the manual" has $prefix/share/man/man1/pando.1 $prefix/share/man/man5/pando.cfg.5 \
    $prefix/share/man/man8/{stored,consoled,monitord}.8
check "the library" has $prefix/lib/{libpando.a,libpando.so,libpando.so.0} \
    $prefix/include/pando/{pando,config,plugin}.h $prefix/lib/pkgconfig/pando.pc
check "a place for configuration" has /etc/pando
check "an example" has $prefix/share/pando/examples/demo.json
check "completion for bash" has $prefix/share/bash-completion/completions/pando
equal "nothing is left to fill in" "$(grep -r -l '@[A-Z]*@' "$root" --include='*.service' \
    --include='*.pc' --include=pando-generator)" ""
check "the programs are the ones that the units start" \
    has "$(sed -n 's/^ExecStart=//p' "$root$prefix/lib/systemd/system/pando-stored.service")"

# systemd's own units are this host's; the programs are in the folder.
units_are_right() {
    local units=$root$prefix/lib/systemd/system
    mkdir -p "$work/units"
    cp "$units"/* "$work/units/"
    sed -i "s|$prefix/lib/pando|$root&|" "$work"/units/*.service
    SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no "$work"/units/*
}
if command -v systemd-analyze >/dev/null; then
    check "systemd finds no mistake in the units" units_are_right
else
    skip "systemd finds no mistake in the units" "systemd-analyze is not installed"
fi

# --- a program of somebody else ----------------------------------------------------------

cat >"$work/program.c" <<'END'
#include <pando/config.h>
#include <pando/pando.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char text[] = "{ \"name\": \"one\", \"kernel\": \"/boot\", \"memory\": 64 }";
    struct pando_problems problems = { 0 };
    struct pando_config config;
    pando_t *pando = pando_open();

    if (!pando)
        printf("%s\n", pando_code_name(pando_error_code(NULL)));
    pando_close(pando);
    pando_config_init(&config);
    if (pando_config_parse(&config, text, strlen(text), "program", NULL, 0, PANDO_CONFIG_NO_FILES,
                           &problems))
        puts(pando_problems_text(&problems));
    else
        puts(config.name);
    pando_problems_free(&problems);
    pando_config_free(&config);
    return 0;
}
END
export PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root

build() { # OUT
    local flags
    flags=$(pkg-config --cflags --libs pando) || return
    # shellcheck disable=SC2086
    gcc -Wall -Wextra -Werror -std=c11 -o "$1" "$work/program.c" $flags
}

# A program that has the library in it needs what that needs.
build_static() { # OUT
    local flags
    flags=$(pkg-config --cflags --libs --static pando) || return
    # shellcheck disable=SC2086
    gcc -Wall -Wextra -Werror -std=c11 -o "$1" "$work/program.c" \
        ${flags/-lpando/-l:libpando.a}
}

run() { # PROGRAM: what it says
    LD_LIBRARY_PATH=$root$prefix/lib "$1"
}

if command -v pkg-config >/dev/null; then
    equal "pkg-config knows the version" "$(pkg-config --modversion pando)" "$version"
    check "a program builds with the shared library" build "$work/shared"
    check "it needs the library by its soname" \
        sh -c "readelf -d '$work/shared' | grep -q 'NEEDED.*libpando.so.0'"
    equal "it runs" "$(run "$work/shared")" "no-host
one"
    check "a program builds with the library in it" build_static "$work/static"
    equal "it runs as well" "$("$work/static")" "no-host
one"
else
    skip "pkg-config knows the library" "pkg-config is not installed"
fi

# --- a plugin of somebody else -----------------------------------------------------------

cat >"$work/hello.c" <<'END'
#include <pando/plugin.h>

static int run(const struct pando_plugin_call *call)
{
    fprintf(call->out, "hello, %s\n", call->words[0]);
    return PANDO_EXIT_OK;
}

static const struct pando_plugin_command commands[] = {
    { .name = "hello", .arguments = "NAME", .summary = "greet somebody",
      .least = 1, .most = 1, .run = run },
    { 0 },
};

PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD, .name = "hello", .version = "1.0", .commands = commands,
};
END
mkdir "$work/plugins"
chmod 755 "$work/plugins"
check "a plugin builds" gcc -Wall -Wextra -Wno-missing-field-initializers -Werror -shared -fPIC \
    -I"$root$prefix/include" -o "$work/plugins/hello.so" "$work/hello.c"
equal "the installed shell runs it" \
    "$(PANDO_PLUGIN_PATH=$work/plugins "$root$prefix/bin/pando" hello you)" "hello, you"

# What the public headers declare is there, and nothing of the library's inside.
declared() {
    cat "$root$prefix"/include/pando/*.h | gcc -fpreprocessed -dD -E -P -x c - 2>/dev/null |
        grep -v '^typedef' | grep -o '\<pando_[a-z_]*(' | tr -d '(' | sort -u
}
exported() {
    nm -D --defined-only "$root$prefix/lib/libpando.so.0" | awk '{ print $3 }' | sort -u
}
equal "the library has what its headers declare, and nothing else" "$(exported)" "$(declared)"

finish
