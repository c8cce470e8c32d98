/* SPDX-License-Identifier: MIT */
/* Lines into words, by the grammar of pando-script(5). */
#ifndef SHELL_LEXER_H
#define SHELL_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    LEXER_TOTAL_MAX = 1 << 20, /* bytes of a line's words, with their variables' values */
    LEXER_NAME_MAX = 64        /* bytes of a variable's name */
};

struct words {
    char **list; /* NULL behind the last */
    size_t count;
};

enum lexer_result {
    LEXER_OK,
    LEXER_MORE,  /* a backslash ends the line: the next belongs to it */
    LEXER_WRONG, /* *error says why; it is kept until the thread's next call */
};

/*
 * Splits a line, which may end in a newline, into words. '...' keeps all as it is, in "..." a
 * backslash quotes one of " \ $ `, outside of quotes any character, and # at the start of a word
 * begins a comment. The characters ; | & < > ` are refused outside of quotes, since they mean
 * something to sh but nothing here. $ keeps no meaning. Only with LEXER_OK are there words to be
 * freed.
 */
enum lexer_result lexer_split(const char *line, struct words *words, const char **error);

/* Gives the value of a variable, to be freed, or NULL: it is not set. */
typedef char *lexer_variable_fn(void *arg, const char *name);

/*
 * The same, and puts values in the place of $NAME and ${NAME}, which neither ' nor a backslash
 * quotes. A value is taken as it is: it isn't split into words, and $ in it has no meaning.
 */
enum lexer_result lexer_expand(const char *line, lexer_variable_fn *variable, void *arg,
                               struct words *words, const char **error);

void words_free(struct words *words);

/* Whether it may be a variable's name: a letter or _, then letters, digits and _. */
bool lexer_name_valid(const char *name);

#endif
