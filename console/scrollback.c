/* SPDX-License-Identifier: MIT */
#include "scrollback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096u

void scrollback_free(struct scrollback *sb)
{
    free(sb->data);
    *sb = (struct scrollback){ 0 };
}

/* Copies from the ring of @size bytes at @data; all of it must be there. */
static void copy_out(const char *data, size_t size, uint64_t position, char *buf, size_t length)
{
    size_t offset = position & (size - 1);
    size_t first = length < size - offset ? length : size - offset;

    memcpy(buf, data + offset, first);
    memcpy(buf + first, data, length - first);
}

static void copy_in(struct scrollback *sb, const char *buf, size_t length)
{
    size_t offset = sb->end & (sb->size - 1);
    size_t first = length < sb->size - offset ? length : sb->size - offset;

    memcpy(sb->data + offset, buf, first);
    memcpy(sb->data, buf + first, length - first);
}

/* Makes room for @wanted bytes, if there is memory. */
static void grow(struct scrollback *sb, uint64_t wanted)
{
    size_t size = sb->size ? sb->size : FIRST_SIZE;
    struct scrollback bigger = *sb;

    while (size < wanted && size < SCROLLBACK_SIZE) {
        size *= 2;
    }
    if (size == sb->size) {
        return;
    }
    bigger.data = malloc(size);
    if (!bigger.data) {
        return;
    }
    bigger.size = size;
    bigger.end = sb->start;
    while (bigger.end != sb->end) {
        size_t offset = bigger.end & (sb->size - 1);
        uint64_t left = sb->end - bigger.end;
        size_t length = left < sb->size - offset ? left : sb->size - offset;

        copy_in(&bigger, sb->data + offset, length);
        bigger.end += length;
    }
    free(sb->data);
    *sb = bigger;
}

int scrollback_append(struct scrollback *sb, const void *buf, size_t length)
{
    const char *p = buf;

    grow(sb, sb->end - sb->start + length);
    if (!sb->size) {
        sb->end += length;
        sb->start = sb->end;
        return -ENOMEM;
    }
    if (length > sb->size) {
        p += length - sb->size;
        sb->end += length - sb->size;
        length = sb->size;
    }
    copy_in(sb, p, length);
    sb->end += length;
    if (sb->end > sb->size && sb->start < sb->end - sb->size) {
        sb->start = sb->end - sb->size;
    }
    return 0;
}

void scrollback_clear(struct scrollback *sb)
{
    sb->start = sb->end;
}

size_t scrollback_read(const struct scrollback *sb, uint64_t *position, void *buf, size_t size,
                       uint64_t *lost)
{
    uint64_t dropped = *position < sb->start ? sb->start - *position : 0;
    size_t length;

    *position += dropped;
    if (lost) {
        *lost = dropped;
    }
    length = sb->end - *position < size ? sb->end - *position : size;
    if (length) {
        copy_out(sb->data, sb->size, *position, buf, length);
        *position += length;
    }
    return length;
}
