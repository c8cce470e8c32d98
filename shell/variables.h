/* SPDX-License-Identifier: MIT */
/* The variables of a script, or of a prompt as long as it lasts. Any thread may use them. */
#ifndef SHELL_VARIABLES_H
#define SHELL_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

enum { VARIABLES_MAX = 1000 };

/* Sets a variable with a valid name (lexer_name_valid()). False: there are too many. */
bool variable_set(const char *name, const char *value);

/* A copy of its value, or NULL: it is not set. @arg is not used: it is a lexer_variable_fn. */
char *variable_value(void *arg, const char *name);

/* The name of the @n-th in alphabetical order, copied, NULL behind the last. */
char *variable_name(size_t n);

/* Forgets them all. */
void variables_clear(void);

#endif
