/* SPDX-License-Identifier: MIT */
/*
 * Inside of the configuration: what a key is, and the passes over the table of keys.
 */
#ifndef PANDO_CONFIG_SCHEMA_H
#define PANDO_CONFIG_SCHEMA_H

#include "config.h"
#include "json.h"

enum config_kind {
    CONFIG_NAME,   /* char *: see pando_name_valid() */
    CONFIG_TEXT,   /* char *: min..max bytes without control characters */
    CONFIG_IFNAME, /* char *: a network interface's name in dom0 */
    CONFIG_FILE,   /* char *: absolute path of a regular file */
    CONFIG_IMAGE,  /* char *: absolute path of a regular file or a block device */
    CONFIG_VDEV,   /* char *: see pando_vdev_number() */
    CONFIG_UUID,   /* char[37] */
    CONFIG_MAC,    /* char[18] */
    CONFIG_UINT,   /* uint32_t or uint64_t in min..max; one outside that is none, and not printed */
    CONFIG_MEMORY, /* uint64_t of MiB in min..max, or a text: see pando_memory_parse() */
    CONFIG_UINTS,  /* array of uint32_t in min..max, and the size_t at offset2 */
    CONFIG_CHOICE, /* an enum */
    CONFIG_CPUS,   /* uint64_t[PANDO_CPU_WORDS] and the bool at offset2 */
    CONFIG_JSON,   /* char *: JSON text of an object, whatever is in it */
    CONFIG_LIST,   /* array of structs and the size_t at offset2; at most max of them */
    CONFIG_KINDS,
};

struct config_choice {
    const char *word; /* the first word for a value is the one that is printed */
    int value;
    const char *help; /* NULL for further words for the same value */
};

struct config_key {
    const char *key; /* NULL ends a table */
    enum config_kind kind;
    bool required;
    size_t offset, size; /* of the member that holds it */
    size_t offset2;      /* of the second member, see above */
    uint64_t min, max;
    uint64_t default_number;             /* CONFIG_UINT, CONFIG_CHOICE */
    const char *default_text;            /* strings, NULL: none */
    const char *default_help;            /* default in words where it is not one of the above */
    const char *unit;                    /* "MiB" */
    const struct config_choice *choices; /* CONFIG_CHOICE; word NULL ends it */
    const struct config_key *element;    /* CONFIG_LIST: table of each object's keys */
    size_t element_size;
    const char *summary; /* a few words */
    const char *help;    /* sentences */
};

extern const struct config_key config_keys[];

/* --- one pass of reading -------------------------------------------------------- */

struct config_source {
    const char *where;
    const char *folder; /* absolute; relative paths start here */
    bool lines;         /* the numbers of lines mean something */
    struct json *root;
};

struct config_reader {
    const struct config_source *source; /* of the value being read */
    unsigned int flags;
    bool no_memory;
    struct pando_problems *problems;
};

/* Adds a problem of a key; @node (or NULL) is what it is about. */
void config_problem(struct config_reader *reader, const struct json *node, const char *key,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether there is a problem of this key or of anything in it. */
bool config_has_problem(const struct pando_problems *problems, const char *key);

/* Sorts by source and line; @last names the source that comes last. */
void config_sort_problems(struct pando_problems *problems, const char *last);

/* The value as an error quotes it: cut, without control characters. Into @buffer. */
const char *config_quote(const struct json *node, char *buffer, size_t size);

/* config_vnuma.c: whether the virtual nodes fit together. @list is the value of vnuma, or NULL. */
struct config_vnuma {
    struct config_reader *reader;
    const struct json *list;
    const struct pando_config *config;
};
void config_check_vnuma(const struct config_vnuma *vnuma);

/* --- values --------------------------------------------------------------------- */

/* Reads a value into the struct at @base; @name is the whole key. Adds a problem if it is wrong. */
void config_read_value(struct config_reader *reader, const struct config_key *key, const char *name,
                       const struct json *node, void *base);

/* Reads the members of objects: of each key the first source that has it wins. */
void config_read_object(struct config_reader *reader, const struct config_key *table,
                        const char *prefix, const struct config_source *const *sources,
                        const struct json *const *objects, size_t count, void *base);

/* Sets the defaults of all keys in the struct at @base. False when out of memory. */
bool config_set_defaults(const struct config_key *table, void *base);

void config_write_object(struct json_writer *writer, const struct config_key *table,
                         const void *base);
void config_free_object(const struct config_key *table, void *base);

/* What is expected of a key's value: "a number from 8 to 1024 (MiB)". Into @buffer. */
const char *config_expected(const struct config_key *key, char *buffer, size_t size);

#endif
