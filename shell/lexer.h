/* SPDX-License-Identifier: MIT */
/* Lines into words, quoted as in sh(1). */
#ifndef SHELL_LEXER_H
#define SHELL_LEXER_H

#include <stddef.h>

struct words {
    char **list; /* NULL behind the last */
    size_t count;
};

enum lexer_result {
    LEXER_OK,
    LEXER_MORE,  /* a backslash ends the line: the next belongs to it */
    LEXER_WRONG, /* *error says why */
};

/*
 * Splits a line, which may end in a newline, into words. '...' keeps all as it is, in "..." a
 * backslash quotes one of " \ $ `, outside of quotes any character, and # at the start of a word
 * begins a comment. The characters ; | & < > are refused outside of quotes, since they mean
 * something to sh but nothing here. Only with LEXER_OK are there words to be freed.
 */
enum lexer_result lexer_split(const char *line, struct words *words, const char **error);

void words_free(struct words *words);

#endif
