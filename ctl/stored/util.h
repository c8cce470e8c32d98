/* SPDX-License-Identifier: MIT */
/*
 * Allocation and logging.
 *
 * What a client can make the daemon allocate is bounded by quotas, so running out of memory means
 * that the host has none left. The daemon then ends: its state is in the journal and init starts it
 * again. None of the x*() functions returns NULL.
 */
#ifndef STORED_UTIL_H
#define STORED_UTIL_H

#include <stddef.h>
#include <stdint.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *string);

/* Grows *array, of elements of @size bytes and *room of them, so that it has room for @need. */
void *xgrow(void *array, uint32_t *room, uint32_t need, size_t size);

/* One line on standard error, "stored: " in front. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A byte buffer that grows. */
struct buffer {
    char *data;
    size_t length, room;
};

void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_free(struct buffer *buffer);

/* FNV-1a, which can be continued: the hash of "/a" is that of "/" continued with "a". */
#define HASH_START 2166136261u
static inline uint32_t hash_continue(uint32_t hash, const void *data, size_t length)
{
    const unsigned char *p = data;

    while (length--) {
        hash = (hash ^ *p++) * 16777619u;
    }
    return hash;
}

#endif
