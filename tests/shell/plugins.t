#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Plugins in the full-screen shell: the screen that they write on, and their commands.
. "$(dirname "$0")/lib.sh"

mkdir "$work/plugins"
cat >"$work/site.c" <<'END'
#include <pando/plugin.h>
#include <unistd.h>

static int run(const struct pando_plugin_call *call)
{
    for (unsigned i = 0; i < 100 && !call->cancelled(call); i++) {
        call->progress(call, "waiting", i, 100);
        usleep(100000);
    }
    fprintf(call->out, "%s\n", call->cancelled(call) ? "given up" : "done");
    return PANDO_EXIT_OK;
}

static const struct pando_plugin_command commands[] = {
    { .name = "config site", .summary = "take a while", .run = run },
    { 0 },
};

static bool fill(const struct pando_plugin_view *view, char *reason, size_t size)
{
    static int count;
    const char *head[] = { "WHAT", "VALUE", NULL }, *row[] = { "about", view->guest, NULL };
    char line[40];
    snprintf(line, sizeof(line), "called %d times \033[31m", ++count);
    view->line(view, line);
    if (view->guest) {
        view->row(view, head);
        view->row(view, row);
    }
    return true;
}

static const struct pando_plugin_panel panels[] = {
    { .name = "host", .title = "The host's panel", .fill = fill },
    { .name = "guest", .title = "A guest's panel", .of_guest = true, .fill = fill },
    { 0 },
};

PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD, .name = "site", .version = "7.1", .commands = commands, .panels = panels,
};
END
mkdir -p "$work/include"
ln -s "$top/ctl" "$work/include/pando"
ok 'a plugin is built' gcc -shared -fPIC "-I$work/include" -o "$work/plugins/site.so" "$work/site.c"
echo broken >"$work/plugins/bad.so"

for wide in 80x24 200x60; do
    start "${wide%x*}" "${wide#*x}" PANDO_PLUGIN_PATH="$work/plugins"
    see "$wide: the guests are there" 'web04'
    keys F11
    see "$wide: F11 lists plugins" 'site +7\.1 +/'
    see "$wide: and why one is not loaded" 'it cannot be loaded: file too short'
    see "$wide: the host's panel" "The host's panel"
    see "$wide: is made plain text" 'called [0-9]+ times \?\[31m'
    see "$wide: and made again" 'called ([4-9]|[0-9]{2,}) times'
    see "$wide: the guest's panel is a table" 'about +[a-z]+[0-9]*'
    keys :
    types 'config s'
    keys Tab
    see "$wide: completion knows its command" 'pando> config s(how|ite)?'
    types $'\025config site'
    keys Enter
    keys F8
    keys F1 G
    see "$wide: the help knows its command" 'config site +take a while'
    keys F8
    see "$wide: progress is a bar" '[0-9]+/100 waiting'
    stop
done
finish
