/* SPDX-License-Identifier: MIT */
/* Whether a configuration comes back as it was after an import and an export. */
#ifndef TEST_ROUNDTRIP_H
#define TEST_ROUNDTRIP_H

#include <stdbool.h>
#include <stddef.h>

enum roundtrip {
    ROUNDTRIP_SAME,
    ROUNDTRIP_REFUSED, /* the import says that it cannot be understood, and why */
    ROUNDTRIP_LOST,    /* something is lost or was made up */
};

/* @why (of @size bytes) says what was lost, or why it was refused. */
enum roundtrip roundtrip_xl(const char *text, size_t length, char *why, size_t size);
enum roundtrip roundtrip_libvirt(const char *text, size_t length, char *why, size_t size);

/* From one format through the other: the first comes back the same. */
enum roundtrip roundtrip_through(const char *text, size_t length, char *why, size_t size);

#endif
