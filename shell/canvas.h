/* SPDX-License-Identifier: MIT */
/*
 * What is to be on the terminal: a grid of cells in memory. Everything is drawn into one, clipped
 * to a rectangle; term.c brings the differences to the terminal. Knows nothing of terminals, so
 * that whatever draws can be tested without one.
 *
 * Text is UTF-8 from anybody, guests too: control characters become '?', bytes that aren't UTF-8
 * U+FFFD, so that nothing drawn can make the operator's terminal do things.
 */
#ifndef SHELL_CANVAS_H
#define SHELL_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    ATTRIBUTE_BOLD = 1 << 0,
    ATTRIBUTE_DIM = 1 << 1,
    ATTRIBUTE_ITALIC = 1 << 2,
    ATTRIBUTE_UNDERLINE = 1 << 3,
    ATTRIBUTE_BLINK = 1 << 4,
    ATTRIBUTE_REVERSE = 1 << 5,
};

enum { COLOUR_DEFAULT = -1 }; /* the terminal's own; others are numbers of xterm's 256 */

struct style {
    int16_t foreground, background;
    uint16_t attributes;
};

static const struct style style_default = { COLOUR_DEFAULT, COLOUR_DEFAULT, 0 };

enum { CELL_CHARACTERS = 4 }; /* one, and what combines with it */

struct cell {
    uint32_t text[CELL_CHARACTERS]; /* Unicode; ends with 0 if there are fewer; none: a blank */
    struct style style;
    uint8_t width; /* 1; 2: takes the next cell too, whose width is 0 */
};

struct rect {
    int x, y, width, height;
};

bool rect_contains(const struct rect *rect, int x, int y);

struct canvas {
    int width, height;
    struct cell *cells; /* row by row */
};

/* Blank, of that size (at least 1x1). canvas_resize() keeps nothing of what was drawn. */
void canvas_init(struct canvas *canvas, int width, int height);
void canvas_resize(struct canvas *canvas, int width, int height);
void canvas_free(struct canvas *canvas);

/* The cell there, NULL outside of the canvas. */
struct cell *canvas_at(const struct canvas *canvas, int x, int y);

void canvas_fill(struct canvas *canvas, const struct rect *rect, struct style style);

/*
 * Draws text from column @x of row @y on, both relative to the rectangle, which clips it. Returns
 * the column behind it, as if nothing had been clipped. A newline or a NUL ends the text.
 */
int canvas_text(struct canvas *canvas, const struct rect *rect, int x, int y, struct style style,
                const char *text);
int canvas_printf(struct canvas *canvas, const struct rect *rect, int x, int y, struct style style,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The same, so that it ends before column @end. */
int canvas_text_right(struct canvas *canvas, const struct rect *rect, int end, int y,
                      struct style style, const char *text);

/* Draws text over as many rows as it takes, broken between words, and at each newline. Returns the
 * row behind it. */
int canvas_paragraph(struct canvas *canvas, const struct rect *rect, int y, struct style style,
                     const char *text);

/* Bytes of the text that fit into so many columns, broken between words; at least a character. */
size_t text_fitting(const char *text, int width);

/* Puts a cell as it is; one that is 2 wide takes the next cell too. For panes with a terminal. */
void canvas_cell(struct canvas *canvas, const struct rect *rect, int x, int y,
                 const struct cell *cell);

/* Lines one cell wide, of U+2500 and U+2502. */
void canvas_horizontal(struct canvas *canvas, const struct rect *rect, int x, int y, int length,
                       struct style style);
void canvas_vertical(struct canvas *canvas, const struct rect *rect, int x, int y, int length,
                     struct style style);

/* A bar @width wide of which @part in 0..1 is full. */
void canvas_bar(struct canvas *canvas, const struct rect *rect, int x, int y, int width,
                double part, struct style full, struct style empty);

/* Shares in 0..1 as U+2581..U+2588, one a cell, the last one at column @x + @width - 1; negative
 * ones are blank (there was no sample). */
void canvas_sparkline(struct canvas *canvas, const struct rect *rect, int x, int y, int width,
                      const float *shares, size_t count, struct style style);

/* Columns that the text takes, up to a newline or its end. */
int text_width(const char *text);

/*
 * The next character of UTF-8 text, of at most @length bytes (at least 1); U+FFFD for a byte that
 * does not belong there. *used is set to the bytes that it takes. Columns of a character: 0, 1
 * or 2.
 */
uint32_t utf8_next(const char *text, size_t length, size_t *used);
size_t utf8_put(char *buffer, uint32_t character); /* at most 4 bytes, no NUL behind them */
int character_width(uint32_t character);

/* Rows as text, blanks at their ends left out: for tests and pictures. */
void canvas_dump(const struct canvas *canvas, FILE *out);

#endif
