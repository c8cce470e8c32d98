/* SPDX-License-Identifier: MIT */
#include "frame.h"
#include "layout.h"
#include "pane_console.h"
#include "prompt.h"
#include "screen.h"

#include <string.h>

/* --- keys that work everywhere ------------------------------------------------------------ */

static void key_help(void *place)
{
    struct frame *frame = place;
    if (!help_close(frame))
        ui_screen(&frame->ui, "help", NULL);
}

static void key_next_focus(void *place)
{
    struct frame *frame = place;
    enum ui_focus next = frame->ui.focus == FOCUS_LINE     ? FOCUS_GUESTS
                         : frame->ui.focus == FOCUS_GUESTS ? FOCUS_MAIN
                                                           : FOCUS_LINE;
    if (next == FOCUS_GUESTS && !frame->guests.width)
        next = FOCUS_MAIN;
    ui_set_focus(&frame->ui, next);
}

static void key_repaint(void *place)
{
    struct frame *frame = place;
    term_ask_size(frame->ui.term, true);
    term_repaint(frame->ui.term);
    ui_redraw(&frame->ui);
}

static void key_list(void *place)
{
    struct frame *frame = place;
    frame->no_guests = !frame->no_guests;
    frame_place(frame);
    ui_redraw(&frame->ui);
}

static void key_quit(void *place)
{
    frame_quit(place);
}

const struct key_binding frame_keys[] = {
    { "F1", "help: the keys of the place, the commands; again: back", key_help },
    { "F2...F8 F11", "the other screens: see below. What shows a screen moves the keyboard there",
      NULL },
    { "F9", "hide the list of guests, or show it", key_list },
    { "F10", "leave", key_quit },
    { "Shift-Tab", "go from the command line to the guests, the panes, and around",
      key_next_focus },
    { "Esc",
      "back to the command line, which is dim while it has not the keyboard; from it: to "
      "the pane",
      NULL },
    { ":", "in lists and screens: to the command line", NULL },
    { "1 2 3 4 5 6 7 8", "in lists and screens: as F1 to F8, for terminals without them", NULL },
    { "Ctrl-L", "draw everything anew, and ask the terminal for its size", key_repaint },
    { NULL },
};

static bool screen_key(struct frame *frame, const struct key *key)
{
    for (size_t i = 0; screens[i]; i++) {
        struct key shortcut;
        bool digit = frame->ui.focus != FOCUS_LINE && key_is(key, '1' + (uint32_t)i, 0);
        if (digit || (key_parse(screens[i]->shortcut, &shortcut) &&
                      key_is(key, shortcut.code, shortcut.modifiers))) {
            ui_screen(&frame->ui, screens[i]->name, NULL);
            return true;
        }
    }
    return false;
}

/* Keys that lead from lists and screens to the command line. */
static bool leave_key(struct frame *frame, const struct key *key)
{
    if (!key_is(key, K_ESCAPE, 0) && !key_is(key, ':', 0))
        return false;
    ui_set_focus(&frame->ui, FOCUS_LINE);
    return true;
}

/* Keys of the main area that the command line has no use for. */
static bool is_scrolling(const struct key *key)
{
    return key->code == K_PAGE_UP || key->code == K_PAGE_DOWN;
}

/* One who types commands reads what they have written. */
static void scroll_key(struct frame *frame, const struct key *key)
{
    struct pane *output = frame_output_pane(frame);
    if (output && output->visible)
        output->ops->key(output, key);
    else
        layout_key(frame->ui.layout, key);
}

static void line_key(struct frame *frame, const struct key *key)
{
    if (key_is(key, K_ESCAPE, 0) && !prompt_is_searching())
        ui_set_focus(&frame->ui, FOCUS_MAIN);
    else if (is_scrolling(key))
        scroll_key(frame, key);
    else if (key->modifiers & MODIFIER_ALT && layout_own_key(frame->ui.layout, key))
        ui_changed(&frame->ui);
    else
        frame_line_key(frame, key);
}

void frame_key(struct frame *frame, const struct key *key)
{
    const struct key leave = frame->ui.preferences.leave;
    const struct pane *pane = layout_focused(frame->ui.layout);

    if (*frame->notice) {
        *frame->notice = 0;
        ui_changed(&frame->ui);
    }
    if (!key_is(key, K_F1 + 9, 0) && !key_is(key, 'd', MODIFIER_CTRL))
        frame->quit_asked = false;
    if (frame_asks(frame)) {
        frame_line_key(frame, key);
        return;
    }
    if (key_is(key, leave.code, leave.modifiers)) {
        /* Once more, and the guest gets it. */
        if (frame->ui.focus == FOCUS_LINE && console_send(layout_focused(frame->ui.layout), key))
            return;
        ui_set_focus(&frame->ui, FOCUS_LINE);
        return;
    }
    if (frame->ui.focus == FOCUS_MAIN && pane && pane->ops->takes_all_keys) {
        layout_key(frame->ui.layout, key);
        return;
    }
    if (key_binding_run(frame_keys, key, frame))
        return;
    if (layout_own_key(frame->ui.layout, key))
        return;
    if (frame->ui.focus == FOCUS_LINE) {
        if (!screen_key(frame, key))
            line_key(frame, key);
        return;
    }
    bool used = frame->ui.focus == FOCUS_GUESTS ? frame_guests_key(frame, key)
                                                : layout_key(frame->ui.layout, key);
    if (used || screen_key(frame, key) || leave_key(frame, key))
        return;
    if (key_is(key, '?', 0))
        key_help(frame);
    else if (key_is(key, 'c', MODIFIER_CTRL))
        frame_jobs_cancel(frame, false);
    else
        ui_notice(&frame->ui, ROLE_TEXT, "this key does nothing here; ? shows those that do");
}

void frame_mouse(struct frame *frame, const struct mouse *mouse)
{
    struct key key;
    if (rect_contains(&frame->guests, mouse->x, mouse->y)) {
        frame_guests_mouse(frame, mouse);
    } else if (rect_contains(&frame->main, mouse->x, mouse->y)) {
        if (mouse->action == MOUSE_PRESS)
            ui_set_focus(&frame->ui, FOCUS_MAIN);
        layout_mouse(frame->ui.layout, mouse);
    } else if (rect_contains(&frame->hints, mouse->x, mouse->y)) {
        if (mouse->action == MOUSE_PRESS && frame_hint_at(frame, mouse->x, &key))
            frame_key(frame, &key);
    } else if (mouse->action == MOUSE_PRESS) {
        ui_set_focus(&frame->ui, FOCUS_LINE);
    }
}

void frame_paste(struct frame *frame, const char *text, size_t length)
{
    if (frame_asks(frame)) {
        for (size_t used, i = 0; frame->field.open && i < length; i += used) {
            struct key key = { .code = utf8_next(text + i, length - i, &used) };
            if (key.code >= ' ')
                frame_line_key(frame, &key);
        }
    } else if (frame->ui.focus == FOCUS_MAIN) {
        layout_paste(frame->ui.layout, text, length);
    } else {
        ui_set_focus(&frame->ui, FOCUS_LINE);
        prompt_paste(text, length);
    }
    ui_changed(&frame->ui);
}

size_t frame_key_sections(struct frame *frame, struct key_section *sections, size_t most)
{
    const struct help_place *place = &frame->help;
    const struct key_section own = { *place->title ? place->title : "This pane", place->keys },
                             line = { "Command line", frame_line_keys },
                             guests = { "List of guests", frame_guests_keys };
    const struct key_section first = place->focus == FOCUS_LINE     ? line
                                     : place->focus == FOCUS_GUESTS ? guests
                                                                    : own;
    const struct key_section all[] = {
        first, own,    { "Everywhere but in a console", frame_keys },
        line,  guests, { "Panes and tabs", layout_keys },
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && count < most; i++)
        if (all[i].table && (i == 0 || all[i].table != first.table))
            sections[count++] = all[i];
    return count;
}
