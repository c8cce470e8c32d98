/* SPDX-License-Identifier: MIT */
#include "canvas.h"
#include "shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool rect_contains(const struct rect *rect, int x, int y)
{
    return x >= rect->x && x < rect->x + rect->width && y >= rect->y && y < rect->y + rect->height;
}

static const struct cell blank = { { 0 }, { COLOUR_DEFAULT, COLOUR_DEFAULT, 0 }, 1 };

void canvas_init(struct canvas *canvas, int width, int height)
{
    *canvas = (struct canvas){ 0 };
    canvas_resize(canvas, width, height);
}

void canvas_resize(struct canvas *canvas, int width, int height)
{
    canvas->width = width < 1 ? 1 : width;
    canvas->height = height < 1 ? 1 : height;
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    free(canvas->cells);
    canvas->cells = shell_need(calloc(count, sizeof(*canvas->cells)));
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = blank;
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){ 0 };
}

struct cell *canvas_at(const struct canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return NULL;
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

/* A cell is about to be another: no half of a wide character may be left beside it. */
static void separate(struct canvas *canvas, int x, int y)
{
    struct cell *cell = canvas_at(canvas, x, y);
    struct cell *left = canvas_at(canvas, x - 1, y), *right = canvas_at(canvas, x + 1, y);
    if (cell->width == 0 && left) {
        left->text[0] = 0;
        left->width = 1;
    } else if (cell->width == 2 && right) {
        right->text[0] = 0;
        right->width = 1;
    }
}

void canvas_fill(struct canvas *canvas, const struct rect *rect, struct style style)
{
    struct cell cell = blank;
    cell.style = style;
    for (int y = rect->y; y < rect->y + rect->height; y++)
        for (int x = rect->x; x < rect->x + rect->width; x++)
            if (canvas_at(canvas, x, y)) {
                separate(canvas, x, y);
                *canvas_at(canvas, x, y) = cell;
            }
}

void canvas_cell(struct canvas *canvas, const struct rect *rect, int x, int y,
                 const struct cell *cell)
{
    x += rect->x;
    y += rect->y;
    struct cell *to = canvas_at(canvas, x, y);
    if (!to || !rect_contains(rect, x, y))
        return;
    separate(canvas, x, y);
    *to = *cell;
    if (cell->width != 2)
        return;
    struct cell *next = canvas_at(canvas, x + 1, y);
    if (!next || !rect_contains(rect, x + 1, y)) {
        /* Half of it does not fit. */
        to->text[0] = 0;
        to->width = 1;
        return;
    }
    separate(canvas, x + 1, y);
    *next = *cell;
    next->text[0] = 0;
    next->width = 0;
}

/* Adds a character that combines with the one before it. */
static void combine(struct canvas *canvas, const struct rect *rect, int x, int y,
                    uint32_t character)
{
    x += rect->x;
    y += rect->y;
    struct cell *cell = canvas_at(canvas, x, y);
    if (!cell || !rect_contains(rect, x, y))
        return;
    if (cell->width == 0 && x > 0)
        cell--;
    for (size_t i = 1; i < CELL_CHARACTERS; i++)
        if (!cell->text[i] && cell->text[i - 1]) {
            cell->text[i] = character;
            return;
        }
}

int canvas_text(struct canvas *canvas, const struct rect *rect, int x, int y, struct style style,
                const char *text)
{
    size_t length = strlen(text);
    for (size_t used; length && *text != '\n'; text += used, length -= used) {
        struct cell cell = { .style = style };
        uint32_t character = utf8_next(text, length, &used);
        if (character < 0x20 || (character >= 0x7f && character < 0xa0))
            character = '?';
        int width = character_width(character);
        if (width == 0) {
            combine(canvas, rect, x - 1, y, character);
            continue;
        }
        cell.text[0] = character;
        cell.width = (uint8_t)width;
        canvas_cell(canvas, rect, x, y, &cell);
        x += width;
    }
    return x;
}

int canvas_printf(struct canvas *canvas, const struct rect *rect, int x, int y, struct style style,
                  const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return canvas_text(canvas, rect, x, y, style, text);
}

int canvas_paragraph(struct canvas *canvas, const struct rect *rect, int y, struct style style,
                     const char *text)
{
    while (*text) {
        char row[1024];
        size_t length = text_fitting(text, rect->width);
        snprintf(row, sizeof(row), "%.*s", (int)length, text);
        canvas_text(canvas, rect, 0, y++, style, row);
        text += length;
        text += *text == '\n';
    }
    return y;
}

int canvas_text_right(struct canvas *canvas, const struct rect *rect, int end, int y,
                      struct style style, const char *text)
{
    return canvas_text(canvas, rect, end - text_width(text), y, style, text);
}

static void repeat(struct canvas *canvas, const struct rect *rect, int x, int y, int dx, int dy,
                   int length, struct style style, uint32_t character)
{
    const struct cell cell = { { character }, style, 1 };
    for (int i = 0; i < length; i++)
        canvas_cell(canvas, rect, x + i * dx, y + i * dy, &cell);
}

void canvas_horizontal(struct canvas *canvas, const struct rect *rect, int x, int y, int length,
                       struct style style)
{
    repeat(canvas, rect, x, y, 1, 0, length, style, 0x2500);
}

void canvas_vertical(struct canvas *canvas, const struct rect *rect, int x, int y, int length,
                     struct style style)
{
    repeat(canvas, rect, x, y, 0, 1, length, style, 0x2502);
}

void canvas_bar(struct canvas *canvas, const struct rect *rect, int x, int y, int width,
                double part, struct style full, struct style empty)
{
    double limited = part > 1 ? 1 : part > 0 ? part : 0;
    int cells = (int)(limited * width + 0.5);
    /* Something is not nothing. */
    if (limited > 0 && cells == 0 && width > 0)
        cells = 1;
    repeat(canvas, rect, x, y, 1, 0, cells, full, 0x2588);
    repeat(canvas, rect, x + cells, y, 1, 0, width - cells, empty, 0x2591);
}

void canvas_sparkline(struct canvas *canvas, const struct rect *rect, int x, int y, int width,
                      const float *shares, size_t count, struct style style)
{
    size_t room = width > 0 ? (size_t)width : 0;
    size_t skip = count > room ? count - room : 0;
    int at = x + width - (int)(count - skip);
    for (size_t i = skip; i < count; i++, at++) {
        float share = shares[i] > 1 ? 1 : shares[i];
        if (share < 0)
            continue;
        repeat(canvas, rect, at, y, 1, 0, 1, style, 0x2581 + (uint32_t)(share * 7 + 0.5f));
    }
}

void canvas_dump(const struct canvas *canvas, FILE *out)
{
    for (int y = 0; y < canvas->height; y++) {
        int end = canvas->width;
        while (end > 0 && canvas_at(canvas, end - 1, y)->text[0] <= ' ' &&
               canvas_at(canvas, end - 1, y)->width)
            end--;
        for (int x = 0; x < end; x++) {
            const struct cell *cell = canvas_at(canvas, x, y);
            char bytes[4];
            if (cell->width && !cell->text[0])
                fputc(' ', out);
            for (size_t i = 0; cell->width && i < CELL_CHARACTERS && cell->text[i]; i++)
                fwrite(bytes, 1, utf8_put(bytes, cell->text[i]), out);
        }
        fputc('\n', out);
    }
}
