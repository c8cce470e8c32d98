/* SPDX-License-Identifier: MIT */
/* The terminal's driver: raw while it is ours, and given back whatever happens. */
#ifndef SHELL_TERM_TTY_H
#define SHELL_TERM_TTY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes @in raw. @restore is what is written to @out to undo all that was done to the terminal:
 * by exit() and by signals that tell of a mistake in the program. False with errno. */
bool tty_enter(int in, int out, const char *restore);

/* Back to what it was; writes nothing. */
void tty_leave(void);

/* A descriptor of the same terminal that doesn't block: the flag of an open file would be shared
 * with whoever else has it. -1 with errno. */
int tty_reopen(int fd);

/* Writes all, if the terminal takes it within a second. */
void tty_write(int fd, const char *bytes, size_t length);

/* The size that the kernel knows; false: none. */
bool tty_size(int fd, int *width, int *height);

#endif
