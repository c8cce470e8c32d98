/* SPDX-License-Identifier: MIT */
/* Compresses for the tests, by the same libraries that unpack. The result is to be freed. */
#ifndef CTL_PACK_H
#define CTL_PACK_H

#include <stddef.h>

#include "unpack.h"

void *pack(enum unpack_kind kind, const void *data, size_t size, size_t *packed);

/* @size bytes that compress, but not to nothing. */
void *pack_sample(size_t size);

#endif
