/* SPDX-License-Identifier: MIT */
#include "vt_grid.h"
#include "shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Wrapped lines that are looked at as one, at most. */
enum { JOINED_MAX = 64 };

int vt_place_compare(const struct vt_place *a, const struct vt_place *b)
{
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : a->column > b->column;
}

/* Text that grows. */
struct text {
    char *bytes;
    size_t length, size;
};

static void add(struct text *text, const char *bytes, size_t length)
{
    if (text->length + length + 1 > text->size) {
        text->size = 2 * (text->length + length) + 256;
        text->bytes = shell_need(realloc(text->bytes, text->size));
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

static void add_cells(struct text *text, const struct cell *cells, int from, int to)
{
    char bytes[CELL_TEXT];

    for (int i = from; i < to; i++) {
        if (cells[i].width) {
            add(text, bytes, cell_text(&cells[i], bytes));
        }
    }
}

/* Adds a line's text. Returns whether it is wrapped. */
static bool add_line(const struct vt *vt, uint64_t line, struct text *text)
{
    bool wrapped;

    if (line < vt_top(vt)) {
        size_t length;
        const char *bytes = history_text(&vt->history, line - vt_first(vt), &length, &wrapped);

        add(text, bytes, length);
    } else {
        const struct vt_row *row = &vt->row[line - vt_top(vt)];

        add_cells(text, row->cells, 0, row->used);
        wrapped = row->wrapped;
    }
    return wrapped;
}

static bool has_capitals(const char *pattern)
{
    while (*pattern && !isupper((unsigned char)*pattern)) {
        pattern++;
    }
    return *pattern;
}

static bool matches(const char *text, const char *pattern, size_t length, bool exactly)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((exactly ? c : tolower(c)) != (unsigned char)pattern[i]) {
            return false;
        }
    }
    return true;
}

/* Columns that the text up to a byte takes. */
static int columns_of(const char *text, size_t length)
{
    size_t used;
    int columns = 0;

    for (size_t i = 0; i < length; i += used) {
        columns += character_width(utf8_next(text + i, length - i, &used));
    }
    return columns;
}

struct search {
    const struct vt *vt;
    const char *pattern;
    size_t length;
    bool exactly, backward;
    struct text text;
};

/* Looks in a line: matches that begin in it, beyond column @beyond (backward: before it). */
static bool search_line(struct search *search, uint64_t line, int beyond, struct vt_place *place,
                        int *cells)
{
    struct text *text = &search->text;
    size_t own;
    bool found = false, wrapped;

    text->length = 0;
    wrapped = add_line(search->vt, line, text);
    own = text->length;
    for (uint64_t next = line + 1; wrapped && next < vt_end(search->vt) &&
                                   text->length < own + search->length && next < line + JOINED_MAX;
         next++) {
        wrapped = add_line(search->vt, next, text);
    }
    for (size_t i = 0; i < own && i + search->length <= text->length; i++) {
        int column;

        if (!matches(text->bytes + i, search->pattern, search->length, search->exactly)) {
            continue;
        }
        column = columns_of(text->bytes, i);
        if (search->backward ? column >= beyond : column <= beyond) {
            if (search->backward) {
                break;
            }
            continue;
        }
        *place = (struct vt_place){ line, column };
        *cells = columns_of(text->bytes + i, search->length);
        found = true;
        if (!search->backward) {
            break;
        }
    }
    return found;
}

bool vt_search(const struct vt *vt, const char *pattern, bool backward, struct vt_place *place,
               int *cells)
{
    struct search search = { vt, pattern, strlen(pattern), has_capitals(pattern), backward, { 0 } };
    uint64_t first = vt_first(vt), end = vt_end(vt), line = place->line;
    int beyond = place->column;
    bool found = false;

    if (!search.length) {
        return false;
    }
    if (line < first) {
        line = first;
        beyond = -1;
    }
    while (!found && line >= first && line < end) {
        found = search_line(&search, line, beyond, place, cells);
        if (backward && line == first) {
            break;
        }
        line = backward ? line - 1 : line + 1;
        beyond = backward ? VT_COLUMNS_MAX : -1;
    }
    free(search.text.bytes);
    return found;
}

/* --- copying --- */

static void trim(struct text *text, size_t from)
{
    while (text->length > from && text->bytes[text->length - 1] == ' ') {
        text->length--;
    }
}

char *vt_text(const struct vt *vt, const struct vt_place *from, const struct vt_place *to,
              bool whole, size_t *length)
{
    struct cell *cells = shell_need(calloc(VT_COLUMNS_MAX, sizeof(*cells)));
    struct text text = { 0 };
    uint64_t first = from->line < vt_first(vt) ? vt_first(vt) : from->line;

    add(&text, "", 0);
    for (uint64_t line = first; line <= to->line && line < vt_end(vt); line++) {
        bool wrapped, last = line == to->line;
        int count = vt_line(vt, line, cells, VT_COLUMNS_MAX, &wrapped);
        int start = !whole && line == from->line ? from->column : 0;
        int end = !whole && last && to->column < count ? to->column + 1 : count;
        size_t before = text.length;

        if (end < count && cells[end].width == 0) {
            end++; /* the other half */
        }
        add_cells(&text, cells, start, end);
        if (end == count && !wrapped) {
            trim(&text, before);
        }
        if ((whole || !last) && !(wrapped && !last)) {
            add(&text, "\n", 1);
        }
    }
    free(cells);
    *length = text.length;
    text.bytes[text.length] = 0;
    return text.bytes;
}
