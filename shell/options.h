/* SPDX-License-Identifier: MIT */
/* Options and arguments of a command. */
#ifndef SHELL_OPTIONS_H
#define SHELL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shell.h"

struct option_info {
    const char *name;    /* without the dashes; NULL ends a table */
    const char *value;   /* what stands for its value in the help, NULL: it has none */
    const char *summary; /* "print JSON instead of a table" */
};

enum { OPTIONS_MAX = 8 };

struct arguments {
    const struct option_info *options;
    const char *values[OPTIONS_MAX]; /* of the options given, "" if they have none, else NULL */
    const char **words;              /* what isn't an option; NULL behind the last */
    size_t count;
};

/*
 * Sorts the words behind a command's name: --NAME, --NAME=VALUE and --NAME VALUE anywhere, up to a
 * word that is just "--". Keeps pointers into them. False after an error message; with true,
 * arguments_free() is due.
 */
bool arguments_parse(struct shell *shell, const struct option_info *options,
                     const char *const *words, struct arguments *arguments);
void arguments_free(struct arguments *arguments);

/* The value of an option that the command has, NULL if it wasn't given. */
const char *option_value(const struct arguments *arguments, const char *name);
bool option_given(const struct arguments *arguments, const char *name);

/* --timeout SECONDS as milliseconds; @preset if it isn't given. False after an error message. */
bool option_timeout(struct shell *shell, const struct arguments *arguments, int preset_ms,
                    int *timeout_ms);

/* An unsigned number in decimal. */
bool parse_number(const char *text, uint64_t max, uint64_t *number);

#endif
