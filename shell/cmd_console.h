/* SPDX-License-Identifier: MIT */
#ifndef SHELL_CMD_CONSOLE_H
#define SHELL_CMD_CONSOLE_H

#include "attach.h"
#include "shell.h"

/* Attaches to a guest's console until it is over; returns an enum shell_exit. For `create` too. */
int console_run(struct shell *shell, const char *guest, bool read_only, bool replay,
                enum console_follow follow);

#endif
