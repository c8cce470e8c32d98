/* SPDX-License-Identifier: MIT */
/* Collects what a plugin's panel says, and lays its tables out. */
#include "plugin_host.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 1000, CELL_BYTES = 200, COLUMNS_MAX = 16, GAP = 2 };

struct text {
    FILE *out;
    size_t lines;
    char ***rows; /* of the table that has been begun */
    size_t row_count;
};

/* Copies plain text up to a newline; returns what comes behind. */
static const char *copy_plain(FILE *out, const char *text, size_t most)
{
    while (*text && *text != '\n') {
        unsigned char c = (unsigned char)*text++;
        if (!most)
            continue;
        most--;
        bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)*text < 0xa0);
        if (c == 0xc2 && control && *text)
            text++;
        fputc(control ? '?' : c, out);
    }
    return text;
}

static char *plain_cell(const char *text)
{
    char *cell = NULL;
    size_t size;
    FILE *out = open_memstream(&cell, &size);
    if (!out)
        return NULL;
    copy_plain(out, text, CELL_BYTES);
    fclose(out);
    return cell;
}

/* Columns on a terminal, near enough: bytes that begin a character of UTF-8. */
static int width(const char *text)
{
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* Writes the table that has been begun. */
static void end_table(struct text *text)
{
    int widths[COLUMNS_MAX] = { 0 };
    for (size_t r = 0; r < text->row_count; r++)
        for (size_t c = 0; text->rows[r][c]; c++)
            if (width(text->rows[r][c]) > widths[c])
                widths[c] = width(text->rows[r][c]);
    for (size_t r = 0; r < text->row_count; r++) {
        for (size_t c = 0; text->rows[r][c]; c++) {
            const char *cell = text->rows[r][c];
            int pad = text->rows[r][c + 1] ? widths[c] + GAP - width(cell) : 0;
            fprintf(text->out, "%s%*s", cell, pad, "");
            free(text->rows[r][c]);
        }
        fputc('\n', text->out);
        free(text->rows[r]);
    }
    free(text->rows);
    text->rows = NULL;
    text->row_count = 0;
}

static void add_line(const struct pando_plugin_view *view, const char *line)
{
    struct text *text = view->context;
    end_table(text);
    while (text->lines < LINES_MAX) {
        line = copy_plain(text->out, line, CELL_BYTES);
        fputc('\n', text->out);
        text->lines++;
        if (!*line++)
            break;
    }
}

static void add_row(const struct pando_plugin_view *view, const char *const *cells)
{
    struct text *text = view->context;
    if (text->lines >= LINES_MAX)
        return;
    char ***rows = reallocarray(text->rows, text->row_count + 1, sizeof(*rows));
    char **row = calloc(COLUMNS_MAX + 1, sizeof(*row));
    if (rows)
        text->rows = rows;
    if (!rows || !row) {
        free(row);
        return;
    }
    for (size_t i = 0; cells[i] && i < COLUMNS_MAX; i++)
        if (!(row[i] = plain_cell(cells[i])))
            break;
    text->rows[text->row_count++] = row;
    text->lines++;
}

static unsigned filling;

bool plugin_panel_busy(void)
{
    return __atomic_load_n(&filling, __ATOMIC_SEQ_CST);
}

char *plugin_panel_text(const struct pando_plugin_panel *panel, pando_t *pando, const char *guest,
                        uint32_t domid)
{
    char reason[PANDO_PLUGIN_REASON_MAX] = "", *result = NULL;
    size_t size;
    struct text text = { .out = open_memstream(&result, &size) };
    if (!text.out)
        return NULL;
    const struct pando_plugin_view view = {
        .size = sizeof(view),
        .pando = pando,
        .guest = panel->of_guest ? guest : NULL,
        .domid = panel->of_guest ? domid : PANDO_NO_DOMID,
        .context = &text,
        .line = add_line,
        .row = add_row,
    };
    __atomic_add_fetch(&filling, 1, __ATOMIC_SEQ_CST);
    bool filled = panel->fill(&view, reason, sizeof(reason));
    __atomic_sub_fetch(&filling, 1, __ATOMIC_SEQ_CST);
    reason[sizeof(reason) - 1] = 0;
    if (!filled)
        add_line(&view, *reason ? reason : "it has nothing to say, and does not say why");
    end_table(&text);
    fclose(text.out);
    return result;
}
