/* SPDX-License-Identifier: MIT */
/* What there is to say of a conversion: what was not carried over, and what is wrong. */
#ifndef CONFIG_IO_REPORT_H
#define CONFIG_IO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum note_kind {
    NOTE_KEPT,    /* Pando has no key for it: kept for export, not acted on */
    NOTE_CHANGED, /* carried over, but it means something else here */
    NOTE_LEFT,    /* the format that is written has no place for it */
    NOTE_WRONG,   /* cannot be right: must be mended */
};

struct note {
    enum note_kind kind;
    unsigned line; /* 0: no particular one */
    char *key;     /* "" if it is about none */
    char *text;
};

/* Start with a zeroed one that has @where. */
struct report {
    const char *where; /* the file */
    struct note *notes;
    size_t count;
    size_t left_out; /* not kept because there were too many */
    size_t wrong;    /* how many of all are NOTE_WRONG */
};

void report_add(struct report *report, enum note_kind kind, unsigned line, const char *key,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "FILE:LINE: KEY: text", a line for each, in the order of the lines. */
void report_print(struct report *report, FILE *out);

void report_free(struct report *report);

#endif
