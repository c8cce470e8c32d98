/* SPDX-License-Identifier: MIT */
/* What the prompt and the full-screen command line share of readline: completion and history. */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include "shell.h"

/*
 * Sets readline up to complete by complete.h, asking with that shell's handle, and reads
 * ~/.pando_history if nobody has yet. Signals and the terminal are left to the caller. Returns the
 * shell that was asked before: full-screen mode may be started from the prompt.
 */
struct shell *edit_start(struct shell *shell);

/* Adds a line to the history, unless it is the same as the last one, and to the file at once: a
 * shell may be killed. */
void edit_remember(const char *line);

/* Goes back to the shell that edit_start() has returned; NULL: nobody edits any more, and the file
 * is cut to what is kept. */
void edit_stop(struct shell *before);

#endif
