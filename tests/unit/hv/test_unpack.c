/* SPDX-License-Identifier: MIT */
/* Kernel images in all four compressions, whole and corrupt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/unpack.h>

void *boot_scratch_alloc(size_t size)
{
    return malloc(size);
}

void boot_scratch_free(void *p)
{
    free(p);
}

#define KERNEL_SIZE (9u << 20) /* more than one lz4 block */
#define IMAGE_MAX   (KERNEL_SIZE * 2)
#define SETUP_SECTS 3
#define PAYLOAD_AT  0x100u
static uint8_t kernel[KERNEL_SIZE];
static uint8_t image[IMAGE_MAX];

static void make_kernel(void)
{
    uint32_t x = 1;

    memcpy(kernel, "\177ELF", 4);
    for (unsigned int i = 4; i < KERNEL_SIZE; i++) {
        x = x * 1664525 + 1013904223;
        kernel[i] = (i >> 12) & 1 ? x >> 30 : i >> 8; /* compressible, but not only runs */
    }
}

static size_t compress_gzip(uint8_t *dst)
{
    z_stream z = {
        .next_in = kernel, .avail_in = KERNEL_SIZE, .next_out = dst, .avail_out = IMAGE_MAX - 0x2000
    };

    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t append_size(uint8_t *dst, size_t n)
{
    memcpy(dst + n, &(uint32_t){ KERNEL_SIZE }, 4);
    return n + 4;
}

static size_t compress_xz(uint8_t *dst)
{
    size_t n = 0;

    assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, kernel, KERNEL_SIZE, dst,
                                             &n, IMAGE_MAX - 0x2000),
                     LZMA_OK);
    return append_size(dst, n);
}

static size_t compress_zstd(uint8_t *dst)
{
    size_t n = ZSTD_compress(dst, IMAGE_MAX - 0x2000, kernel, KERNEL_SIZE, 1);

    assert_false(ZSTD_isError(n));
    return append_size(dst, n);
}

static size_t compress_lz4(uint8_t *dst)
{
    size_t n = 4;

    memcpy(dst, "\002\041\114\030", 4);
    for (size_t done = 0; done < KERNEL_SIZE; done += 8 << 20) {
        int part = min((size_t)8 << 20, KERNEL_SIZE - done);
        int made = LZ4_compress_default((char *)kernel + done, (char *)dst + n + 4, part,
                                        LZ4_compressBound(part));

        assert_true(made > 0);
        memcpy(dst + n, &made, 4);
        n += 4 + made;
    }
    return append_size(dst, n);
}

static size_t compress_plain(uint8_t *dst)
{
    memcpy(dst, kernel, KERNEL_SIZE);
    return KERNEL_SIZE;
}

static const struct {
    size_t (*compress)(uint8_t *dst);
    enum unpack_format format;
} kinds[] = {
    { compress_gzip, UNPACK_GZIP },   { compress_xz, UNPACK_XZ },
    { compress_zstd, UNPACK_ZSTD },   { compress_lz4, UNPACK_LZ4 },
    { compress_plain, UNPACK_PLAIN },
};

/* Returns the image's size; *payload_size: that of the payload, trailer included. */
static size_t make_image(unsigned int kind, size_t *payload_size)
{
    size_t at = (SETUP_SECTS + 1) * 512 + PAYLOAD_AT;

    memset(image, 0, at);
    image[0x1f1] = SETUP_SECTS;
    memcpy(image + 0x202, "HdrS\x0f\x02", 6);
    *payload_size = kinds[kind].compress(image + at);
    memcpy(image + 0x248, &(uint32_t){ PAYLOAD_AT }, 4);
    memcpy(image + 0x24c, &(uint32_t){ *payload_size }, 4);
    return at + *payload_size;
}

static int setup(void **state)
{
    make_kernel();
    return 0;
}

static void test_every_format(void **state)
{
    uint8_t *out = malloc(KERNEL_SIZE);
    struct unpack_payload p;
    size_t payload;

    for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
        size_t size = make_image(k, &payload);

        assert_int_equal(unpack_find(image, size, &p), 0);
        assert_int_equal(p.format, kinds[k].format);
        assert_int_equal(p.unpacked_size, KERNEL_SIZE);
        memset(out, 0, KERNEL_SIZE);
        assert_int_equal(unpack(&p, out), 0);
        assert_memory_equal(out, kernel, KERNEL_SIZE);
    }
    free(out);
}

static void test_plain_elf(void **state)
{
    struct unpack_payload p;

    assert_int_equal(unpack_find(kernel, KERNEL_SIZE, &p), 0);
    assert_int_equal(p.format, UNPACK_PLAIN);
    assert_ptr_equal(p.data, kernel);
}

/* A payload cut or changed anywhere must be refused, or at least not overrun. */
static void test_corrupt(void **state)
{
    uint8_t *out = malloc(KERNEL_SIZE);
    struct unpack_payload p;
    size_t payload;

    for (unsigned int k = 0; k < 4; k++) {
        size_t size = make_image(k, &payload);
        uint8_t *copy;

        assert_int_equal(unpack_find(image, size, &p), 0);
        copy = malloc(p.size / 2);
        memcpy(copy, p.data, p.size / 2);
        p.data = copy;
        p.size /= 2;
        assert_int_equal(unpack(&p, out), -EINVAL);
        free(copy);
        for (unsigned int i = 0; i < 12; i++) {
            assert_int_equal(unpack_find(image, size, &p), 0);
            copy = malloc(p.size);
            memcpy(copy, p.data, p.size);
            copy[16 + i * (p.size / 13)] ^= 0x55;
            p.data = copy;
            if (unpack(&p, out) == 0) /* zstd and lz4 have no checksum here */
                assert_true(k >= 2);
            free(copy);
        }
    }
    free(out);
}

static void test_size_that_lies(void **state)
{
    uint8_t *out = malloc(KERNEL_SIZE + 1);
    struct unpack_payload p;
    size_t payload;

    for (unsigned int k = 0; k < 4; k++) {
        size_t size = make_image(k, &payload);

        assert_int_equal(unpack_find(image, size, &p), 0);
        p.unpacked_size = KERNEL_SIZE + 1;
        assert_int_equal(unpack(&p, out), -EINVAL);
        p.unpacked_size = KERNEL_SIZE / 3;
        out = realloc(out, KERNEL_SIZE / 3);
        assert_int_equal(unpack(&p, out), -EINVAL);
        out = realloc(out, KERNEL_SIZE + 1);
        memset(image + size - 4, 0xff, 4);
        assert_int_equal(unpack_find(image, size, &p), -ENOEXEC);
    }
    free(out);
}

static void test_lz4_overlap_and_bounds(void **state)
{
    /* 'a', then a match of 4 + 15 + 0 at distance 1, then the last literal */
    static const uint8_t good[] = {
        2, 0x21, 0x4c, 0x18, 7, 0, 0, 0, 0x1f, 'a', 1, 0, 0, 0x10, 'b'
    };
    uint8_t *out = malloc(21), *cut;

    assert_int_equal(unpack_lz4(good, sizeof(good), out, 21), 21);
    assert_memory_equal(out, "aaaaaaaaaaaaaaaaaaaab", 21);
    for (size_t n = 0; n < 21; n++)
        assert_int_equal(unpack_lz4(good, sizeof(good), out, n), -EINVAL);
    for (size_t n = 9; n < sizeof(good); n++) {
        cut = malloc(n);
        memcpy(cut, good, n);
        cut[4] = n - 8;
        unpack_lz4(cut, n, out, 21);
        cut[4] = 7;
        assert_int_equal(unpack_lz4(cut, n, out, 21), -EINVAL);
        free(cut);
    }
    cut = malloc(sizeof(good));
    memcpy(cut, good, sizeof(good));
    cut[10] = 2; /* a match before the start */
    assert_int_equal(unpack_lz4(cut, sizeof(good), out, 21), -EINVAL);
    cut[10] = 0;
    assert_int_equal(unpack_lz4(cut, sizeof(good), out, 21), -EINVAL);
    free(cut);
    free(out);
}

static void test_wrong_images(void **state)
{
    struct unpack_payload p;
    size_t payload, size = make_image(0, &payload);
    size_t at = (SETUP_SECTS + 1) * 512 + PAYLOAD_AT;

    for (size_t n = 0; n < at + 8; n += n < 0x260 ? 1 : 64)
        assert_int_equal(unpack_find(image, n, &p), -ENOEXEC);
    memset(image + 0x248, 0xff, 4);
    assert_int_equal(unpack_find(image, size, &p), -ENOEXEC);
    make_image(0, &payload);
    memset(image + 0x24c, 0xff, 4);
    assert_int_equal(unpack_find(image, size, &p), -ENOEXEC);
    make_image(0, &payload);
    image[0x206] = 7; /* 2.07 */
    assert_int_equal(unpack_find(image, size, &p), -ENOEXEC);
    make_image(0, &payload);
    memcpy(image + at, "BZh9", 4);
    assert_int_equal(unpack_find(image, size, &p), -ENOSYS);
    memcpy(image + at, "????", 4);
    assert_int_equal(unpack_find(image, size, &p), -ENOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format),
        cmocka_unit_test(test_plain_elf),
        cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_size_that_lies),
        cmocka_unit_test(test_lz4_overlap_and_bounds),
        cmocka_unit_test(test_wrong_images),
    };

    return cmocka_run_group_tests_name("hv-unpack", tests, setup, NULL);
}
