/* SPDX-License-Identifier: MIT */
/* The keys of the place where the help was asked for, the screens, and the commands. */
#include "command.h"
#include "frame.h"
#include "screens.h"

#include <string.h>

enum { SECTIONS_MAX = 8, HELP_LINES = 400, KEYS_WIDTH = 22 };

static void add_keys(struct lines *lines, const struct key_section *section)
{
    if (!section->table || !section->table->keys)
        return;
    lines_printf(lines, ROLE_HEADER, "%s", section->title);
    for (const struct key_binding *key = section->table; key->keys; key++)
        lines_printf(lines, ROLE_TEXT, "  %-*s %s", KEYS_WIDTH, key->keys, key->help);
    lines_printf(lines, ROLE_TEXT, "%s", "");
}

static void fill(struct screen_pane *pane)
{
    struct screen_lines *state = pane->state;
    struct frame *frame = frame_of(pane->pane.ui);
    struct key_section sections[SECTIONS_MAX];
    size_t count = frame_key_sections(frame, sections, SECTIONS_MAX);
    char leave[KEY_NAME_MAX];

    lines_clear(&state->lines);
    for (size_t i = 0; i < count; i++)
        add_keys(&state->lines, &sections[i]);
    lines_printf(&state->lines, ROLE_HEADER, "Screens");
    for (size_t i = 0; screens[i]; i++)
        lines_printf(&state->lines, ROLE_TEXT, "  %-4s %-*s %s", screens[i]->shortcut,
                     KEYS_WIDTH - 5, screens[i]->title, screens[i]->summary);
    lines_printf(&state->lines, ROLE_TEXT, "%s", "");
    lines_printf(&state->lines, ROLE_HEADER, "Consoles");
    lines_printf(
        &state->lines, ROLE_TEXT,
        "  %-*s `console GUEST`, or c on a guest, opens one. Every key is the guest's but %s, "
        "which leads back here and, pressed once more, is sent to the guest; and Shift-PageUp, "
        "which looks back. The mouse selects there what y copies.",
        KEYS_WIDTH, "console", key_name(&frame->ui.preferences.leave, leave));
    lines_printf(&state->lines, ROLE_TEXT, "%s", "");
    lines_printf(&state->lines, ROLE_HEADER, "Commands: `help COMMAND` tells more of one");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)); i++)
        lines_printf(&state->lines, ROLE_TEXT, "  %-*s %s", KEYS_WIDTH, command->name,
                     command->summary);
    lines_show_top(&state->lines, &state->view);
}

static void open_help(struct screen_pane *pane)
{
    struct screen_lines *state = pane->state;
    lines_init(&state->lines, HELP_LINES);
    fill(pane);
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct screen_lines *state = pane->state;
    state->view.wrap = LINES_WRAP;
    state->view.hang = KEYS_WIDTH + 3;
    lines_draw(&state->lines, &state->view, canvas, &pane->pane.rect, &pane->pane.ui->theme);
}

static void on_filter(void *arg, enum ui_field what, const char *text)
{
    struct screen_pane *pane = arg;
    struct screen_lines *state = pane->state;
    snprintf(state->view.filter, sizeof(state->view.filter), "%s",
             what == UI_FIELD_LEFT ? "" : text);
    lines_show_top(&state->lines, &state->view);
    pane_changed(&pane->pane);
}

static void key_filter(void *place)
{
    struct screen_pane *pane = place;
    struct screen_lines *state = pane->state;
    ui_field(pane->pane.ui, "Only lines with", state->view.filter, on_filter, pane);
}

static const struct key_binding keys[] = {
    LINES_KEYS,
    { "/ f", "only lines with some text", key_filter },
    { NULL },
};

const struct screen help_screen = {
    .name = "help",
    .title = "Help",
    .label = "Help",
    .summary = "keys, screens and commands",
    .shortcut = "F1",
    .keys = keys,
    .state_size = sizeof(struct screen_lines),
    .open = open_help,
    .close = screen_lines_close,
    .draw = draw,
    .key = screen_lines_key,
    .mouse = screen_lines_mouse,
};
