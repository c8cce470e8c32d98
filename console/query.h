/* SPDX-License-Identifier: MIT */
/*
 * Takes the questions to a terminal out of a console's scrollback (cursor position, device
 * attributes, mode, colour and size reports...; ECMA-48 and xterm's control sequences). They were
 * answered, or not, when they were new; the answers of today's terminal would be typed into the
 * guest. Control strings (OSC, DCS, PM, APC, SOS) go with them.
 */
#ifndef CONSOLE_QUERY_H
#define CONSOLE_QUERY_H

#include <stddef.h>
#include <stdint.h>

#define QUERY_HELD_MAX 64u

/* Zeroed is the start. */
struct query_filter {
    int state;
    size_t skipped; /* bytes of a control string */
    size_t held;    /* bytes of a sequence that isn't complete */
    uint8_t hold[QUERY_HELD_MAX];
};

/* Copies @length bytes but the questions to @to, which has room for QUERY_HELD_MAX more. Returns
 * how many it has become. */
size_t query_filter(struct query_filter *filter, const void *from, size_t length, void *to);

/* The text is over: hands out what was held. */
size_t query_finish(struct query_filter *filter, void *to);

#endif
