/* SPDX-License-Identifier: MIT */
/*
 * Compressed kernels: finds the payload of a bzImage (Linux, Documentation/arch/
 * x86/boot.rst, protocol 2.08 and later) and unpacks it. Boot only: what it is
 * made of is dropped afterwards.
 *
 * The libraries behind it use SSE2 and read the stack protector's canary at
 * %fs:0x28: the caller of unpack() makes both possible.
 */
#ifndef HV_UNPACK_H
#define HV_UNPACK_H

#include <hv/types.h>

enum unpack_format { UNPACK_PLAIN, UNPACK_GZIP, UNPACK_XZ, UNPACK_ZSTD, UNPACK_LZ4 };

struct unpack_payload {
    enum unpack_format format;
    const uint8_t *data; /* into the image */
    size_t size;
    size_t unpacked_size; /* bytes, as the payload tells; at most UNPACK_MAX_SIZE */
};

/* A kernel larger than this is not believed. */
#define UNPACK_MAX_SIZE (512UL << 20)

/*
 * What @image of @size bytes holds. An ELF file is its own payload. -ENOEXEC:
 * neither ELF nor bzImage, or broken; -ENOSYS: a compression that isn't
 * supported. Both with a log line that says which.
 */
int unpack_find(const void *image, size_t size, struct unpack_payload *p);

/*
 * Unpacks @p into p->unpacked_size bytes at @dst. -ENOMEM, or -EINVAL when the
 * data is corrupt or of another size; with a log line.
 */
int unpack(const struct unpack_payload *p, void *dst);

/* Memory of the libraries: from boot_scratch_alloc, given back by unpack(). */
void *unpack_malloc(size_t size);
void unpack_heap_release(void);

/* unpack_lz4.c: the legacy frame. Bytes written, or -EINVAL. */
long unpack_lz4(const uint8_t *src, size_t size, uint8_t *dst, size_t dst_size);

#endif
