/* SPDX-License-Identifier: MIT */
#ifndef SHELL_INTERACTIVE_H
#define SHELL_INTERACTIVE_H

#include "shell.h"

/*
 * Prompts for commands on the terminal until `quit` or Ctrl-D. Lines are kept in ~/.pando_history.
 * Ctrl-C drops the line, or ends the command that waits. Returns SHELL_OK, or
 * SHELL_FAILED without a terminal.
 */
int interactive_run(struct shell *shell);

#endif
