/* SPDX-License-Identifier: MIT */
#include "frame.h"
#include "layout.h"
#include "pane_console.h"
#include "prompt.h"
#include "screen.h"

/* The list of guests is left out where it would leave less than this to the main area. */
enum {
    MAIN_LEAST = 40,
    GUESTS_NARROW = 27, /* in less than */
    NARROW = 100,
    GUESTS_MORE = 8, /* in at least */
    WIDE = 120,
    HINTS_FROM_HEIGHT = 12,
};

/* A console has the keys. */
static bool is_in_console(struct frame *frame)
{
    const struct pane *pane = layout_focused(frame->ui.layout);
    return frame->ui.focus == FOCUS_MAIN && pane && pane->ops->takes_all_keys;
}

/* Its guest takes 80 columns for granted: the list makes room for them, or is not there meanwhile.
 */
static int room_for_console(struct frame *frame, int guests)
{
    int room = frame->canvas.width - 1 - CONSOLE_COLUMNS;
    if (guests <= room)
        return guests;
    if (room >= GUESTS_NARROW)
        return room;
    return frame->in_console ? 0 : guests;
}

void frame_place(struct frame *frame)
{
    int width = frame->canvas.width, height = frame->canvas.height;
    int below = height >= HINTS_FROM_HEIGHT ? 3 : 2;
    int guests = frame->no_guests ? 0 : (int)frame->ui.preferences.guests_width;

    if (guests && width >= WIDE)
        guests += GUESTS_MORE;
    if (width < NARROW && guests > GUESTS_NARROW)
        guests = GUESTS_NARROW;
    frame->in_console = is_in_console(frame);
    guests = room_for_console(frame, guests);
    if (width - guests - 1 < MAIN_LEAST)
        guests = 0;
    int left = guests ? guests + 1 : 0;
    frame->guests = (struct rect){ 0, 0, guests, height - below };
    frame->main = (struct rect){ left, 0, width - left, height - below };
    frame->line = (struct rect){ 0, height - below, width, 1 };
    frame->status = (struct rect){ 0, height - below + 1, width, 1 };
    frame->hints = (struct rect){ 0, height - 1, width, below == 3 };
    if (!guests && frame->ui.focus == FOCUS_GUESTS)
        ui_set_focus(&frame->ui, FOCUS_LINE);
    layout_place(frame->ui.layout, &frame->main);
    frame->redraw = true;
}

static void draw_too_small(struct frame *frame)
{
    struct rect all = { 0, 0, frame->canvas.width, frame->canvas.height };
    canvas_fill(&frame->canvas, &all, style_default);
    canvas_text(&frame->canvas, &all, 0, 0, style_default, "too small");
}

/* The answers to a Tab, over the bottom of the main area. */
static void draw_offers(struct frame *frame)
{
    const struct theme *theme = &frame->ui.theme;
    size_t count;
    const char *const *offers = prompt_offers(&count);
    int width = frame->canvas.width, longest = 1;

    if (!count || frame->ui.focus != FOCUS_LINE)
        return;
    for (size_t i = 0; i < count; i++)
        if (text_width(offers[i]) > longest)
            longest = text_width(offers[i]);
    int columns = width / (longest + 2) > 0 ? width / (longest + 2) : 1;
    int rows = ((int)count + columns - 1) / columns, most = frame->line.y / 2;
    int shown = rows > most ? most : rows;
    struct rect rect = { 0, frame->line.y - shown, width, shown };
    canvas_fill(&frame->canvas, &rect, theme_style(theme, ROLE_STATUS));
    for (size_t i = 0; i < count; i++)
        canvas_text(&frame->canvas, &rect, (int)i % columns * (longest + 2), (int)i / columns,
                    theme_style(theme, ROLE_STATUS), offers[i]);
    if (rows > most)
        canvas_text_right(&frame->canvas, &rect, width, shown - 1, theme_style(theme, ROLE_ALERT),
                          " and more: type another letter ");
}

void frame_draw(struct frame *frame)
{
    struct canvas *canvas = &frame->canvas;
    const struct theme *theme = &frame->ui.theme;
    struct rect all = { 0, 0, canvas->width, canvas->height };
    size_t offers;
    int x = -1, y = -1;

    if (canvas->width < FRAME_LEAST_WIDTH || canvas->height < FRAME_LEAST_HEIGHT) {
        draw_too_small(frame);
        term_show(frame->ui.term, canvas, -1, -1);
        return;
    }
    if (frame->in_console != is_in_console(frame))
        frame_place(frame);
    if (frame->redraw)
        canvas_fill(canvas, &all, theme_style(theme, ROLE_TEXT));
    prompt_offers(&offers);
    /* What lay over the main area is taken away. */
    bool covered = frame->covered || offers;
    frame->covered = offers != 0;
    layout_draw(frame->ui.layout, canvas, frame->redraw || covered);
    if (frame->guests.width) {
        frame_guests_draw(frame);
        canvas_vertical(canvas, &all, frame->guests.width, 0, frame->guests.height,
                        theme_style(theme, ROLE_BORDER));
    }
    frame_status_draw(frame);
    frame_hints_draw(frame);
    draw_offers(frame);
    int column = frame_line_draw(frame);
    if (column >= 0 && (frame->ui.focus == FOCUS_LINE || frame_asks(frame))) {
        x = frame->line.x + column;
        y = frame->line.y;
    } else if (frame->ui.focus != FOCUS_MAIN || !layout_cursor(frame->ui.layout, &x, &y)) {
        x = -1;
    }
    frame->redraw = false;
    frame->stale = !term_show(frame->ui.term, canvas, x, y);
}
