/* SPDX-License-Identifier: MIT */
#include "vt_history.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

/* Cells of one style. */
struct run {
    uint16_t cells;
    struct style style;
};

struct history_line {
    uint32_t bytes; /* of text, behind the runs */
    uint16_t cells;
    uint16_t runs;
    bool wrapped;
    struct run run[];
};

enum { FIRST_ALLOCATION = 64 };

static const struct cell blank = { .style = { COLOUR_DEFAULT, COLOUR_DEFAULT, 0 }, .width = 1 };

void history_init(struct history *history, size_t limit)
{
    memset(history, 0, sizeof(*history));
    history->limit = limit;
}

static struct history_line *line_at(const struct history *history, size_t i)
{
    size_t at = history->start + i;

    return history->lines[at < history->allocated ? at : at - history->allocated];
}

static size_t size_of(const struct history_line *line)
{
    return sizeof(*line) + line->runs * sizeof(line->run[0]) + line->bytes;
}

static const char *text_of(const struct history_line *line)
{
    return (const char *)(line->run + line->runs);
}

static void drop_oldest(struct history *history)
{
    struct history_line *line = line_at(history, 0);

    history->bytes -= size_of(line);
    free(line);
    history->start = history->start + 1 == history->allocated ? 0 : history->start + 1;
    history->count--;
    history->lost++;
}

void history_free(struct history *history)
{
    while (history->count) {
        drop_oldest(history);
    }
    free(history->lines);
    free(history->buffer);
}

static void grow(struct history *history)
{
    size_t allocated = history->allocated ? 2 * history->allocated : FIRST_ALLOCATION;
    struct history_line **lines;

    if (allocated > history->limit) {
        allocated = history->limit;
    }
    lines = shell_need(malloc(allocated * sizeof(*lines)));
    for (size_t i = 0; i < history->count; i++) {
        lines[i] = line_at(history, i);
    }
    free(history->lines);
    history->lines = lines;
    history->allocated = allocated;
    history->start = 0;
}

static void add(struct history *history, struct history_line *line)
{
    size_t at;

    if (history->count == history->limit) {
        drop_oldest(history);
    }
    if (history->count == history->allocated) {
        grow(history);
    }
    at = history->start + history->count++;
    history->lines[at < history->allocated ? at : at - history->allocated] = line;
    history->bytes += size_of(line);
    while (history->bytes > history->limit * HISTORY_LINE && history->count > 1) {
        drop_oldest(history);
    }
}

size_t cell_text(const struct cell *cell, char *text)
{
    size_t length = 0;

    if (cell->text[0] < 0x80) {
        text[0] = cell->text[0] ? (char)cell->text[0] : ' ';
        length = 1;
    }
    for (size_t i = length; i < CELL_CHARACTERS && cell->text[i]; i++) {
        length += utf8_put(text + length, cell->text[i]);
    }
    return length;
}

static bool same_style(const struct style *a, const struct style *b)
{
    return a->foreground == b->foreground && a->background == b->background &&
           a->attributes == b->attributes;
}

static bool is_blank(const struct cell *cell)
{
    return !cell->text[0] && cell->width == 1 && cell->style.background == COLOUR_DEFAULT &&
           !(cell->style.attributes & (ATTRIBUTE_REVERSE | ATTRIBUTE_UNDERLINE));
}

/* Room for the text of @count cells and, behind it, as many runs. */
static struct run *prepare(struct history *history, int count)
{
    size_t text = ((size_t)count * CELL_TEXT + sizeof(struct run)) & ~(sizeof(struct run) - 1);
    size_t size = text + (size_t)count * sizeof(struct run);

    if (size > history->buffer_size) {
        history->buffer = shell_need(realloc(history->buffer, size));
        history->buffer_size = size;
    }
    return (struct run *)(history->buffer + text);
}

void history_push(struct history *history, const struct cell *cells, int count, bool wrapped)
{
    struct history_line *line;
    struct run *runs;
    size_t length = 0, used = 0;

    while (count && !wrapped && is_blank(&cells[count - 1])) {
        count--;
    }
    if (!history->limit) {
        history->lost++;
        return;
    }
    runs = prepare(history, count + 1);
    for (int i = 0; i < count; i++) {
        if (!used || !same_style(&runs[used - 1].style, &cells[i].style)) {
            runs[used++] = (struct run){ 0, cells[i].style };
        }
        runs[used - 1].cells++;
        if (cells[i].text[0] < 0x80 && !cells[i].text[1] && cells[i].width) {
            history->buffer[length++] = cells[i].text[0] ? (char)cells[i].text[0] : ' ';
        } else if (cells[i].width) {
            length += cell_text(&cells[i], history->buffer + length);
        }
    }
    /* What has no style needs no run: most lines of a log. */
    if (used == 1 && same_style(&runs[0].style, &style_default)) {
        used = 0;
    }
    line = shell_need(malloc(sizeof(*line) + used * sizeof(line->run[0]) + length));
    line->bytes = (uint32_t)length;
    line->cells = (uint16_t)count;
    line->runs = (uint16_t)used;
    line->wrapped = wrapped;
    memcpy(line->run, runs, used * sizeof(*runs));
    memcpy(line->run + used, history->buffer, length);
    add(history, line);
}

/* Puts the character at *@at into cell @i, or onto the one before, and returns the columns that it
 * takes. */
static int decode(const char *text, size_t length, struct cell *cells, int i, int columns,
                  size_t *used)
{
    uint32_t character = utf8_next(text, length, used);
    int width = character < 0x7f ? 1 : character_width(character);

    if (width && i + width <= columns) { /* half a wide one is a blank */
        cells[i].text[0] = character == ' ' ? 0 : character;
        cells[i].width = (uint8_t)width;
        if (width == 2) {
            cells[i + 1].width = 0;
        }
    } else if (!width && i > 0 && i <= columns) {
        struct cell *cell = &cells[i - 1 - (cells[i - 1].width == 0)];

        for (int j = 1; j < CELL_CHARACTERS && cell->text[0]; j++) {
            if (!cell->text[j]) {
                cell->text[j] = character;
                break;
            }
        }
    }
    return width;
}

int history_cells(const struct history *history, size_t i, struct cell *cells, int columns,
                  bool *wrapped)
{
    const struct history_line *line = line_at(history, i);
    const char *text = text_of(line);
    size_t used;
    int column = 0;

    for (int j = 0; j < columns; j++) {
        cells[j] = blank;
    }
    for (size_t at = 0; at < line->bytes && column <= columns; at += used) {
        column += decode(text + at, line->bytes - at, cells, column, columns, &used);
    }
    column = 0;
    for (int r = 0; r < line->runs; r++) {
        for (int j = 0; j < line->run[r].cells && column < columns; j++) {
            cells[column++].style = line->run[r].style;
        }
    }
    if (wrapped) {
        *wrapped = line->wrapped;
    }
    return line->cells;
}

const char *history_text(const struct history *history, size_t i, size_t *length, bool *wrapped)
{
    const struct history_line *line = line_at(history, i);

    *length = line->bytes;
    *wrapped = line->wrapped;
    return text_of(line);
}
