/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_va(const char *format, va_list args)
{
    char line[512];

    vsnprintf(line, sizeof(line), format, args);
    for (char *p = line; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            *p = '?'; /* what a guest has sent may be in it */
        }
    }
    fprintf(stderr, "stored: %s\n", line);
}

void log_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_va(format, args);
    va_end(args);
}

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_va(format, args);
    va_end(args);
    exit(1);
}

static void *check_memory(void *ptr)
{
    if (!ptr) {
        die("out of memory; the state is kept in the journal, start the daemon again");
    }
    return ptr;
}

void *xmalloc(size_t size)
{
    return check_memory(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return check_memory(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *ptr, size_t size)
{
    return check_memory(realloc(ptr, size ? size : 1));
}

char *xstrdup(const char *string)
{
    return check_memory(strdup(string));
}

void *xgrow(void *array, uint32_t *room, uint32_t need, size_t size)
{
    if (need <= *room) {
        return array;
    }
    *room = need < 4 ? 4 : need + need / 2;
    return xrealloc(array, *room * size);
}

static void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->room - buffer->length < more) {
        buffer->room = (buffer->length + more) * 2;
        buffer->data = xrealloc(buffer->data, buffer->room);
    }
}

void buffer_add(struct buffer *buffer, const void *data, size_t length)
{
    buffer_reserve(buffer, length + 1);
    if (length) {
        memcpy(buffer->data + buffer->length, data, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0) {
        return;
    }
    buffer_add(buffer, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}
