/* SPDX-License-Identifier: MIT */
/* A tree of values: a configuration in whatever format, and JSON text in and out. */
#ifndef CONFIG_IO_VALUE_H
#define CONFIG_IO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,   /* text is "true" or "false" */
    VALUE_NUMBER, /* text is the number in decimal */
    VALUE_STRING,
    VALUE_LIST,
    VALUE_OBJECT,
};

enum {
    VALUE_DEPTH_MAX = 16,
    VALUE_TEXT_MAX = 1 << 20, /* bytes of a file, or of JSON text */
};

struct value {
    enum value_type type;
    unsigned line;              /* where it comes from; 0: no particular line */
    char *key;                  /* in an object, else NULL */
    char *text;                 /* never NULL; "" for lists and objects */
    struct value *first, *last; /* members */
    struct value *next;
};

/* A program without memory can do nothing better than end: none of these returns NULL. */
struct value *value_new(enum value_type type, const char *text, unsigned line);
struct value *value_copy(const struct value *value);
void value_free(struct value *value); /* NULL is fine */

/* Adds to a list, or with a key to an object, which owns it then. Returns @member. */
struct value *value_add(struct value *list, struct value *member);
struct value *value_set(struct value *object, const char *key, struct value *member);

/* The first member with the key, NULL if there is none or @object is NULL or no object. */
struct value *value_get(const struct value *object, const char *key);
/* Its text if it is a string or a number, else @preset. */
const char *value_text(const struct value *object, const char *key, const char *preset);

/* Takes a member out, and frees it. */
void value_remove(struct value *object, const char *key);

bool value_equal(const struct value *a, const struct value *b);

/* An integer, in a number or in a string (decimal, 0x and 0 as in C). */
bool value_number(const struct value *value, long long *number);

/* JSON. NULL with a sentence in @error, and a line; what is printed is to be freed. */
struct value *value_parse(const char *text, size_t length, unsigned *line, char *error,
                          size_t size);
char *value_print(const struct value *value, bool indented);

/* The pointer, or the end of the program. */
void *need(void *pointer);
char *need_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
