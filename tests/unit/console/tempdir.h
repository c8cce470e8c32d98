/* SPDX-License-Identifier: MIT */
/* A folder for a test's files. */
#ifndef CONSOLE_TEMPDIR_H
#define CONSOLE_TEMPDIR_H

#include <stddef.h>

/* Makes an empty one; the path lives until tempdir_remove(), which removes it with its files. */
const char *tempdir_make(void);
void tempdir_remove(void);

/* Reads a whole file in it, with a NUL behind; to be freed. NULL if there is none. */
char *tempdir_read(const char *name, size_t *length);

#endif
