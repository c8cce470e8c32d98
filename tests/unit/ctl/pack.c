/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "pack.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define LZ4_BLOCK (8u << 20)

void *pack_sample(size_t size)
{
    uint8_t *data = malloc(size + 1);
    uint32_t seed = 1;

    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = i % 7 ? (uint8_t)(i / 64) : (uint8_t)test_random(&seed);
    }
    return data;
}

static size_t pack_gzip(const void *data, size_t size, void *to, size_t room)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size };

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = to;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&z), Z_OK);
    return room - z.avail_out;
}

static size_t pack_lz4(const uint8_t *data, size_t size, uint8_t *to, size_t room)
{
    static const uint8_t magic[] = { 0x02, 0x21, 0x4c, 0x18 };
    size_t at = sizeof(magic);

    memcpy(to, magic, sizeof(magic));
    while (size) {
        int n = size < LZ4_BLOCK ? (int)size : (int)LZ4_BLOCK;
        int packed =
            LZ4_compress_default((const char *)data, (char *)to + at + 4, n, (int)(room - at - 4));
        uint32_t length = (uint32_t)packed;

        assert_true(packed > 0);
        memcpy(to + at, &length, 4);
        at += 4 + length;
        data += n;
        size -= (size_t)n;
    }
    return at;
}

void *pack(enum unpack_kind kind, const void *data, size_t size, size_t *packed)
{
    size_t room = size + size / 8 + 65536;
    void *to = malloc(room);

    assert_non_null(to);
    *packed = 0;
    switch (kind) {
    case UNPACK_GZIP:
        *packed = pack_gzip(data, size, to, room);
        break;
    case UNPACK_XZ:
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, data, size, to, packed, room),
            LZMA_OK);
        break;
    case UNPACK_ZSTD:
        *packed = ZSTD_compress(to, room, data, size, 1);
        assert_false(ZSTD_isError(*packed));
        break;
    case UNPACK_LZ4:
        *packed = pack_lz4(data, size, to, room);
        break;
    default:
        fail();
    }
    return to;
}
