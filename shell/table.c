/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, const char *const *titles)
{
    *table = (struct table){ .titles = titles };
    while (titles[table->columns])
        table->columns++;
}

void table_add(struct table *table, const char *format, ...)
{
    va_list args;
    size_t cells = table->count;
    table->cells = shell_need(realloc(table->cells, (cells + 1) * sizeof(*table->cells)));
    va_start(args, format);
    if (vasprintf(&table->cells[cells], format, args) < 0)
        shell_out_of_memory();
    va_end(args);
    table->count++;
}

/* Characters, not bytes, of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    size_t own = width_of(text);
    int pad = own < width ? (int)(width - own) : 0;
    if (right)
        fprintf(out, "%*s%s", pad, "", text);
    else
        fprintf(out, "%s%*s", text, last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", out);
}

void table_print(struct table *table, FILE *out)
{
    size_t width[TABLE_COLUMNS_MAX] = { 0 };
    bool right[TABLE_COLUMNS_MAX] = { 0 };
    size_t columns = table->columns;

    for (size_t c = 0; c < columns; c++) {
        right[c] = *table->titles[c] == '>';
        width[c] = width_of(table->titles[c] + right[c]);
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t own = width_of(table->cells[i]);
        if (own > width[i % columns])
            width[i % columns] = own;
    }
    for (size_t c = 0; c < columns; c++)
        print_cell(out, table->titles[c] + right[c], width[c], right[c], c + 1 == columns);
    for (size_t i = 0; i < table->count; i++) {
        size_t c = i % columns;
        print_cell(out, table->cells[i], width[c], right[c], c + 1 == columns);
        free(table->cells[i]);
    }
    free(table->cells);
    *table = (struct table){ .titles = table->titles, .columns = columns };
}
