/* SPDX-License-Identifier: MIT */
/*
 * The keys of the place where the help was asked for, what marks mean, the screens, and the
 * commands. It has a tab of its own, so that nothing is lost of what is there, and is gone when it
 * has been read.
 */
#include "command.h"
#include "frame.h"
#include "layout.h"
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

/* Where they stand, what they mean. */
static const char *const marks[][2] = {
    { "R b p", "at a guest: a vCPU of it runs, all of them are blocked (idle), it is paused" },
    { "! s d", "at a guest: it has crashed, it has shut down, it is being removed" },
    { "!", "at a tab: a console's bell has rung since it was seen" },
    { "+", "at a tab: there is something new in it; +2, behind its title: so many other panes" },
    { "*", "at a pane: it gets the keys, once Esc leads to the panes" },
    { "RUN% STOL% BLK%", "F4: the time in which a vCPU had a CPU, waited for one that others had, "
                         "waited for an event" },
    { "< >", "at the sides of a line: there is more of it, Left and Right scroll" },
    { "\u2026", "a name goes on" },
    { "-", "in place of a number: that is not known" },
};

static void add_marks(struct lines *lines)
{
    lines_printf(lines, ROLE_HEADER, "Marks");
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        int missing = KEYS_WIDTH - text_width(marks[i][0]);
        lines_printf(lines, ROLE_TEXT, "  %s%*s %s", marks[i][0], missing, "", marks[i][1]);
    }
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
    add_marks(&state->lines);
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

/* --- the place -------------------------------------------------------------------------------- */

static bool is_help(struct pane *pane, const void *arg)
{
    const struct screen_pane *screen = screen_of(pane);
    return screen && screen->screen == &help_screen;
}

static bool is_that(struct pane *pane, const void *arg)
{
    return pane == arg;
}

/* Where one is now; where that is in the help itself, nothing changes. True: it has. */
static bool note_place(struct frame *frame)
{
    struct pane *pane = layout_focused(frame->ui.layout);
    struct help_place place = { .focus = frame->ui.focus };

    if (pane && is_help(pane, NULL)) {
        if (frame->ui.focus == FOCUS_MAIN)
            return false;
        pane = NULL;
    }
    place.keys = pane && pane->ops->keys ? pane->ops->keys(pane) : NULL;
    if (place.keys)
        pane->ops->title(pane, place.title, sizeof(place.title));
    bool changed = place.focus != frame->help.focus || place.keys != frame->help.keys;
    frame->help = place;
    return changed;
}

void help_begin(struct frame *frame)
{
    struct pane *pane = layout_focused(frame->ui.layout), *help;
    if (pane && is_help(pane, NULL))
        return;
    frame->help_from = pane;
    frame->help_back = frame->ui.focus;
    note_place(frame);
    /* It may have been left behind, in another tab. */
    help = layout_find(frame->ui.layout, is_help, NULL);
    if (help)
        fill(screen_of(help));
}

bool help_close(struct frame *frame)
{
    struct layout *layout = frame->ui.layout;
    struct pane *help = layout_find(layout, is_help, NULL);

    if (!help || !help->visible)
        return false;
    bool focused = help == layout_focused(layout);
    layout_close(layout, help);
    if (focused && layout_find(layout, is_that, frame->help_from))
        layout_show(layout, frame->help_from);
    if (focused && frame->ui.focus == FOCUS_MAIN)
        ui_set_focus(&frame->ui, frame->help_back);
    ui_redraw(&frame->ui);
    return true;
}

/* --- the screen ------------------------------------------------------------------------------- */

static void open_help(struct screen_pane *pane)
{
    struct screen_lines *state = pane->state;
    lines_init(&state->lines, HELP_LINES);
    fill(pane);
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct screen_lines *state = pane->state;
    if (note_place(frame_of(pane->pane.ui)))
        fill(pane);
    state->view.wrap = LINES_WRAP;
    state->view.hang = KEYS_WIDTH + 3;
    lines_draw(&state->lines, &state->view, canvas, &pane->pane.rect, &pane->pane.ui->theme);
}

static void key_close(void *place)
{
    struct screen_pane *pane = place;
    help_close(frame_of(pane->pane.ui));
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
    { "q Esc F1 ?", "back to where you were", key_close },
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
