/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* The legacy lz4 frame: this magic, then blocks of a 32-bit length and at most 8 MiB unpacked. */
#define LZ4_MAGIC     0x184c2102u
#define LZ4_BLOCK_MAX (8u << 20)

/* Memory that an xz stream may ask for, which names its dictionary's size itself. */
#define XZ_MEMORY_MAX (256u << 20)

#define GROW_START    (1u << 20)

/*
 * What has come out is looked through for zeros whenever there is this much more of it, which takes
 * some tenths of a second.
 */
#define ZEROS_STEP (1u << 20)
#define PAGE_BYTES 4096u

struct output {
    uint8_t *data;
    size_t size, room, limit;
    size_t looked; /* through for zeros, so far */
    size_t all;    /* bytes that there are to be unpacked */
    const struct cancel *cancel;
};

static bool is_zero(const uint8_t *p, size_t size)
{
    return p[0] == 0 && !memcmp(p, p + 1, size - 1);
}

/*
 * Half of a Linux kernel is zeros. Pages that hold nothing else are given back: they read as zeros
 * all the same, and several guests may be created at once by a dom0 that has little memory.
 */
static void release_zeros(struct output *out)
{
    uint8_t *page = (uint8_t *)(((uintptr_t)out->data + out->looked + PAGE_BYTES - 1) &
                                ~(uintptr_t)(PAGE_BYTES - 1));
    uint8_t *end = out->data + out->size, *run = NULL;

    for (; page + PAGE_BYTES <= end; page += PAGE_BYTES) {
        bool zero = is_zero(page, PAGE_BYTES);

        if (zero && !run) {
            run = page;
        } else if (!zero && run) {
            madvise(run, (size_t)(page - run), MADV_DONTNEED);
            run = NULL;
        }
    }
    if (run) {
        madvise(run, (size_t)(page - run), MADV_DONTNEED);
    }
    out->looked = out->size;
}

static int output_grow(struct output *out)
{
    size_t room = out->room ? out->room * 2 : GROW_START;
    uint8_t *bigger;

    if (out->room == out->limit) {
        return -EFBIG;
    }
    if (room > out->limit) {
        room = out->limit;
    }
    bigger = realloc(out->data, room);
    if (!bigger) {
        return -ENOMEM;
    }
    out->data = bigger;
    out->room = room;
    return 0;
}

/* Each step of a decoder begins with it, after @done bytes of what it reads. */
static int begin_step(const struct output *out, size_t done)
{
    if (out->cancel && out->cancel->done) {
        out->cancel->done(out->cancel->done_arg, done, out->all, out->size);
    }
    return cancel_asked(out->cancel) ? -ECANCELED : 0;
}

/* Makes room for at least one more byte. */
static int output_reserve(struct output *out, size_t done)
{
    int err = begin_step(out, done);

    if (err) {
        return err;
    }
    if (out->size - out->looked >= ZEROS_STEP) {
        release_zeros(out);
    }
    return out->size < out->room ? 0 : output_grow(out);
}

/* Room for the next step of a decoder. */
static size_t step_room(const struct output *out)
{
    size_t room = out->room - out->size;

    return room < ZEROS_STEP ? room : ZEROS_STEP;
}

static uint32_t read_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

enum unpack_kind unpack_detect(const void *data, size_t size)
{
    static const struct {
        enum unpack_kind kind;
        uint8_t length;
        uint8_t magic[6];
    } kinds[] = {
        { UNPACK_GZIP, 2, { 0x1f, 0x8b } },
        { UNPACK_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
        { UNPACK_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
        { UNPACK_LZ4, 4, { 0x02, 0x21, 0x4c, 0x18 } },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (size >= kinds[i].length && !memcmp(data, kinds[i].magic, kinds[i].length)) {
            return kinds[i].kind;
        }
    }
    return UNPACK_NONE;
}

const char *unpack_name(enum unpack_kind kind)
{
    static const char *const names[] = { "no compression", "gzip", "xz", "zstd", "lz4" };

    return names[kind];
}

static int unpack_gzip(const uint8_t *data, size_t size, struct output *out)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data };
    int err = 0, result;

    if (inflateInit2(&z, 15 + 16) != Z_OK) {
        return -ENOMEM;
    }
    do {
        size_t room;

        err = output_reserve(out, z.total_in);
        if (err) {
            break;
        }
        if (z.avail_in == 0 && size) {
            z.avail_in = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
            size -= z.avail_in;
        }
        room = step_room(out);
        z.next_out = out->data + out->size;
        z.avail_out = (uInt)room;
        result = inflate(&z, Z_NO_FLUSH);
        out->size += room - z.avail_out;
        if (result == Z_MEM_ERROR) {
            err = -ENOMEM;
        } else if (result != Z_OK && result != Z_STREAM_END) {
            err = -EINVAL; /* also Z_BUF_ERROR: the input has ended */
        }
    } while (!err && result != Z_STREAM_END);
    inflateEnd(&z);
    return err;
}

static int unpack_xz(const uint8_t *data, size_t size, struct output *out)
{
    lzma_stream xz = LZMA_STREAM_INIT;
    lzma_ret result;
    int err;

    if (lzma_stream_decoder(&xz, XZ_MEMORY_MAX, 0) != LZMA_OK) {
        return -ENOMEM;
    }
    xz.next_in = data;
    xz.avail_in = size;
    do {
        size_t room;

        err = output_reserve(out, xz.total_in);
        if (err) {
            break;
        }
        room = step_room(out);
        xz.next_out = out->data + out->size;
        xz.avail_out = room;
        result = lzma_code(&xz, LZMA_RUN);
        out->size += room - xz.avail_out;
        if (result == LZMA_MEM_ERROR || result == LZMA_MEMLIMIT_ERROR) {
            err = -ENOMEM;
        } else if (result != LZMA_OK && result != LZMA_STREAM_END) {
            err = -EINVAL;
        }
    } while (!err && result != LZMA_STREAM_END);
    lzma_end(&xz);
    return err;
}

static int unpack_zstd(const uint8_t *data, size_t size, struct output *out)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = { data, size, 0 };
    size_t result = 1;
    int err = 0;

    if (!stream) {
        return -ENOMEM;
    }
    while (!err && result != 0) {
        ZSTD_outBuffer to;
        size_t before = in.pos;

        err = output_reserve(out, in.pos);
        if (err) {
            break;
        }
        to = (ZSTD_outBuffer){ out->data, out->size + step_room(out), out->size };
        result = ZSTD_decompressStream(stream, &to, &in);
        if (ZSTD_isError(result) || (result && to.pos == out->size && in.pos == before)) {
            err = -EINVAL; /* malformed, or the input has ended */
        }
        out->size = to.pos;
    }
    ZSTD_freeDStream(stream);
    return err;
}

/* Unpacks one block of the legacy lz4 frame. */
static int unpack_lz4_block(const uint8_t *data, uint32_t size, struct output *out)
{
    int n;

    while (out->room - out->size < LZ4_BLOCK_MAX && out->room < out->limit) {
        int err = output_grow(out);

        if (err) {
            return err;
        }
    }
    if (out->size - out->looked >= ZEROS_STEP) {
        release_zeros(out);
    }
    /* A block at the end of the allowed size may be shorter than the maximum. */
    n = LZ4_decompress_safe(
        (const char *)data, (char *)out->data + out->size, (int)size,
        (int)(out->room - out->size < LZ4_BLOCK_MAX ? out->room - out->size : LZ4_BLOCK_MAX));
    if (n < 0) {
        return out->room - out->size < LZ4_BLOCK_MAX ? -EFBIG : -EINVAL;
    }
    out->size += (size_t)n;
    return 0;
}

static int unpack_lz4(const uint8_t *data, size_t size, struct output *out)
{
    bool any = false;

    data += 4;
    size -= 4;
    while (size >= 4) {
        uint32_t length = read_le32(data);
        int err;

        if (length == LZ4_MAGIC) { /* a concatenated frame */
            data += 4;
            size -= 4;
            continue;
        }
        /*
         * The format has no end mark: whatever does not look like a block ends it. In a bzImage
         * the length of the unpacked kernel follows.
         */
        if (length == 0 || length > LZ4_COMPRESSBOUND(LZ4_BLOCK_MAX) || length > size - 4) {
            break;
        }
        err = begin_step(out, out->all - size);
        if (!err) {
            err = unpack_lz4_block(data + 4, length, out);
        }
        if (err) {
            return err;
        }
        any = true;
        data += 4 + length;
        size -= 4 + length;
    }
    /* What is left is the appended length of the unpacked data, or nothing. */
    if (!any || (size != 0 && (size != 4 || read_le32(data) != (uint32_t)out->size))) {
        return -EINVAL;
    }
    return 0;
}

int unpack(const void *data, size_t size, size_t limit, const struct cancel *cancel, void **out,
           size_t *out_size)
{
    struct output output = { .limit = limit, .cancel = cancel, .all = size };
    int err;

    switch (unpack_detect(data, size)) {
    case UNPACK_GZIP:
        err = unpack_gzip(data, size, &output);
        break;
    case UNPACK_XZ:
        err = unpack_xz(data, size, &output);
        break;
    case UNPACK_ZSTD:
        err = unpack_zstd(data, size, &output);
        break;
    case UNPACK_LZ4:
        err = unpack_lz4(data, size, &output);
        break;
    default:
        err = -EOPNOTSUPP;
        break;
    }
    if (err) {
        free(output.data);
        return err;
    }
    release_zeros(&output);
    *out = output.data;
    *out_size = output.size;
    return 0;
}
