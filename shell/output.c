/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "guest.h"
#include "plain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void output_foreign(FILE *out, const char *text, size_t length)
{
    struct plain plain = { 0 };

    if (!isatty(fileno(out))) {
        fwrite(text, 1, length, out);
        return;
    }
    for (size_t i = 0; i < length; i++)
        if (plain_keeps(&plain, (unsigned char)text[i]) || text[i] == '\r')
            fputc(text[i], out);
}

/* A line as a string; a NUL in it is no character of one. */
static void write_line(struct json_writer *writer, const char *text, size_t length)
{
    char *line = shell_need(malloc(length + 1));
    for (size_t i = 0; i < length; i++)
        line[i] = text[i] ? text[i] : '?';
    line[length] = 0;
    if (length && line[length - 1] == '\r')
        line[length - 1] = 0;
    json_write_string(writer, line);
    free(line);
}

void output_foreign_json(struct shell *shell, const char *text, size_t length)
{
    struct json_writer *writer = output_json_begin();
    json_write_object_begin(writer);
    json_write_key(writer, "lines");
    if (length)
        json_write_array_begin(writer);
    else
        json_write_array_empty(writer);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t size = end ? (size_t)(end - text) - at : length - at;
        write_line(writer, text + at, size);
        at += size + 1;
    }
    if (length)
        json_write_array_end(writer);
    json_write_object_end(writer);
    output_json_end(shell, writer);
}

void output_progress(struct shell *shell, const char *step, unsigned int done, unsigned int total)
{
    if (shell->screen)
        shell->screen->progress(shell->screen->arg, step, done, total);
    else if (shell_is_watched(shell) && total)
        fprintf(shell->err, "\r\033[K%u/%u %s", done, total, step);
    else if (shell_is_watched(shell))
        fprintf(shell->err, "\r\033[K%s", step);
    fflush(shell->err);
}

void output_progress_end(struct shell *shell)
{
    if (!shell->screen && shell_is_watched(shell))
        fputs("\r\033[K", shell->err);
    fflush(shell->err);
}
