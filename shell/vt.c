/* SPDX-License-Identifier: MIT */
#include "vt_grid.h"
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TITLE_CHARACTERS = 40, ROW_SIZE = sizeof(struct vt_row) };

/* --- what libvterm's state says --- */

static int move_cursor(VTermPos position, VTermPos old, int visible, void *user)
{
    struct vt *vt = user;

    if (position.col != vt->columns - 1) {
        vt->full = -1;
    }
    return 1;
}

static int init_pen(void *user)
{
    struct vt *vt = user;

    vt->pen = style_default;
    return 1;
}

static void set_attribute(struct vt *vt, unsigned int attribute, int on)
{
    vt->pen.attributes =
        (uint16_t)(on ? vt->pen.attributes | attribute : vt->pen.attributes & ~attribute);
}

static int16_t colour_of(const VTermColor *colour)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(colour) || VTERM_COLOR_IS_DEFAULT_BG(colour)) {
        return COLOUR_DEFAULT;
    }
    if (VTERM_COLOR_IS_INDEXED(colour)) {
        return colour->indexed.idx;
    }
    return (int16_t)filter_colour(colour->rgb.red, colour->rgb.green, colour->rgb.blue);
}

static int set_pen(VTermAttr attribute, VTermValue *value, void *user)
{
    struct vt *vt = user;

    switch (attribute) {
    case VTERM_ATTR_BOLD:
        set_attribute(vt, ATTRIBUTE_BOLD, value->boolean);
        break;
    case VTERM_ATTR_UNDERLINE:
        set_attribute(vt, ATTRIBUTE_UNDERLINE, value->number != VTERM_UNDERLINE_OFF);
        break;
    case VTERM_ATTR_ITALIC:
        set_attribute(vt, ATTRIBUTE_ITALIC, value->boolean);
        break;
    case VTERM_ATTR_BLINK:
        set_attribute(vt, ATTRIBUTE_BLINK, value->boolean);
        break;
    case VTERM_ATTR_REVERSE:
        set_attribute(vt, ATTRIBUTE_REVERSE, value->boolean);
        break;
    case VTERM_ATTR_FOREGROUND:
        vt->pen.foreground = colour_of(&value->color);
        break;
    case VTERM_ATTR_BACKGROUND:
        vt->pen.background = colour_of(&value->color);
        break;
    default:
        return 0;
    }
    return 1;
}

static int set_property(VTermProp property, VTermValue *value, void *user)
{
    struct vt *vt = user;

    switch (property) {
    case VTERM_PROP_CURSORVISIBLE:
        vt->cursor_visible = value->boolean;
        break;
    case VTERM_PROP_ALTSCREEN:
        if (!value->boolean == vt->alternate) {
            grid_swap(vt);
            vt->work += (size_t)vt->rows;
        }
        break;
    case VTERM_PROP_REVERSE:
        vt->inverse = value->boolean;
        grid_change_all(vt);
        break;
    case VTERM_PROP_MOUSE:
        vt->mouse = value->number;
        break;
    default:
        break;
    }
    return 1;
}

static int ring_bell(void *user)
{
    struct vt *vt = user;

    if (vt->events->bell) {
        vt->events->bell(vt->arg);
    }
    return 1;
}

/* Lines of double width or height are not for a grid among others. */
static int refuse_line(int row, const VTermLineInfo *fresh, const VTermLineInfo *old, void *user)
{
    return 0;
}

static const VTermStateCallbacks callbacks = {
    .putglyph = grid_put,
    .movecursor = move_cursor,
    .scrollrect = grid_scroll,
    .moverect = grid_move,
    .erase = grid_erase,
    .initpen = init_pen,
    .setpenattr = set_pen,
    .settermprop = set_property,
    .bell = ring_bell,
    .setlineinfo = refuse_line,
};

static void output(const char *bytes, size_t length, void *user)
{
    struct vt *vt = user;

    if (vt->events->reply && (vt->answers || !vt->from_guest)) {
        vt->events->reply(vt->arg, bytes, length);
    }
}

/* --- what the filter says --- */

static void feed(struct vt *vt, const char *text)
{
    vterm_input_write(vt->term, text, strlen(text));
}

static void take(void *arg, const char *bytes, size_t length)
{
    struct vt *vt = arg;

    vterm_input_write(vt->term, bytes, length);
}

static size_t take_plain(void *arg, const char *bytes, size_t length)
{
    return grid_text(arg, bytes, length);
}

static void take_title(void *arg, const char *text, size_t length)
{
    struct vt *vt = arg;
    size_t used, have = 0;
    int characters = 0;

    for (size_t i = 0; i < length && characters < TITLE_CHARACTERS; i += used) {
        uint32_t character = utf8_next(text + i, length - i, &used);

        if (!filter_is_control(character) && have + 4 < sizeof(vt->title)) {
            have += utf8_put(vt->title + have, character);
            characters++;
        }
    }
    vt->title[have] = 0;
    if (vt->events->title) {
        vt->events->title(vt->arg);
    }
}

static void place_cursor(struct vt *vt, VTermPos position)
{
    char text[40];

    snprintf(text, sizeof(text), "\033[%d;%dH", position.row + 1, position.col + 1);
    feed(vt, text);
}

/* DECSTR: the modes go back, the text and the cursor stay. */
static void soft_reset(void *arg)
{
    struct vt *vt = arg;
    VTermPos position;

    vterm_state_get_cursorpos(vt->state, &position);
    feed(vt, "\033[4l\033[20l\033[?1l\033[?6l\033[?7h\033[?25h\033[?2004l\033[r\033>\033(B\033)B"
             "\017\033[m");
    place_cursor(vt, position);
    filter_reset_modes(&vt->filter);
}

static void reset(void *arg)
{
    vt_reset(arg);
}

static void report_size(void *arg)
{
    struct vt *vt = arg;
    char text[40];
    int length = snprintf(text, sizeof(text), "\033[8;%d;%dt", vt->rows, vt->columns);

    output(text, (size_t)length, vt);
}

static void measure(void *arg)
{
    struct vt *vt = arg;

    if (vt->events->measure && vt->answers) {
        vt->events->measure(vt->arg);
    }
}

static const struct filter_sink sink = {
    .write = take,
    .text = take_plain,
    .title = take_title,
    .soft_reset = soft_reset,
    .reset = reset,
    .report_size = report_size,
    .measure = measure,
};

/* --- a terminal --- */

static void *allocate(size_t size, void *data)
{
    return shell_need(calloc(1, size));
}

static void release(void *pointer, void *data)
{
    free(pointer);
}

static int within(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

struct vt *vt_new(int columns, int rows, size_t history, const struct vt_events *events, void *arg)
{
    static VTermAllocatorFunctions allocator = { allocate, release };
    struct vt *vt = shell_need(calloc(1, sizeof(*vt)));

    vt->events = events;
    vt->arg = arg;
    vt->columns = within(columns, VT_COLUMNS_MIN, VT_COLUMNS_MAX);
    vt->rows = within(rows, VT_ROWS_MIN, VT_ROWS_MAX);
    vt->row = grid_new(vt->columns, vt->rows);
    vt->pen = style_default;
    vt->full = -1;
    vt->answers = vt->cursor_visible = true;
    history_init(&vt->history, history > VT_HISTORY_MAX ? VT_HISTORY_MAX : history);
    filter_init(&vt->filter, &sink, vt);
    vt->term = vterm_new_with_allocator(vt->rows, vt->columns, &allocator, NULL);
    vterm_set_utf8(vt->term, 1);
    vterm_output_set_callback(vt->term, output, vt);
    vt->state = vterm_obtain_state(vt->term);
    vterm_state_set_callbacks(vt->state, &callbacks, vt);
    vterm_state_reset(vt->state, 1);
    return vt;
}

void vt_free(struct vt *vt)
{
    if (vt) {
        vterm_free(vt->term);
        grid_free(vt->row, vt->rows);
        grid_free(vt->hidden, vt->rows);
        history_free(&vt->history);
        free(vt);
    }
}

size_t vt_input(struct vt *vt, const void *bytes, size_t length, size_t budget)
{
    size_t done = 0;

    vt->work = 0;
    vt->from_guest = true;
    while (done < length && (done == 0 || vt->work < budget)) {
        size_t count = filter_input(&vt->filter, (const char *)bytes + done, length - done);

        done += count;
        vt->work += count;
    }
    vt->from_guest = false;
    return done;
}

size_t vt_cost(const struct vt *vt)
{
    return vt->work;
}

void vt_set_answers(struct vt *vt, bool answers)
{
    vt->answers = answers;
}

void vt_reset(struct vt *vt)
{
    feed(vt, "\033[?1049l\033[?1000l\033[?1006l\033[?5l\033c");
    vt->filter.marks = FILTER_MARKS;
    filter_reset_modes(&vt->filter);
    vt->full = -1;
}

void vt_resize(struct vt *vt, int columns, int rows)
{
    VTermPos position;
    int moved;

    columns = within(columns, VT_COLUMNS_MIN, VT_COLUMNS_MAX);
    rows = within(rows, VT_ROWS_MIN, VT_ROWS_MAX);
    if (columns == vt->columns && rows == vt->rows) {
        return;
    }
    /* libvterm leaves margins as they are, even outside of the screen; and it knows nothing of the
     * rows that move. */
    vterm_state_get_cursorpos(vt->state, &position);
    feed(vt, "\033[r");
    place_cursor(vt, position);
    grid_resize(vt, columns, rows, &moved);
    vterm_set_size(vt->term, rows, columns);
    position.row = within(position.row + moved, 0, rows - 1);
    position.col = within(position.col, 0, columns - 1);
    place_cursor(vt, position);
}

void vt_size(const struct vt *vt, int *columns, int *rows)
{
    *columns = vt->columns;
    *rows = vt->rows;
}

bool vt_cursor(const struct vt *vt, int *column, int *row)
{
    VTermPos position;

    vterm_state_get_cursorpos(vt->state, &position);
    *column = within(position.col, 0, vt->columns - 1);
    *row = within(position.row, 0, vt->rows - 1);
    return vt->cursor_visible;
}

const char *vt_title(const struct vt *vt)
{
    return vt->title;
}

bool vt_alternate(const struct vt *vt)
{
    return vt->alternate;
}

bool vt_inverse(const struct vt *vt)
{
    return vt->inverse;
}

bool vt_wants_mouse(const struct vt *vt)
{
    return vt->mouse != VTERM_PROP_MOUSE_NONE;
}

size_t vt_memory(const struct vt *vt)
{
    size_t grid = (size_t)vt->rows * (ROW_SIZE + (size_t)vt->columns * sizeof(struct cell));

    return sizeof(*vt) + grid * (vt->hidden ? 2 : 1) + vt->history.bytes + vt->history.buffer_size +
           vt->history.allocated * sizeof(vt->history.lines[0]);
}

/* --- lines --- */

uint64_t vt_first(const struct vt *vt)
{
    return vt->history.lost;
}

uint64_t vt_top(const struct vt *vt)
{
    return vt->history.lost + vt->history.count;
}

uint64_t vt_end(const struct vt *vt)
{
    return vt_top(vt) + (uint64_t)vt->rows;
}

int vt_line(const struct vt *vt, uint64_t line, struct cell *cells, int columns, bool *wrapped)
{
    const struct vt_row *row;
    int count;

    if (line < vt_first(vt) || line >= vt_end(vt)) {
        line = vt_end(vt) - 1; /* it has just been dropped; any will do */
    }
    if (line < vt_top(vt)) {
        return history_cells(&vt->history, line - vt_first(vt), cells, columns, wrapped);
    }
    row = &vt->row[line - vt_top(vt)];
    count = row->used < columns ? row->used : columns;
    memcpy(cells, row->cells, (size_t)count * sizeof(*cells));
    for (int i = count; i < columns; i++) {
        cells[i] = (struct cell){ .style = style_default, .width = 1 };
    }
    if (count && count < row->used && cells[count - 1].width == 2) {
        cells[count - 1].width = 1;
        cells[count - 1].text[0] = cells[count - 1].text[1] = 0;
    }
    if (wrapped) {
        *wrapped = row->wrapped;
    }
    return row->used;
}

bool vt_row_changed(struct vt *vt, int row)
{
    bool changed = vt->row[row].changed;

    vt->row[row].changed = false;
    return changed;
}
