/* SPDX-License-Identifier: MIT */
/* What may come next on a line that is being typed. */
#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

#include "shell.h"

struct candidates {
    char **list; /* sorted as offered; NULL behind the last */
    size_t count;
    bool files; /* names of files are to be offered instead */
};

/* Where guests are kept, if they are: /guests. Tests have another. */
extern const char *complete_guest_folder;

/*
 * Finds what the word @word can be completed to behind @before, the line up to it. Only candidates
 * that begin with the word are offered. To be freed.
 */
void complete(struct shell *shell, const char *before, const char *word,
              struct candidates *candidates);
/* For bash's completion, pando.bash.in: what it is to know of the commands. */
void completion_print_bash(FILE *out);

void candidates_free(struct candidates *candidates);

#endif
