/* SPDX-License-Identifier: MIT */
#include "query.h"

#include <stdbool.h>
#include <string.h>

enum { GROUND, ESCAPE, CSI, STRING, STRING_ESCAPE };

enum { BEL = 0x07, ENQ = 0x05, CAN = 0x18, SUB = 0x1a, ESC = 0x1b };

/* A control string without an end in this many bytes was none. */
#define STRING_MAX 4096u

/* Whether the control sequence that is held, ESC [ ... FINAL, asks for an answer. */
static bool is_question(const struct query_filter *filter)
{
    const uint8_t *hold = filter->hold;

    switch (hold[filter->held - 1]) {
    case 'c': /* device attributes */
    case 'n': /* status and cursor position */
    case 't': /* window reports (and changes) */
    case 'x': /* terminal parameters */
        return true;
    case 'p': /* mode reports; others are soft reset and the like */
        return memchr(hold, '$', filter->held);
    case 'q': /* version; others are the cursor's style */
        return memchr(hold, '>', filter->held);
    case 'u': /* keyboard flags; others restore the cursor */
        return memchr(hold, '?', filter->held);
    default:
        return false;
    }
}

static size_t release(struct query_filter *filter, uint8_t *to)
{
    size_t held = filter->held;

    memcpy(to, filter->hold, held);
    filter->held = 0;
    filter->state = GROUND;
    return held;
}

static size_t after_escape(struct query_filter *filter, uint8_t byte, uint8_t *to)
{
    if (byte == '[') {
        filter->state = CSI;
        return 0;
    }
    if (byte && strchr("]PX^_", byte)) {
        filter->state = STRING;
        filter->held = filter->skipped = 0;
        return 0;
    }
    if (byte == 'Z') { /* DECID, device attributes of old */
        filter->state = GROUND;
        filter->held = 0;
        return 0;
    }
    return release(filter, to);
}

static size_t in_sequence(struct query_filter *filter, uint8_t byte, uint8_t *to)
{
    if (byte >= 0x40 && byte <= 0x7e) {
        if (is_question(filter)) {
            filter->held = 0;
            filter->state = GROUND;
            return 0;
        }
        return release(filter, to);
    }
    return byte < 0x20 || byte > 0x3f || filter->held == sizeof(filter->hold) ? release(filter, to)
                                                                              : 0;
}

static void in_string(struct query_filter *filter, uint8_t byte)
{
    bool ends = filter->state == STRING_ESCAPE || byte == BEL || byte == CAN || byte == SUB ||
                ++filter->skipped == STRING_MAX;

    filter->state = ends ? GROUND : byte == ESC ? STRING_ESCAPE : STRING;
}

static size_t filter_byte(struct query_filter *filter, uint8_t byte, uint8_t *to)
{
    size_t done = 0;

    if (filter->state == STRING || filter->state == STRING_ESCAPE) {
        in_string(filter, byte);
        return 0;
    }
    if (byte == ESC) {
        done = release(filter, to);
        filter->state = ESCAPE;
        filter->hold[filter->held++] = byte;
        return done;
    }
    if (filter->state == GROUND) {
        *to = byte;
        return byte != ENQ;
    }
    filter->hold[filter->held++] = byte;
    return filter->state == ESCAPE ? after_escape(filter, byte, to) : in_sequence(filter, byte, to);
}

size_t query_filter(struct query_filter *filter, const void *from, size_t length, void *to)
{
    const uint8_t *bytes = from;
    uint8_t *out = to;

    for (size_t i = 0; i < length; i++) {
        out += filter_byte(filter, bytes[i], out);
    }
    return (size_t)(out - (uint8_t *)to);
}

size_t query_finish(struct query_filter *filter, void *to)
{
    size_t held = release(filter, to);

    filter->skipped = 0;
    return held;
}
