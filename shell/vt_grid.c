/* SPDX-License-Identifier: MIT */
#include "vt_grid.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xfffd };

static const struct cell blank = { .style = { COLOUR_DEFAULT, COLOUR_DEFAULT, 0 }, .width = 1 };

static void fill(struct cell *cells, int from, int to, struct style style)
{
    for (int i = from; i < to; i++) {
        cells[i] = blank;
        cells[i].style = style;
    }
}

struct vt_row *grid_new(int columns, int rows)
{
    struct vt_row *row = shell_need(calloc((size_t)rows, sizeof(*row)));

    for (int i = 0; i < rows; i++) {
        row[i].cells = shell_need(malloc((size_t)columns * sizeof(struct cell)));
        row[i].changed = true;
        fill(row[i].cells, 0, columns, style_default);
    }
    return row;
}

void grid_free(struct vt_row *row, int rows)
{
    for (int i = 0; row && i < rows; i++) {
        free(row[i].cells);
    }
    free(row);
}

void grid_change_all(struct vt *vt)
{
    for (int i = 0; i < vt->rows; i++) {
        vt->row[i].changed = true;
    }
}

/* What an erased cell looks like: the pen's colour behind nothing. */
static struct style erased(const struct vt *vt)
{
    return (struct style){ COLOUR_DEFAULT, vt->pen.background, 0 };
}

static void clear_row(struct vt *vt, struct vt_row *row)
{
    if (vt->pen.background == COLOUR_DEFAULT) {
        fill(row->cells, 0, row->used, style_default);
        vt->work += (size_t)row->used;
        row->used = 0;
    } else {
        fill(row->cells, 0, vt->columns, erased(vt));
        vt->work += (size_t)vt->columns;
        row->used = vt->columns;
    }
    row->wrapped = false;
    row->changed = true;
}

/* No half of a wide character stands alone at the border left of @column. */
static void mend(struct vt *vt, struct vt_row *row, int column)
{
    if (column > 0 && column < vt->columns) {
        struct cell *left = &row->cells[column - 1], *right = &row->cells[column];

        if ((left->width == 2) != (right->width == 0)) {
            if (left->width == 2) {
                left->width = 1;
                left->text[0] = left->text[1] = 0;
            } else {
                right->width = 1;
                right->text[0] = 0;
            }
        }
    }
}

/* The row's ends are cut off from what is beyond. */
static void mend_ends(struct vt *vt, struct vt_row *row)
{
    struct cell *last = &row->cells[vt->columns - 1];

    if (row->cells[0].width == 0) {
        row->cells[0].width = 1;
    }
    if (last->width == 2) {
        last->width = 1;
        last->text[0] = last->text[1] = 0;
    }
}

static void put_one(struct vt *vt, struct vt_row *row, int column, const uint32_t *text, int width)
{
    struct cell *cell = &row->cells[column];
    int marks = 1;

    *cell = blank;
    cell->style = vt->pen;
    cell->text[0] = *text == ' ' ? 0 : *text;
    cell->width = (uint8_t)width;
    for (const uint32_t *mark = text + 1; *text && *mark && marks < CELL_CHARACTERS; mark++) {
        if (cell->text[0] && character_width(*mark) == 0) {
            cell->text[marks++] = *mark;
        }
    }
    if (width == 2) {
        cell[1] = blank;
        cell[1].style = vt->pen;
        cell[1].width = 0;
    }
    if (row->used < column + width) {
        row->used = column + width;
    }
}

int grid_put(VTermGlyphInfo *info, VTermPos position, void *user)
{
    static const uint32_t replacement[] = { REPLACEMENT, 0 };
    struct vt *vt = user;
    const uint32_t *text = info->chars;
    int width = info->width, column = position.col;
    struct vt_row *row;

    vt->work++;
    if (width < 1 || width > 2 || position.row < 0 || position.row >= vt->rows || column < 0 ||
        column + width > vt->columns) {
        return 1;
    }
    row = &vt->row[position.row];
    if (column == 0 && vt->full == position.row - 1 && position.row) {
        row[-1].wrapped = true;
    }
    if (row->cells[column].width == 0 && column > 0) {
        row->cells[column - 1].width = 1;
        row->cells[column - 1].text[0] = row->cells[column - 1].text[1] = 0;
    }
    if (*text < 0x7f || (character_width(*text) == width && !filter_is_control(*text))) {
        put_one(vt, row, column, text, width);
    } else {
        for (int i = 0; i < width; i++) {
            put_one(vt, row, column + i, replacement, 1);
        }
    }
    mend(vt, row, column + width);
    row->changed = true;
    vt->full = column + width == vt->columns ? position.row : -1;
    return 1;
}

size_t grid_text(struct vt *vt, const char *text, size_t length)
{
    struct cell cell = blank;
    struct vt_row *row;
    VTermPos at;
    int count;

    vterm_state_get_cursorpos(vt->state, &at);
    if (at.row < 0 || at.row >= vt->rows || at.col < 0 || at.col >= vt->columns - 1) {
        return 0;
    }
    row = &vt->row[at.row];
    count = vt->columns - 1 - at.col;
    count = (size_t)count > length ? (int)length : count;
    if (row->cells[at.col].width == 0 && at.col > 0) {
        row->cells[at.col - 1].width = 1;
        row->cells[at.col - 1].text[0] = row->cells[at.col - 1].text[1] = 0;
    }
    cell.style = vt->pen;
    for (int i = 0; i < count; i++) {
        row->cells[at.col + i] = cell;
        row->cells[at.col + i].text[0] = text[i] == ' ' ? 0 : (uint32_t)text[i];
    }
    mend(vt, row, at.col + count);
    row->used = row->used < at.col + count ? at.col + count : row->used;
    row->changed = true;
    vt->full = -1;
    vt->work += (size_t)count;
    return (size_t)count;
}

static bool is_within(const struct vt *vt, const VTermRect *rect)
{
    return rect->start_row >= 0 && rect->end_row <= vt->rows && rect->start_row <= rect->end_row &&
           rect->start_col >= 0 && rect->end_col <= vt->columns && rect->start_col <= rect->end_col;
}

static void scroll_up(struct vt *vt, int from, int to)
{
    struct vt_row first = vt->row[from];

    if (from == 0 && !vt->alternate) {
        history_push(&vt->history, first.cells, first.used, first.wrapped);
        vt->work += (size_t)first.used;
    }
    memmove(&vt->row[from], &vt->row[from + 1], (size_t)(to - from - 1) * sizeof(first));
    clear_row(vt, &first);
    vt->row[to - 1] = first;
}

static void scroll_down(struct vt *vt, int from, int to)
{
    struct vt_row last = vt->row[to - 1];

    memmove(&vt->row[from + 1], &vt->row[from], (size_t)(to - from - 1) * sizeof(last));
    clear_row(vt, &last);
    vt->row[from] = last;
}

int grid_scroll(VTermRect rect, int downward, int rightward, void *user)
{
    struct vt *vt = user;

    if (!is_within(vt, &rect)) {
        return 1;
    }
    if (rightward || rect.start_col != 0 || rect.end_col != vt->columns) {
        vterm_scroll_rect(rect, downward, rightward, grid_move, grid_erase, user);
        return 1;
    }
    for (int i = 0; i < downward && rect.end_row > rect.start_row; i++) {
        scroll_up(vt, rect.start_row, rect.end_row);
    }
    for (int i = 0; i < -downward && rect.end_row > rect.start_row; i++) {
        scroll_down(vt, rect.start_row, rect.end_row);
    }
    for (int i = rect.start_row; i < rect.end_row; i++) {
        vt->row[i].changed = true;
    }
    if (vt->full >= 0) {
        vt->full -= downward;
    }
    vt->work += 8 + (size_t)abs(downward);
    return 1;
}

int grid_move(VTermRect to, VTermRect from, void *user)
{
    struct vt *vt = user;
    int width = from.end_col - from.start_col, height = from.end_row - from.start_row;
    bool upward = to.start_row < from.start_row;

    if (!is_within(vt, &to) || !is_within(vt, &from) || width != to.end_col - to.start_col ||
        height != to.end_row - to.start_row) {
        return 1;
    }
    for (int i = 0; i < height; i++) {
        int at = upward ? i : height - 1 - i;
        struct vt_row *row = &vt->row[to.start_row + at];

        memmove(row->cells + to.start_col, vt->row[from.start_row + at].cells + from.start_col,
                (size_t)width * sizeof(struct cell));
        if (row->used < to.end_col) {
            row->used = to.end_col;
        }
        mend(vt, row, to.start_col);
        mend(vt, row, to.end_col);
        mend_ends(vt, row);
        row->changed = true;
    }
    vt->work += (size_t)width * (size_t)height;
    return 1;
}

int grid_erase(VTermRect rect, int selective, void *user)
{
    struct vt *vt = user;
    bool plain = vt->pen.background == COLOUR_DEFAULT;

    if (!is_within(vt, &rect)) {
        return 1;
    }
    for (int i = rect.start_row; i < rect.end_row; i++) {
        struct vt_row *row = &vt->row[i];
        int end = plain && rect.end_col > row->used ? row->used : rect.end_col;

        if (rect.start_col < end) {
            fill(row->cells, rect.start_col, end, erased(vt));
            mend(vt, row, rect.start_col);
            mend(vt, row, end);
            vt->work += (size_t)(end - rect.start_col);
            row->changed = true;
        }
        if (!plain && row->used < end) {
            row->used = end;
        } else if (plain && end == row->used && rect.start_col < end) {
            row->used = rect.start_col;
        }
        if (rect.end_col == vt->columns) {
            row->wrapped = false;
        }
    }
    vt->work++;
    return 1;
}

void grid_swap(struct vt *vt)
{
    struct vt_row *row = vt->row;

    if (!vt->hidden) {
        vt->hidden = grid_new(vt->columns, vt->rows);
    }
    vt->row = vt->hidden;
    vt->hidden = row;
    vt->alternate = !vt->alternate;
    vt->full = -1;
    grid_change_all(vt);
}

/* --- another size --- */

static void resize_row(struct vt *vt, struct vt_row *row, int columns)
{
    row->cells = shell_need(realloc(row->cells, (size_t)columns * sizeof(struct cell)));
    if (columns > vt->columns) {
        fill(row->cells, vt->columns, columns, style_default);
    } else {
        struct cell *last = &row->cells[columns - 1];

        if (last->width == 2) {
            last->width = 1;
            last->text[0] = last->text[1] = 0;
        }
        row->used = row->used > columns ? columns : row->used;
    }
    if (columns != vt->columns) {
        row->wrapped = false;
    }
    row->changed = true;
}

static int blank_rows_below(const struct vt *vt, const struct vt_row *row, int cursor)
{
    int count = 0;

    while (count < vt->rows - 1 - cursor && !row[vt->rows - 1 - count].used) {
        count++;
    }
    return count;
}

/* Takes rows away: blank ones below the cursor, then those at the top. Returns how many of those.
 */
static int shrink(struct vt *vt, struct vt_row *row, int rows, int cursor, bool keep)
{
    int less = vt->rows - rows, below = blank_rows_below(vt, row, cursor), above;

    below = below > less ? less : below;
    above = less - below;
    for (int i = 0; i < above; i++) {
        if (keep) {
            history_push(&vt->history, row[i].cells, row[i].used, row[i].wrapped);
        }
        free(row[i].cells);
    }
    for (int i = 0; i < below; i++) {
        free(row[vt->rows - 1 - i].cells);
    }
    memmove(row, row + above, (size_t)rows * sizeof(*row));
    return above;
}

/* Adds rows below: the guest goes on to count from the top, and knows nothing of it. */
static struct vt_row *grow(struct vt *vt, struct vt_row *row, int columns, int rows)
{
    int more = rows - vt->rows;
    struct vt_row *fresh = grid_new(columns, more);

    row = shell_need(realloc(row, (size_t)rows * sizeof(*row)));
    memcpy(row + vt->rows, fresh, (size_t)more * sizeof(*row));
    free(fresh);
    return row;
}

static struct vt_row *resize(struct vt *vt, struct vt_row *row, bool is_main, int cursor,
                             int columns, int rows, int *moved)
{
    int kept = rows < vt->rows ? rows : vt->rows;

    *moved = 0;
    if (rows < vt->rows) {
        *moved = -shrink(vt, row, rows, cursor, is_main);
    }
    for (int i = 0; i < kept; i++) {
        resize_row(vt, &row[i], columns);
    }
    if (rows > vt->rows) {
        row = grow(vt, row, columns, rows);
    }
    return row;
}

void grid_resize(struct vt *vt, int columns, int rows, int *moved)
{
    VTermPos cursor;
    int other;

    vterm_state_get_cursorpos(vt->state, &cursor);
    vt->row = resize(vt, vt->row, !vt->alternate, cursor.row, columns, rows, moved);
    if (vt->hidden) {
        /* Where its cursor is only the guest knows: at its end, if that is a shell's. */
        vt->hidden = resize(vt, vt->hidden, vt->alternate, vt->rows - 1, columns, rows, &other);
    }
    vt->columns = columns;
    vt->rows = rows;
    vt->full = -1;
}
