/* SPDX-License-Identifier: MIT */
/*
 * The last bytes of a console. Every byte ever appended has a position, counted from 0; those from
 * scrollback_start() up to scrollback_end() are still there. Readers (clients, the log) keep a
 * position each and so need no buffer of their own.
 */
#ifndef CONSOLE_SCROLLBACK_H
#define CONSOLE_SCROLLBACK_H

#include <stddef.h>
#include <stdint.h>

#define SCROLLBACK_SIZE (1024u * 1024)

/* Zeroed is empty. */
struct scrollback {
    char *data;
    size_t size;    /* allocated: a power of two, grown as needed up to SCROLLBACK_SIZE */
    uint64_t start; /* position of the first byte that is still there */
    uint64_t end;   /* position of the next byte */
};

void scrollback_free(struct scrollback *sb);

/* Appends bytes, dropping the oldest ones beyond SCROLLBACK_SIZE. Without memory to grow, the
 * oldest ones of the size that there is are dropped; -ENOMEM if there is none at all. */
int scrollback_append(struct scrollback *sb, const void *buf, size_t length);

/* Forgets all bytes. Positions go on counting. */
void scrollback_clear(struct scrollback *sb);

/*
 * Copies up to @size bytes from *position on, and moves it past them. If bytes at *position have
 * been dropped it is moved to the first one there is; *lost (may be NULL) says how many were lost.
 */
size_t scrollback_read(const struct scrollback *sb, uint64_t *position, void *buf, size_t size,
                       uint64_t *lost);

#endif
