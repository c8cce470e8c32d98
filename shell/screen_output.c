/* SPDX-License-Identifier: MIT */
/* What commands have written, and how far those are that run. */
#include "frame.h"
#include "screens.h"

#include <string.h>

struct state {
    struct lines_view view;
};

enum { BAR_WIDTH = 20, BAR_NARROW = 6, WIDE = 110 };

static const struct rect *rect_of(const struct screen_pane *pane)
{
    return &pane->pane.rect;
}

/* How far a command is, from column @x on. */
static void draw_progress(struct screen_pane *pane, struct canvas *canvas, const struct job *job,
                          int x, int y, int bar)
{
    const struct theme *theme = &pane->pane.ui->theme;
    const struct rect *rect = rect_of(pane);
    const struct job_progress *progress = job_progress(job);
    char text[120];

    if (progress->known && progress->total) {
        canvas_bar(canvas, rect, x, y, bar, (double)progress->done / progress->total,
                   theme_style(theme, ROLE_BAR), theme_style(theme, ROLE_BAR_EMPTY));
        x += bar + 1;
    }
    job_describe(job, text, sizeof(text));
    x = canvas_text(canvas, rect, x, y, theme_style(theme, ROLE_TEXT), text);
    if (job_cancelled(job))
        canvas_text(canvas, rect, x + 1, y, theme_style(theme, ROLE_WARNING), "ends soon");
}

/* One row for each command that runs, two where one is too short. Returns how many. */
static int draw_jobs(struct screen_pane *pane, struct canvas *canvas)
{
    struct frame *frame = frame_of(pane->pane.ui);
    struct style key = theme_style(&frame->ui.theme, ROLE_KEY);
    const struct rect *rect = rect_of(pane);
    size_t count = frame_jobs_count(frame);
    bool wide = rect->width >= WIDE;
    int y = 0;

    for (size_t i = 0; i < count && y < rect->height / 2; i++) {
        const struct job *job = frame->jobs[i];
        int x = canvas_printf(canvas, rect, 0, y, key, wide ? "%.30s " : "%s", job_line(job));
        if (wide)
            draw_progress(pane, canvas, job, x, y++, BAR_WIDTH);
        else
            draw_progress(pane, canvas, job, 2, ++y, BAR_NARROW);
        y += !wide;
    }
    return y;
}

static void draw(struct screen_pane *pane, struct canvas *canvas)
{
    struct state *state = pane->state;
    struct frame *frame = frame_of(pane->pane.ui);
    struct rect rest = *rect_of(pane);
    int rows = draw_jobs(pane, canvas);

    state->view.wrap = LINES_WRAP_PROSE;
    rest.y += rows;
    rest.height -= rows;
    lines_draw(&frame->output, &state->view, canvas, &rest, &frame->ui.theme);
    if (!frame->output.count)
        canvas_text(canvas, &rest, 0, 0, theme_style(&frame->ui.theme, ROLE_DIM),
                    "Nothing has been run yet. Type a command below; Tab completes, ? helps.");
}

static bool key(struct screen_pane *pane, const struct key *pressed)
{
    struct state *state = pane->state;
    return lines_key(&frame_of(pane->pane.ui)->output, &state->view, pressed);
}

static bool mouse(struct screen_pane *pane, const struct mouse *event)
{
    struct state *state = pane->state;
    return lines_mouse(&frame_of(pane->pane.ui)->output, &state->view, event);
}

static void on_search(void *arg, enum ui_field what, const char *text)
{
    struct screen_pane *pane = arg;
    struct state *state = pane->state;
    snprintf(state->view.search, sizeof(state->view.search), "%s",
             what == UI_FIELD_LEFT ? "" : text);
    if (what == UI_FIELD_ENTERED && *text &&
        !lines_search(&frame_of(pane->pane.ui)->output, &state->view, true))
        ui_notice(pane->pane.ui, ROLE_WARNING, "nothing above has \"%s\"", text);
    pane_changed(&pane->pane);
}

static void key_search(void *place)
{
    struct screen_pane *pane = place;
    struct state *state = pane->state;
    ui_field(pane->pane.ui, "Search", state->view.search, on_search, pane);
}

static void search(struct screen_pane *pane, bool up)
{
    struct state *state = pane->state;
    if (!*state->view.search)
        key_search(pane);
    else if (!lines_search(&frame_of(pane->pane.ui)->output, &state->view, up))
        ui_notice(pane->pane.ui, ROLE_WARNING, "nothing %s has \"%s\"", up ? "above" : "below",
                  state->view.search);
}

static void key_above(void *place)
{
    search(place, true);
}

static void key_below(void *place)
{
    search(place, false);
}

static void key_clear(void *place)
{
    struct screen_pane *pane = place;
    lines_clear(&frame_of(pane->pane.ui)->output);
}

static void key_cancel(void *place)
{
    struct screen_pane *pane = place;
    frame_jobs_cancel(frame_of(pane->pane.ui), true);
}

static const struct key_binding keys[] = {
    LINES_KEYS,
    { "/", "search", key_search },
    { "n", "the next one above", key_above },
    { "N", "the next one below", key_below },
    { "x", "cancel all commands that run", key_cancel },
    { "C", "clear", key_clear },
    { NULL },
};

const struct screen output_screen = {
    .name = "output",
    .title = "Output",
    .label = "Output",
    .narrow = "Out",
    .summary = "what commands have written, and how far those are that run",
    .shortcut = "F8",
    .keys = keys,
    .state_size = sizeof(struct state),
    .draw = draw,
    .key = key,
    .mouse = mouse,
};
