/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include <string.h>

enum { GROUND, ESCAPE, INTERMEDIATE, CSI, STRING, STRING_ESCAPE };

enum { BEL = 0x07, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, DEL = 0x7f };

/* A control string without an end in this many bytes was none. */
enum { STRING_MAX = 4096 };

static void after_escape(struct plain *plain, unsigned char byte)
{
    if (byte == '[')
        plain->state = CSI;
    else if (byte && strchr("]PX^_", byte))
        plain->state = STRING;
    else
        plain->state = byte >= 0x20 && byte <= 0x2f ? INTERMEDIATE : GROUND;
    plain->skipped = 0;
}

static void in_string(struct plain *plain, unsigned char byte)
{
    bool ends = plain->state == STRING_ESCAPE || byte == BEL || byte == CAN || byte == SUB ||
                ++plain->skipped == STRING_MAX;
    plain->state = ends ? GROUND : byte == ESC ? STRING_ESCAPE : STRING;
}

bool plain_keeps(struct plain *plain, unsigned char byte)
{
    if (plain->state >= STRING) {
        in_string(plain, byte);
        return false;
    }
    if (byte == ESC || byte == CAN || byte == SUB) {
        plain->state = byte == ESC ? ESCAPE : GROUND;
        return false;
    }
    /* Control characters inside of a sequence are obeyed at once. */
    if (byte < 0x20 || byte == DEL)
        return byte == '\n' || byte == '\t';
    if (plain->state == GROUND)
        return true;
    if (plain->state == ESCAPE)
        after_escape(plain, byte);
    else if (byte >= (plain->state == CSI ? 0x40 : 0x30))
        plain->state = GROUND;
    return false;
}
