/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>
#include <hv/unpack.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* The setup header (boot.rst), offsets into the file. */
#define SETUP_SECTS      0x1f1
#define SETUP_MAGIC      0x202
#define SETUP_VERSION    0x206
#define PAYLOAD_OFFSET   0x248
#define PAYLOAD_LENGTH   0x24c
#define SETUP_HEADER_END 0x250
#define PROTOCOL_2_08    0x208

/* The libraries see at most this much of a kernel's idea of a dictionary. */
#define XZ_MEMORY_LIMIT (192UL << 20)

#ifdef UNIT_TEST
static void run_constructors(void)
{
}
#else
/* The libraries' own, gathered by unpack.lds. */
extern void (*const unpack_constructors_start[])(void);
extern void (*const unpack_constructors_end[])(void);

static void run_constructors(void)
{
    for (void (*const *f)(void) = unpack_constructors_start; f < unpack_constructors_end; f++)
        (*f)();
}
#endif

static const struct {
    uint8_t magic[8], length;
    enum unpack_format format;
    const char *name; /* of one that is not supported */
} formats[] = {
    { "\177ELF", 4, UNPACK_PLAIN, NULL },        { "\037\213", 2, UNPACK_GZIP, NULL },
    { "\3757zXZ", 6, UNPACK_XZ, NULL },          { "\050\265\057\375", 4, UNPACK_ZSTD, NULL },
    { "\002\041\114\030", 4, UNPACK_LZ4, NULL }, { "BZh", 3, UNPACK_PLAIN, "bzip2" },
    { "\135\0\0", 3, UNPACK_PLAIN, "lzma" },     { "\211LZO", 4, UNPACK_PLAIN, "lzo" },
};

static int wrong(const char *what)
{
    log_error("kernel image: %s\n", what);
    return -ENOEXEC;
}

static uint32_t read32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

/* Sets format and sizes from the payload's first and last bytes. */
static int identify(struct unpack_payload *p)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++) {
        if (p->size < 8 || memcmp(p->data, formats[i].magic, formats[i].length))
            continue;
        if (formats[i].name) {
            log_error("kernel image: compressed with %s; gzip, xz, zstd and lz4 are supported\n",
                      formats[i].name);
            return -ENOSYS;
        }
        p->format = formats[i].format;
        if (p->format == UNPACK_PLAIN) {
            p->unpacked_size = p->size;
            return 0;
        }
        /* The size ends the payload: gzip has it so, the kernel's build adds it to the others. */
        p->unpacked_size = read32(p->data + p->size - 4);
        if (p->format != UNPACK_GZIP)
            p->size -= 4;
        if (!p->unpacked_size || p->unpacked_size > UNPACK_MAX_SIZE)
            return wrong("the payload's unpacked size can't be right");
        return 0;
    }
    return wrong("the payload's compression is unknown");
}

int unpack_find(const void *image, size_t size, struct unpack_payload *p)
{
    const uint8_t *b = image;
    uint64_t start, offset, length;

    if (size >= 8 && !memcmp(b, "\177ELF", 4)) {
        *p = (struct unpack_payload){ UNPACK_PLAIN, b, size, size };
        return 0;
    }
    if (size < SETUP_HEADER_END || memcmp(b + SETUP_MAGIC, "HdrS", 4))
        return wrong("neither an ELF file nor a bzImage");
    if ((b[SETUP_VERSION] | b[SETUP_VERSION + 1] << 8) < PROTOCOL_2_08)
        return wrong("boot protocol older than 2.08");
    start = ((b[SETUP_SECTS] ? b[SETUP_SECTS] : 4) + 1) * 512;
    offset = start + read32(b + PAYLOAD_OFFSET);
    length = read32(b + PAYLOAD_LENGTH);
    if (offset > size || length > size - offset)
        return wrong("the payload lies outside of the file");
    *p = (struct unpack_payload){ .data = b + offset, .size = length };
    return identify(p);
}

/* Each returns how many bytes it has made, or a negative errno. */

static long unpack_gzip(const struct unpack_payload *p, void *dst)
{
    z_stream z = {
        .next_in = (uint8_t *)p->data,
        .avail_in = p->size,
        .next_out = dst,
        .avail_out = p->unpacked_size,
    };
    int rc = inflateInit2(&z, 16 + MAX_WBITS);

    if (rc != Z_OK)
        return -ENOMEM;
    rc = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    if (rc == Z_MEM_ERROR)
        return -ENOMEM;
    return rc == Z_STREAM_END ? (long)z.total_out : -EINVAL;
}

static long unpack_xz(const struct unpack_payload *p, void *dst)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_ret rc;
    long made;

    s.next_in = p->data;
    s.avail_in = p->size;
    s.next_out = dst;
    s.avail_out = p->unpacked_size;
    if (lzma_stream_decoder(&s, XZ_MEMORY_LIMIT, 0) != LZMA_OK)
        return -ENOMEM;
    rc = lzma_code(&s, LZMA_FINISH);
    made = s.total_out;
    lzma_end(&s);
    if (rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR)
        return -ENOMEM;
    return rc == LZMA_STREAM_END ? made : -EINVAL;
}

static long unpack_zstd(const struct unpack_payload *p, void *dst)
{
    ZSTD_DCtx *c = ZSTD_createDCtx();
    size_t made;

    if (!c)
        return -ENOMEM;
    made = ZSTD_decompressDCtx(c, dst, p->unpacked_size, p->data, p->size);
    ZSTD_freeDCtx(c);
    return ZSTD_isError(made) ? -EINVAL : (long)made;
}

int unpack(const struct unpack_payload *p, void *dst)
{
    static const char *const names[] = { "plain", "gzip", "xz", "zstd", "lz4" };
    long made = -EINVAL;

    run_constructors();
    switch (p->format) {
    case UNPACK_PLAIN:
        memcpy(dst, p->data, p->unpacked_size);
        made = p->unpacked_size;
        break;
    case UNPACK_GZIP:
        made = unpack_gzip(p, dst);
        break;
    case UNPACK_XZ:
        made = unpack_xz(p, dst);
        break;
    case UNPACK_ZSTD:
        made = unpack_zstd(p, dst);
        break;
    case UNPACK_LZ4:
        made = unpack_lz4(p->data, p->size, dst, p->unpacked_size);
        break;
    }
    unpack_heap_release();
    if (made == (long)p->unpacked_size)
        return 0;
    if (made == -ENOMEM) {
        log_error("kernel image: not enough memory to unpack it (%s)\n", names[p->format]);
        return -ENOMEM;
    }
    log_error("kernel image: its %s data is corrupt\n", names[p->format]);
    return -EINVAL;
}
