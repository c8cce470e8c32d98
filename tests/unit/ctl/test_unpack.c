/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "pack.h"

#include <errno.h>

static const enum unpack_kind kinds[] = { UNPACK_GZIP, UNPACK_XZ, UNPACK_ZSTD, UNPACK_LZ4 };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* More than one block of lz4 and several growths of the output. */
#define LARGE (9u << 20)
#define SMALL 1500u
#define LIMIT (64u << 20)

static void every_kind_round_trips(void **state)
{
    static const size_t sizes[] = { 1, SMALL, LARGE };

    for (size_t k = 0; k < KINDS; k++) {
        for (size_t s = 0; s < 3; s++) {
            size_t packed, size;
            uint8_t *data = pack_sample(sizes[s]);
            void *stream = pack(kinds[k], data, sizes[s], &packed), *out;

            assert_int_equal(unpack_detect(stream, packed), kinds[k]);
            assert_int_equal(unpack(stream, packed, LIMIT, NULL, &out, &size), 0);
            assert_int_equal(size, sizes[s]);
            assert_memory_equal(out, data, size);
            free(out);
            free(stream);
            free(data);
        }
    }
}

/* In a bzImage the length of what comes out follows the stream. */
static void an_appended_length_is_ignored(void **state)
{
    for (size_t k = 0; k < KINDS; k++) {
        size_t packed, size;
        uint8_t *data = pack_sample(SMALL);
        uint8_t *stream = pack(kinds[k], data, SMALL, &packed);
        uint32_t length = SMALL;
        void *out;

        memcpy(stream + packed, &length, 4);
        assert_int_equal(unpack(stream, packed + 4, LIMIT, NULL, &out, &size), 0);
        assert_int_equal(size, SMALL);
        assert_memory_equal(out, data, size);
        free(out);
        free(stream);
        free(data);
    }
}

static void a_stream_cut_short_fails(void **state)
{
    for (size_t k = 0; k < KINDS; k++) {
        size_t packed, size;
        uint8_t *data = pack_sample(SMALL);
        uint8_t *stream = pack(kinds[k], data, SMALL, &packed);

        for (size_t n = 0; n < packed; n++) {
            uint8_t *copy = malloc(n + 1); /* so that reading past the end is noticed */
            void *out = NULL;

            memcpy(copy, stream, n);
            assert_true(unpack(copy, n, LIMIT, NULL, &out, &size) < 0);
            assert_null(out);
            free(copy);
        }
        free(stream);
        free(data);
    }
}

static void more_than_the_limit_fails(void **state)
{
    for (size_t k = 0; k < KINDS; k++) {
        size_t packed, size;
        uint8_t *data = pack_sample(LARGE);
        void *stream = pack(kinds[k], data, LARGE, &packed), *out = NULL;

        assert_int_equal(unpack(stream, packed, LARGE / 2, NULL, &out, &size), -EFBIG);
        assert_null(out);
        free(stream);
        free(data);
    }
}

static bool third_time(void *arg)
{
    return ++*(int *)arg == 3;
}

static void it_can_be_given_up(void **state)
{
    for (size_t k = 0; k < KINDS; k++) {
        int asked = 0;
        const struct cancel cancel = { third_time, &asked };
        size_t packed, size;
        uint8_t *data = pack_sample(3 * LARGE);
        void *stream = pack(kinds[k], data, 3 * LARGE, &packed), *out = NULL;

        assert_int_equal(unpack(stream, packed, LIMIT, &cancel, &out, &size), -ECANCELED);
        assert_null(out);
        assert_int_equal(asked, 3);
        free(stream);
        free(data);
    }
}

static void damage_is_survived(void **state)
{
    uint32_t seed = 7;

    for (size_t k = 0; k < KINDS; k++) {
        size_t packed, size;
        uint8_t *data = pack_sample(SMALL);
        uint8_t *stream = pack(kinds[k], data, SMALL, &packed);

        for (int i = 0; i < 400; i++) {
            uint8_t *copy = malloc(packed);
            void *out = NULL;

            memcpy(copy, stream, packed);
            for (int n = 0; n < 3; n++) {
                copy[test_random(&seed) % packed] ^= (uint8_t)(1u << test_random(&seed) % 8);
            }
            /* Not every format notices every damage; none may come out longer than allowed. */
            if (unpack(copy, packed, SMALL * 4, NULL, &out, &size) == 0) {
                assert_true(size <= SMALL * 4);
                free(out);
            }
            free(copy);
        }
        free(stream);
        free(data);
    }
}

static void others_are_refused(void **state)
{
    size_t size;
    void *out = NULL;

    assert_int_equal(unpack("\x7f"
                            "ELF....",
                            8, LIMIT, NULL, &out, &size),
                     -EOPNOTSUPP);
    assert_int_equal(unpack("", 0, LIMIT, NULL, &out, &size), -EOPNOTSUPP);
    assert_int_equal(unpack("BZh91AY", 7, LIMIT, NULL, &out, &size), -EOPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_round_trips),   cmocka_unit_test(an_appended_length_is_ignored),
        cmocka_unit_test(a_stream_cut_short_fails), cmocka_unit_test(more_than_the_limit_fails),
        cmocka_unit_test(it_can_be_given_up),       cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(others_are_refused),
    };

    return cmocka_run_group_tests_name("ctl-unpack", tests, NULL, NULL);
}
