/* SPDX-License-Identifier: MIT */
/* What the prompt and the full-screen command line share of readline: completion and history. */
#ifndef SHELL_EDIT_H
#define SHELL_EDIT_H

#include "shell.h"

/* Sets readline up to complete by complete.h, asking with that shell's handle, and reads
 * ~/.pando_history. Signals and the terminal are left to the caller. */
void edit_start(struct shell *shell);

/* Adds a line to the history, unless it is the same as the last one, and to the file at once: a
 * shell may be killed. */
void edit_remember(const char *line);

/* Cuts the file to what is kept. */
void edit_stop(void);

#endif
