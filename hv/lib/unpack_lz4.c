/* SPDX-License-Identifier: MIT */
/*
 * LZ4's legacy frame, which kernels use (LZ4 Frame Format 1.6.2, "Legacy frame"):
 * a magic number, then blocks of a 32-bit size and that many bytes, each of which
 * unpacks on its own to 8 MiB, the last to less.
 */
#include <hv/errno.h>
#include <hv/string.h>
#include <hv/unpack.h>

#define LZ4_MAGIC      0x184c2102u
#define LZ4_BLOCK      (8u << 20)
#define LZ4_MIN_MATCH  4
#define LZ4_LENGTH_EXT 15

struct lz4 {
    const uint8_t *src, *src_end;
    uint8_t *dst, *dst_start, *dst_end;
};

/* The rest of a length of which 15 was in the token; false at the end of the source. */
static bool long_length(struct lz4 *z, size_t *len)
{
    uint8_t b;

    do {
        if (z->src == z->src_end)
            return false;
        b = *z->src++;
        *len += b;
    } while (b == 255);
    return true;
}

static bool copy_literals(struct lz4 *z, size_t len)
{
    if (len > (size_t)(z->src_end - z->src) || len > (size_t)(z->dst_end - z->dst))
        return false;
    memcpy(z->dst, z->src, len);
    z->src += len;
    z->dst += len;
    return true;
}

static bool copy_match(struct lz4 *z, size_t offset, size_t len)
{
    if (!offset || offset > (size_t)(z->dst - z->dst_start) || len > (size_t)(z->dst_end - z->dst))
        return false;
    if (offset >= len) {
        memcpy(z->dst, z->dst - offset, len);
        z->dst += len;
        return true;
    }
    for (; len; len--, z->dst++) /* the match overlaps what it makes */
        *z->dst = *(z->dst - offset);
    return true;
}

/* One block (LZ4 Block Format): sequences of literals and a match; the last has no match. */
static bool unpack_block(struct lz4 *z)
{
    while (z->src < z->src_end) {
        uint8_t token = *z->src++;
        size_t literals = token >> 4, match = token & 15, offset;

        if (literals == LZ4_LENGTH_EXT && !long_length(z, &literals))
            return false;
        if (!copy_literals(z, literals))
            return false;
        if (z->src == z->src_end)
            return true;
        if (z->src_end - z->src < 2)
            return false;
        offset = z->src[0] | z->src[1] << 8;
        z->src += 2;
        if (match == LZ4_LENGTH_EXT && !long_length(z, &match))
            return false;
        if (!copy_match(z, offset, match + LZ4_MIN_MATCH))
            return false;
    }
    return false;
}

long unpack_lz4(const uint8_t *src, size_t size, uint8_t *dst, size_t dst_size)
{
    size_t done = 0;
    uint32_t n;

    if (size < 4)
        return -EINVAL;
    memcpy(&n, src, 4);
    if (n != LZ4_MAGIC)
        return -EINVAL;
    src += 4;
    size -= 4;
    while (size >= 4) {
        struct lz4 z;

        memcpy(&n, src, 4);
        src += 4;
        size -= 4;
        if (n == LZ4_MAGIC) /* frames may follow each other */
            continue;
        if (n > size)
            return -EINVAL;
        z = (struct lz4){ .src = src, .src_end = src + n };
        z.dst = z.dst_start = dst + done;
        z.dst_end = z.dst + min(dst_size - done, (size_t)LZ4_BLOCK);
        if (!unpack_block(&z))
            return -EINVAL;
        done += z.dst - z.dst_start;
        src += n;
        size -= n;
    }
    return done;
}
