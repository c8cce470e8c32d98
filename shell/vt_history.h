/* SPDX-License-Identifier: MIT */
/*
 * Lines that have left a screen at its top: as text with styles, a tenth of the size of cells.
 * Bounded by lines, and by bytes at HISTORY_LINE for each of these; the oldest go.
 */
#ifndef SHELL_VT_HISTORY_H
#define SHELL_VT_HISTORY_H

#include "canvas.h"

enum { HISTORY_LINE = 320 };

struct history_line;

struct history {
    size_t limit; /* lines kept at most */
    size_t count, start, allocated;
    struct history_line **lines; /* a ring of @allocated, from @start on */
    size_t bytes;                /* that they take */
    uint64_t lost;               /* lines that have been dropped */
    char *buffer;                /* one line being written, and its styles */
    size_t buffer_size;
};

void history_init(struct history *history, size_t limit);
void history_free(struct history *history);

/* Adds the cells of a row, of which the one at @count and those behind it are blank. */
void history_push(struct history *history, const struct cell *cells, int count, bool wrapped);

/* Line @i, 0 is the oldest: at most @columns of its cells into @cells, the rest blank. Returns how
 * many it has in all. */
int history_cells(const struct history *history, size_t i, struct cell *cells, int columns,
                  bool *wrapped);

/* Its text, which isn't NUL-terminated and stays until the history changes. */
const char *history_text(const struct history *history, size_t i, size_t *length, bool *wrapped);

/* A cell's text, a blank's is a space: at most CELL_TEXT bytes. */
enum { CELL_TEXT = 4 * CELL_CHARACTERS };
size_t cell_text(const struct cell *cell, char *text);

#endif
