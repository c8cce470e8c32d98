/* SPDX-License-Identifier: MIT */
/*
 * What commands print with --json. schema.c has all of it in one place, for the manual and for the
 * test that compares what is printed with it.
 */
#ifndef SHELL_SCHEMA_H
#define SHELL_SCHEMA_H

#include <stdbool.h>

enum schema_type {
    SCHEMA_STRING,
    SCHEMA_NUMBER, /* an integer, not negative */
    SCHEMA_SIGNED, /* an integer */
    SCHEMA_FLAG,   /* true or false */
    SCHEMA_STRINGS,
    SCHEMA_OBJECTS, /* an array of them */
};

struct schema;

struct schema_member {
    const char *name; /* NULL ends a table */
    enum schema_type type;
    const char *summary;     /* half a sentence */
    bool optional;           /* it may be left out; the summary says when */
    const struct schema *of; /* of SCHEMA_OBJECTS */
};

struct schema {
    const char *name;                    /* "guest" */
    const struct schema_member *members; /* NULL: a configuration, see pando.cfg(5) */
};

/* The output of a command, or of one of its forms. */
struct command_output {
    const char *form; /* "show GUEST"; "": there is only one, or it is the one without arguments */
    bool list;        /* an array of the objects, not just one */
    const struct schema *schema; /* NULL ends a table */
};

extern const struct command_output output_config[], output_create[], output_dmesg[],
    output_expect[], output_help[], output_info[], output_layout[], output_list[], output_log[],
    output_plugins[], output_set[], output_vcpu_list[], output_version[];

/* Every schema, in the order in which the manual explains them; NULL ends them. */
extern const struct schema *const schemas[];

/* "string", "number", ...: for the manual. */
const char *schema_type_name(enum schema_type type);

#endif
