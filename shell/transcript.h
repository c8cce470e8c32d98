/* SPDX-License-Identifier: MIT */
/*
 * What a guest has written to its console, as a text in which patterns are looked for: without
 * control sequences (ECMA-48), carriage returns, and control characters but newline and tab.
 */
#ifndef SHELL_TRANSCRIPT_H
#define SHELL_TRANSCRIPT_H

#include "plain.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MATCH_MAX = 16 << 10,     /* bytes of a match that is found however it comes in pieces */
    TRANSCRIPT_MAX = 1 << 20, /* bytes that are kept behind the place */
};

struct pattern {
    const char *text;
    bool plain;    /* it is not a regular expression but the text itself */
    regex_t regex; /* POSIX extended; ^ and $ are at lines, . is no newline */
};

/* Zeroed is empty. */
struct transcript {
    struct plain plain; /* where in a control sequence what comes next is */
    char *text;
    size_t length, room;
    size_t place;    /* where the last match ended */
    size_t searched; /* up to there the last pattern has been looked for */
};

void transcript_free(struct transcript *transcript);

void transcript_add(struct transcript *transcript, const void *bytes, size_t length);

/* Moves the place behind consoled's last line about the start of that domain, if there is one. */
void transcript_skip_to_domain(struct transcript *transcript, uint32_t domid);

/* Moves it behind everything. */
void transcript_skip_all(struct transcript *transcript);

/* Another pattern is going to be looked for. */
void transcript_restart(struct transcript *transcript);

/*
 * Looks for the pattern behind the place. If it is there, the place moves behind it, and *match is
 * a copy of it. If not, the place stays, unless there is too much behind it.
 */
bool transcript_find(struct transcript *transcript, const struct pattern *pattern, char **match);

/* The end of what is behind the place, at most @lines lines and @size bytes. */
const char *transcript_tail(const struct transcript *transcript, unsigned lines, size_t size,
                            size_t *length);

#endif
