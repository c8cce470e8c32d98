/* SPDX-License-Identifier: MIT */
/*
 * Unpacking of compressed kernels: gzip, xz, zstd and the legacy lz4 frame, recognised by their
 * magic bytes.
 */
#ifndef PANDO_UNPACK_H
#define PANDO_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "cancel.h"

enum unpack_kind {
    UNPACK_NONE, /* not compressed, or by something unknown */
    UNPACK_GZIP,
    UNPACK_XZ,
    UNPACK_ZSTD,
    UNPACK_LZ4,
};

enum unpack_kind unpack_detect(const void *data, size_t size);

/* "gzip", ... "no compression" */
const char *unpack_name(enum unpack_kind kind);

/*
 * Unpacks the stream at @data; what follows it is ignored. At most @limit bytes come out. *out is
 * to be freed. Returns 0; -EINVAL: malformed or cut short; -EFBIG: more than @limit; -ENOMEM;
 * -EOPNOTSUPP: none of the four; -ECANCELED: @cancel, which may be NULL, has been asked.
 */
int unpack(const void *data, size_t size, size_t limit, const struct cancel *cancel, void **out,
           size_t *out_size);

#endif
