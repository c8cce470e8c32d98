/* SPDX-License-Identifier: MIT */
#include "pane_console_inside.h"

#include <string.h>

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* The part of the terminal that is seen: that with the cursor, moved no more than need be. */
static void follow_cursor(struct console_pane *console)
{
    const struct rect *rect = &console->pane.rect;
    int columns, rows, column, row, x = console->x, y = console->y;

    vt_size(console->vt, &columns, &rows);
    vt_cursor(console->vt, &column, &row);
    x = column < x ? column : column >= x + rect->width ? column - rect->width + 1 : x;
    y = row < y ? row : row >= y + rect->height ? row - rect->height + 1 : y;
    x = x > most(0, columns - rect->width) ? most(0, columns - rect->width) : x;
    y = y > most(0, rows - rect->height) ? most(0, rows - rect->height) : y;
    if (x != console->x || y != console->y) {
        console->x = x;
        console->y = y;
        console->moved = true;
    }
}

static void adapt(const struct console_pane *console, uint64_t line, int column, struct cell *cell)
{
    /* Columns are counted here and by the terminal behind the canvas: they must agree. */
    if (cell->text[0] >= 0x7f && character_width(cell->text[0]) != cell->width) {
        cell->text[0] = 0xfffd;
        cell->text[1] = 0;
        cell->width = 1;
    }
    if (vt_inverse(console->vt)) {
        cell->style.attributes ^= ATTRIBUTE_REVERSE;
    }
    if (console->look.on && look_marks(console, line, column)) {
        cell->style = theme_style(&console->pane.ui->theme, ROLE_MATCH);
    }
}

static void draw_line(struct console_pane *console, struct canvas *canvas, uint64_t line, int y)
{
    static struct cell cells[VT_COLUMNS_MAX];
    const struct rect *rect = &console->pane.rect;
    int columns, rows, x;

    vt_size(console->vt, &columns, &rows);
    if (console->look.on) {
        columns = VT_COLUMNS_MAX;
    }
    x = vt_line(console->vt, line, cells, VT_COLUMNS_MAX, NULL);
    columns = columns > console->x + rect->width ? console->x + rect->width : columns;
    for (x = console->x; x < columns; x++) {
        if (cells[x].width == 0 && x > console->x) {
            continue;
        }
        if (cells[x].width == 0 || (cells[x].width == 2 && x + 1 == columns)) {
            cells[x].width = 1; /* half of it is outside */
            cells[x].text[0] = cells[x].text[1] = 0;
        }
        adapt(console, line, x, &cells[x]);
        canvas_cell(canvas, rect, x - console->x, y, &cells[x]);
    }
}

static void clear(struct console_pane *console, struct canvas *canvas)
{
    canvas_fill(canvas, &console->pane.rect, style_default);
}

/* Why there is nothing, in the middle of the pane. */
static void draw_state(struct console_pane *console, struct canvas *canvas)
{
    const struct rect *rect = &console->pane.rect;
    const struct theme *theme = &console->pane.ui->theme;
    const char *hint = console->link.state == PANE_LINK_OVER
                           ? "Enter attaches again; leave, then Alt-x closes this pane"
                           : "";

    if (console->link.state != PANE_LINK_ATTACHED && *console->link.why) {
        struct rect row = { rect->x, rect->y + rect->height - (*hint ? 2 : 1), rect->width,
                            *hint ? 2 : 1 };

        canvas_fill(canvas, &row, theme_style(theme, ROLE_WARNING));
        canvas_text(canvas, &row, 0, 0, theme_style(theme, ROLE_WARNING), console->link.why);
        canvas_text(canvas, &row, 0, 1, theme_style(theme, ROLE_WARNING), hint);
    }
}

void console_draw(struct pane *pane, struct canvas *canvas)
{
    struct console_pane *console = console_of(pane);
    int columns, rows;
    bool all;

    if (console->look.on) {
        look_settle(console);
    } else {
        follow_cursor(console);
    }
    all = pane->redraw || console->moved || console->look.on ||
          console->link.state != PANE_LINK_ATTACHED;
    console->moved = false;
    if (all) {
        clear(console, canvas);
    }
    vt_size(console->vt, &columns, &rows);
    for (int y = 0; y < pane->rect.height; y++) {
        uint64_t line = console->look.on ? console->look.top + (uint64_t)y
                                         : vt_top(console->vt) + (uint64_t)(console->y + y);

        if (line >= vt_end(console->vt)) {
            break;
        }
        if (all || vt_row_changed(console->vt, console->y + y)) {
            draw_line(console, canvas, line, y);
        }
    }
    for (int row = 0; all && row < rows; row++) {
        vt_row_changed(console->vt, row);
    }
    draw_state(console, canvas);
    console->shown_at = loop_clock_ns() / 1000000;
}

bool console_cursor(struct pane *pane, int *x, int *y)
{
    struct console_pane *console = console_of(pane);
    bool visible;

    if (console->look.on) {
        *x = console->look.cursor.column - console->x;
        *y = (int)(console->look.cursor.line - console->look.top);
        return true;
    }
    visible = vt_cursor(console->vt, x, y);
    *x -= console->x;
    *y -= console->y;
    return visible;
}

static const char *state_word(const struct console_pane *console)
{
    switch (console->link.state) {
    case PANE_LINK_AWAY:
        return ", waiting for the console daemon";
    case PANE_LINK_ASKING:
        return ", attaching";
    case PANE_LINK_OVER:
        return ", over";
    case PANE_LINK_ATTACHED:
        break;
    }
    return console->ended ? ", the guest has ended" : "";
}

void console_title(struct pane *pane, char *buffer, size_t size)
{
    struct console_pane *console = console_of(pane);
    const char *title = vt_title(console->vt);
    size_t listeners = console->broadcast ? console_listeners(console) : 0, length;
    char leave[KEY_NAME_MAX];
    int columns, rows;

    vt_size(console->vt, &columns, &rows);
    snprintf(buffer, size, "console of %s%s%s", console->name,
             console->link.attach.flags & CONSOLE_ATTACH_READ_ONLY ? ", read-only" : "",
             state_word(console));
    length = strlen(buffer);
    if (console->look.on) {
        uint64_t lines = vt_end(console->vt) - vt_first(console->vt);

        snprintf(buffer + length, size - length, "  LOOKING BACK, line %llu of %llu; q ends it",
                 (unsigned long long)(console->look.cursor.line - vt_first(console->vt) + 1),
                 (unsigned long long)lines);
        return;
    }
    if (console->broadcast) {
        snprintf(buffer + length, size - length, "  TYPING TO %zu GUESTS", listeners);
        length = strlen(buffer);
    }
    if (pane->focused) {
        snprintf(buffer + length, size - length, "  %s leaves",
                 key_name(&pane->ui->preferences.leave, leave));
        length = strlen(buffer);
    }
    if (pane->visible && (columns != CONSOLE_COLUMNS || rows != CONSOLE_ROWS ||
                          columns > pane->rect.width || rows > pane->rect.height)) {
        snprintf(buffer + length, size - length, "  %dx%d%s", columns, rows,
                 columns > pane->rect.width || rows > pane->rect.height ? ", a part of it" : "");
        length = strlen(buffer);
    }
    if (*title) {
        snprintf(buffer + length, size - length, "  \"%s\"", title);
    }
}
