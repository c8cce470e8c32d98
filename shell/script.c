/* SPDX-License-Identifier: MIT */
#include "script.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20 };

struct reader {
    struct shell *shell;
    FILE *file;
    unsigned next; /* the number of the line to be read */
    char *line;    /* the last one read */
    size_t size;   /* allocated for it */
    char *joined;  /* with those that backslashes join to it */
    size_t length;
};

enum reading { READING_LINE, READING_END, READING_WRONG };

/* Reads a line behind what is joined already. */
static enum reading read_line(struct reader *reader)
{
    ssize_t length = getline(&reader->line, &reader->size, reader->file);
    if (length < 0)
        return READING_END;
    unsigned number = reader->next++;
    if (memchr(reader->line, 0, (size_t)length)) {
        reader->shell->line = number;
        shell_error(reader->shell, "the line has a NUL byte: this is no script");
        return READING_WRONG;
    }
    if ((size_t)length > LINE_MAX_BYTES - reader->length) {
        shell_error(reader->shell, "the line is longer than 1 MiB");
        return READING_WRONG;
    }
    /* Lines that end as in DOS. */
    if (length >= 2 && !strcmp(reader->line + length - 2, "\r\n"))
        strcpy(reader->line + --length - 1, "\n");
    reader->joined = shell_need(realloc(reader->joined, reader->length + (size_t)length + 1));
    memcpy(reader->joined + reader->length, reader->line, (size_t)length + 1);
    reader->length += (size_t)length;
    return READING_LINE;
}

/* Reads a line with those that backslashes join to it. */
static enum reading read_joined(struct reader *reader)
{
    enum reading got;

    reader->length = 0;
    reader->shell->line = reader->next;
    while ((got = read_line(reader)) == READING_LINE) {
        struct words words;
        const char *error;
        enum lexer_result result = lexer_split(reader->joined, &words, &error);
        words_free(&words);
        if (result != LEXER_MORE)
            return READING_LINE;
        /* Drop the backslash, and the newline behind it. */
        while (reader->joined[--reader->length] != '\\')
            ;
        reader->joined[reader->length] = 0;
    }
    return got == READING_END && reader->length ? READING_LINE : got;
}

static int run_lines(struct reader *reader)
{
    struct shell *shell = reader->shell;
    int first = SHELL_OK;

    while (!shell->quit) {
        enum reading got = read_joined(reader);
        if (got == READING_END)
            break;
        int status = got == READING_LINE ? command_run_line(shell, reader->joined) : SHELL_USAGE;
        if (first == SHELL_OK)
            first = status;
        if (got == READING_WRONG || (status != SHELL_OK && !shell->keep_going))
            break;
    }
    return first;
}

int script_run(struct shell *shell, FILE *file, const char *name)
{
    struct reader reader = { .shell = shell, .file = file, .next = 1 };

    shell->script = name;
    int first = run_lines(&reader);
    if (ferror(file)) {
        shell_error(shell, "cannot be read: %m");
        first = SHELL_FAILED;
    }
    free(reader.line);
    free(reader.joined);
    shell->script = NULL;
    return first;
}

int script_run_file(struct shell *shell, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        shell_error(shell, "%s: cannot be read: %m", path);
        return SHELL_FAILED;
    }
    int status = script_run(shell, file, path);
    fclose(file);
    return status;
}
