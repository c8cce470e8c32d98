/* SPDX-License-Identifier: MIT */
/*
 * JSON text in and out: a small tree that remembers lines, and a writer. The one user of yajl.
 */
#ifndef PANDO_JSON_H
#define PANDO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* Limits of json_parse(). */
enum {
    JSON_SIZE_MAX = 1 << 20, /* bytes of text */
    JSON_DEPTH_MAX = 16,
    JSON_NODES_MAX = 1 << 16,
};

/* A value, in the list of its array or object. All nodes belong to the root. */
struct json {
    enum json_type type;
    unsigned line;             /* from 1; where it starts */
    char *key;                 /* in an object, else NULL; UTF-8 without NUL */
    char *text;                /* of JSON_STRING: without NUL inside; of JSON_NUMBER: as written */
    bool boolean;              /* of JSON_BOOL */
    struct json *parent;       /* NULL: the root */
    struct json *first, *last; /* members in the order of the text, duplicate keys too */
    struct json *next;
};

struct json_error {
    unsigned line; /* from 1; 0: no particular line */
    char text[200];
};

/* Parses one JSON text. NULL on failure, with the reason in @error. */
struct json *json_parse(const char *text, size_t length, struct json_error *error);
void json_free(struct json *root);

/* The number as an unsigned integer; false if it is anything but an integer in 0..2^64-1. */
bool json_uint(const struct json *node, uint64_t *value);

/* The first member with the key, or NULL. */
const struct json *json_member(const struct json *object, const char *key);

/* "a string", "a number", ...: for errors. */
const char *json_type_name(enum json_type type);

/*
 * A writer. Calls nest as the values do; in an object a json_write_key() precedes each value. An
 * error (out of memory) is remembered and reported by json_writer_finish().
 * Bytes of a string that aren't UTF-8 are replaced by U+FFFD.
 */
struct json_writer *json_writer_new(void);
void json_write_object_begin(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer);
/* [], in one line. */
void json_write_array_empty(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, const char *key);
void json_write_string(struct json_writer *writer, const char *text); /* NULL: null */
void json_write_uint(struct json_writer *writer, uint64_t value);
void json_write_int(struct json_writer *writer, int64_t value);
void json_write_bool(struct json_writer *writer, bool value);
/* Adds a value (without key) of a tree and all in it. */
void json_write_tree(struct json_writer *writer, const struct json *node);

/* Frees the writer; the text (indented, with a newline at its end) is to be freed. NULL: failed. */
char *json_writer_finish(struct json_writer *writer);

#endif
