/* SPDX-License-Identifier: MIT */
/*
 * Fields of the journal's records: numbers in the host's byte order, strings with their length.
 */
#ifndef STORED_RECORD_H
#define STORED_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util.h"

static inline void put_u8(struct buffer *out, uint8_t value)
{
    buffer_add(out, &value, sizeof(value));
}

static inline void put_u16(struct buffer *out, uint16_t value)
{
    buffer_add(out, &value, sizeof(value));
}

static inline void put_u32(struct buffer *out, uint32_t value)
{
    buffer_add(out, &value, sizeof(value));
}

static inline void put_u64(struct buffer *out, uint64_t value)
{
    buffer_add(out, &value, sizeof(value));
}

static inline void put_bytes(struct buffer *out, const void *data, size_t length)
{
    put_u32(out, (uint32_t)length);
    buffer_add(out, data, length);
}

static inline void put_string(struct buffer *out, const char *string)
{
    put_bytes(out, string, strlen(string) + 1);
}

/* Reads fields; @bad once something was missing, and everything read then is 0 or empty. */
struct reader {
    const char *data;
    size_t left;
    bool bad;
};

static inline const void *get(struct reader *reader, size_t length)
{
    const char *data = reader->data;

    if (reader->bad || length > reader->left) {
        reader->bad = true;
        return NULL;
    }
    reader->data += length;
    reader->left -= length;
    return data;
}

#define DEFINE_GET(name, type)                                                                     \
    static inline type name(struct reader *reader)                                                 \
    {                                                                                              \
        const void *data = get(reader, sizeof(type));                                              \
        type value = 0;                                                                            \
                                                                                                   \
        if (data) {                                                                                \
            memcpy(&value, data, sizeof(value));                                                   \
        }                                                                                          \
        return value;                                                                              \
    }
DEFINE_GET(get_u8, uint8_t)
DEFINE_GET(get_u16, uint16_t)
DEFINE_GET(get_u32, uint32_t)
DEFINE_GET(get_u64, uint64_t)
#undef DEFINE_GET

static inline const char *get_bytes(struct reader *reader, size_t *length)
{
    const char *data;

    *length = get_u32(reader);
    data = get(reader, *length);
    if (!data) {
        *length = 0;
        return "";
    }
    return data;
}

static inline const char *get_string(struct reader *reader)
{
    size_t length;
    const char *string = get_bytes(reader, &length);

    if (!length || string[length - 1]) {
        reader->bad = true;
        return "";
    }
    return string;
}

#endif
