/* SPDX-License-Identifier: MIT */
#include "script.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Reads a line with those that backslashes join to it. NULL at the end; to be freed. */
static char *read_joined(struct shell *shell, FILE *file, unsigned *next)
{
    char *joined = NULL, *line = NULL;
    size_t joined_length = 0, size = 0;
    ssize_t length;

    shell->line = *next;
    while ((length = getline(&line, &size, file)) >= 0) {
        ++*next;
        joined = shell_need(realloc(joined, joined_length + (size_t)length + 1));
        memcpy(joined + joined_length, line, (size_t)length + 1);

        struct words words;
        const char *error;
        enum lexer_result result = lexer_split(joined, &words, &error);
        words_free(&words);
        if (result != LEXER_MORE)
            break;
        /* Drop the backslash, and the newline behind it. */
        joined_length += (size_t)length;
        while (joined[--joined_length] != '\\')
            ;
        joined[joined_length] = 0;
    }
    free(line);
    return joined;
}

int script_run(struct shell *shell, FILE *file, const char *name)
{
    unsigned next = 1;
    int first = SHELL_OK;
    char *line;

    shell->script = name;
    while (!shell->quit && (line = read_joined(shell, file, &next))) {
        int status = command_run_line(shell, line);
        free(line);
        if (first == SHELL_OK)
            first = status;
        if (status != SHELL_OK && !shell->keep_going)
            break;
    }
    if (ferror(file)) {
        shell_error(shell, "cannot be read: %m");
        first = SHELL_FAILED;
    }
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
