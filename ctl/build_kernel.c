/* SPDX-License-Identifier: MIT */
#include "build_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "handle.h"
#include "unpack.h"

/* Offsets of the Linux/x86 boot protocol's setup header. */
#define HDR_SETUP_SECTS    0x1f1
#define HDR_MAGIC          0x202 /* "HdrS" */
#define HDR_VERSION        0x206
#define HDR_PAYLOAD_OFFSET 0x248
#define HDR_PAYLOAD_LENGTH 0x24c
#define HDR_END            0x250

static uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int bzimage_payload(const void *data, size_t size, size_t *offset, size_t *length, const char **why)
{
    const uint8_t *p = data;
    uint64_t start, from, n;

    if (size < HDR_END || memcmp(p + HDR_MAGIC, "HdrS", 4)) {
        return -ENOENT;
    }
    if ((p[HDR_VERSION] | p[HDR_VERSION + 1] << 8) < 0x208) {
        *why = "is a bzImage of a boot protocol before 2.08 (Linux before 2.6.26)";
        return -EINVAL;
    }
    start = ((p[HDR_SETUP_SECTS] ? p[HDR_SETUP_SECTS] : 4) + 1) * 512u;
    from = start + get_le32(p + HDR_PAYLOAD_OFFSET);
    n = get_le32(p + HDR_PAYLOAD_LENGTH);
    if (n == 0 || from >= size || n > size - from) {
        *why = "is a bzImage whose payload is not within the file: it is cut short or damaged";
        return -EINVAL;
    }
    *offset = from;
    *length = n;
    return 0;
}

static const char *unpack_reason(int err)
{
    switch (err) {
    case -EOPNOTSUPP:
        return "is neither an ELF file nor compressed by gzip, xz, zstd or lz4";
    case -EFBIG:
        return "is too large when unpacked";
    case -ENOMEM:
        return "cannot be unpacked: out of memory";
    case -ECANCELED:
        return "is not wanted any more";
    default:
        return "cannot be unpacked: it is cut short or damaged";
    }
}

int kernel_parse(const void *data, size_t size, const struct cancel *cancel,
                 struct kernel_image *image, const char **why)
{
    const uint8_t *p = data;
    size_t offset = 0, length = size;
    int err = bzimage_payload(data, size, &offset, &length, why);

    memset(image, 0, sizeof(*image));
    if (err && err != -ENOENT) {
        return err;
    }
    p += offset;
    if (elf_detect(p, length)) {
        image->data = p;
        image->size = length;
    } else {
        err = unpack(p, length, KERNEL_SIZE_MAX, cancel, &image->unpacked, &image->size);
        if (err) {
            *why = unpack_reason(err);
            return err;
        }
        image->data = image->unpacked;
    }
    err = elf_parse(image->data, image->size, &image->elf, why);
    if (err) {
        kernel_free(image);
    }
    return err;
}

enum pando_code kernel_load(const char *path, const struct cancel *cancel,
                            struct kernel_image *image)
{
    struct file_map map;
    enum pando_code code = file_map_open(&map, path, "kernel");
    const char *why;
    int err;

    if (code) {
        return code;
    }
    err = kernel_parse(map.data, map.size, cancel, image, &why);
    if (err) {
        file_map_close(&map);
        if (err == -ECANCELED) {
            return pando_fail_cancelled();
        }
        return pando_fail(PANDO_E_FILE, "kernel", "%s: the kernel %s", path, why);
    }
    if (image->unpacked) {
        file_map_close(&map);
    } else {
        image->map = map;
    }
    return PANDO_OK;
}

void kernel_free(struct kernel_image *image)
{
    free(image->unpacked);
    file_map_close(&image->map);
    memset(image, 0, sizeof(*image));
}
