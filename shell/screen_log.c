/* SPDX-License-Identifier: MIT */
/* The logs: of the hypervisor, of what was done and happened, of the daemons and the consoles. */
#include "frame.h"
#include "logfile.h"
#include "screens.h"

#include <stdlib.h>
#include <string.h>

enum { HANG = 4 };

enum { SOURCE_HYPERVISOR, SOURCE_OPERATIONS, SOURCE_EVENTS, SOURCE_FILES };

static const char *const titles[] = { "hypervisor", "operations", "events" };

struct state {
    int source; /* from SOURCE_FILES on: one of the files */
    struct lines_view view;
    struct logfiles files;
    struct logfile *open; /* the file that is shown */
};

static const struct lines *lines_of(const struct screen_pane *pane)
{
    const struct state *state = pane->state;
    struct frame *frame = frame_of(pane->pane.ui);
    switch (state->source) {
    case SOURCE_HYPERVISOR:
        return &frame->hypervisor;
    case SOURCE_OPERATIONS:
        return &frame->operations;
    case SOURCE_EVENTS:
        return &frame->events;
    default:
        return logfile_lines(state->open);
    }
}

static const char *source_name(const struct state *state, int source)
{
    return source < SOURCE_FILES ? titles[source] : state->files.names[source - SOURCE_FILES];
}

static int source_count(const struct state *state)
{
    return SOURCE_FILES + (int)state->files.count;
}

static void open_log(struct screen_pane *pane)
{
    struct state *state = pane->state;
    logfiles_find(&state->files, frame_of(pane->pane.ui)->shell.log_folder);
}

static void close_log(struct screen_pane *pane)
{
    struct state *state = pane->state;
    logfile_close(state->open);
    logfiles_free(&state->files);
}

static void sampled(struct screen_pane *pane)
{
    struct state *state = pane->state;
    if (state->open)
        logfile_read(state->open);
}

static void choose(struct screen_pane *pane, int source)
{
    struct state *state = pane->state;
    struct frame *frame = frame_of(pane->pane.ui);

    logfile_close(state->open);
    state->open = NULL;
    logfiles_find(&state->files, frame->shell.log_folder);
    int count = source_count(state);
    state->source = (source + count) % count;
    if (state->source >= SOURCE_FILES)
        state->open = logfile_open(frame->shell.log_folder, source_name(state, state->source),
                                   frame->ui.preferences.scrollback);
    state->view.held = false;
    state->view.left = 0;
}

static void draw_head(struct screen_pane *pane, struct canvas *canvas)
{
    const struct state *state = pane->state;
    const struct theme *theme = &pane->pane.ui->theme;
    const struct rect *rect = &pane->pane.rect;
    int x = 0, count = source_count(state), first = 0, width = 0;

    /* So many to the left of the one shown as fit. */
    for (int i = state->source; i >= 0; i--) {
        width += text_width(source_name(state, i)) + 3;
        if (width > rect->width)
            break;
        first = i;
    }
    for (int i = first; i < count && x < rect->width; i++) {
        bool shown = i == state->source;
        x = canvas_printf(canvas, rect, x, 0, theme_style(theme, shown ? ROLE_SELECTED : ROLE_DIM),
                          " %s ", source_name(state, i));
        x++;
    }
    if (*state->view.filter)
        canvas_printf(canvas, rect, 0, 1, theme_style(theme, ROLE_WARNING),
                      "only lines with \"%s\" (f)", state->view.filter);
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    const struct rect *rect = &pane->pane.rect;
    int head = *state->view.filter ? 2 : 1;
    const struct rect rest = { rect->x, rect->y + head, rect->width, rect->height - head };
    const struct lines *lines = lines_of(pane);

    state->view.wrap = LINES_WRAP;
    state->view.hang = HANG;
    draw_head(pane, canvas);
    lines_draw(lines, &state->view, canvas, &rest, &pane->pane.ui->theme);
    if (!lines->count)
        canvas_text(canvas, &rest, 0, 0, theme_style(&pane->pane.ui->theme, ROLE_DIM),
                    state->source < SOURCE_FILES ? "Nothing yet." : "Empty, or not to be read.");
}

/* --- keys ------------------------------------------------------------------------------------ */

static bool key(struct screen_pane *pane, const struct key *pressed)
{
    struct state *state = pane->state;
    return lines_key(lines_of(pane), &state->view, pressed);
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    struct state *state = pane->state;
    if (event->action == MOUSE_PRESS && event->y == 0) {
        choose(pane, state->source + 1);
        return true;
    }
    return lines_mouse(lines_of(pane), &state->view, event);
}

static void key_next(void *place)
{
    struct screen_pane *pane = place;
    choose(pane, ((struct state *)pane->state)->source + 1);
}

static void key_previous(void *place)
{
    struct screen_pane *pane = place;
    choose(pane, ((struct state *)pane->state)->source - 1);
}

static void on_filter(void *arg, enum ui_field what, const char *text)
{
    struct screen_pane *pane = arg;
    struct state *state = pane->state;
    snprintf(state->view.filter, sizeof(state->view.filter), "%s",
             what == UI_FIELD_LEFT ? "" : text);
    state->view.held = false;
    pane_changed(&pane->pane);
}

static void key_filter(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    ui_field(pane->pane.ui, "Only lines with", state->view.filter, on_filter, pane);
}

static void search(struct screen_pane *pane, bool up)
{
    struct state *state = pane->state;
    if (*state->view.search && !lines_search(lines_of(pane), &state->view, up))
        ui_notice(pane->pane.ui, ROLE_WARNING, "nothing %s has \"%s\"", up ? "above" : "below",
                  state->view.search);
}

static void on_search(void *arg, enum ui_field what, const char *text)
{
    struct screen_pane *pane = arg;
    struct state *state = pane->state;
    snprintf(state->view.search, sizeof(state->view.search), "%s",
             what == UI_FIELD_LEFT ? "" : text);
    if (what == UI_FIELD_ENTERED)
        search(pane, true);
    pane_changed(&pane->pane);
}

static void key_search(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    ui_field(pane->pane.ui, "Search", state->view.search, on_search, pane);
}

static void key_above(void *place)
{
    search(place, true);
}

static void key_below(void *place)
{
    search(place, false);
}

static const struct key_binding keys[] = {
    { "Tab ]", "the next log", key_next },
    { "[", "the log before", key_previous },
    { "f", "only lines with some text", key_filter },
    { "/", "search", key_search },
    { "n", "the next one above", key_above },
    { "N", "the next one below", key_below },
    LINES_KEYS,
    { NULL },
};

const struct screen log_screen = {
    .name = "log",
    .title = "Log",
    .label = "Log",
    .summary = "the hypervisor's log, operations, events, daemons; to be filtered and searched",
    .shortcut = "F7",
    .keys = keys,
    .state_size = sizeof(struct state),
    .open = open_log,
    .close = close_log,
    .sampled = sampled,
    .draw = draw,
    .key = key,
    .mouse = mouse,
};
