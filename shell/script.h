/* SPDX-License-Identifier: MIT */
#ifndef SHELL_SCRIPT_H
#define SHELL_SCRIPT_H

#include "shell.h"

/*
 * Runs the lines of a script that errors call @name, until one fails, unless the shell is to keep
 * going. Returns the first failure's enum shell_exit.
 */
int script_run(struct shell *shell, FILE *file, const char *name);

/* The same for a file. */
int script_run_file(struct shell *shell, const char *path);

#endif
