/* SPDX-License-Identifier: MIT */
/* Text that somebody else has written, on its way to the user. */
#ifndef SHELL_OUTPUT_H
#define SHELL_OUTPUT_H

#include <stdio.h>

#include "shell.h"

/*
 * Writes text from a log. On a terminal, control sequences and control characters other than
 * newline, tab and return are left out, so that no guest can make the operator's terminal do things
 * by what it logs.
 */
void output_foreign(FILE *out, const char *text, size_t length);

/*
 * Says what a command is doing, and that @done of @total parts of it are done (@total 0: nobody
 * knows): in full-screen mode, or in a line of the terminal that is written over again. Nothing
 * where nobody watches. At the end, output_progress_end(), before anything else is written.
 */
void output_progress(struct shell *shell, const char *step, unsigned int done, unsigned int total);
void output_progress_end(struct shell *shell);

/* Writes text from a log as JSON: its lines. */
void output_foreign_json(struct shell *shell, const char *text, size_t length);

#endif
