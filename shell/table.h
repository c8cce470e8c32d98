/* SPDX-License-Identifier: MIT */
/* Tables for people: columns as wide as what is in them. */
#ifndef SHELL_TABLE_H
#define SHELL_TABLE_H

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
    const char *const *titles; /* NULL ends them; '>' before a title: the column is right-aligned */
    size_t columns;
    char **cells; /* row by row */
    size_t count;
};

void table_init(struct table *table, const char *const *titles);

/* Adds the next cell, printf-like; a row ends with its last column. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes it, and frees what it holds. */
void table_print(struct table *table, FILE *out);

#endif
