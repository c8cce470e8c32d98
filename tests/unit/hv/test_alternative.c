/* SPDX-License-Identifier: MIT */
/* The patcher of alternative instructions, on tables of records made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "x86/cpu/alternative.h"

#define MARK 0xee

/* A piece of code, replacements for parts of it, and the records of both. */
static struct {
    uint8_t text[512], replacement[512];
    struct alternative record[8];
    unsigned int nr;
} t;

static int set_up(void **state)
{
    memset(&t, 0, sizeof(t));
    memset(t.text, MARK, sizeof(t.text));
    for (unsigned int i = 0; i < sizeof(t.replacement); i++)
        t.replacement[i] = (uint8_t)i;
    return 0;
}

/* Of @len bytes at text[@at], whose first @old are code: the first @new of replacement[] */
static void record(unsigned int at, uint8_t len, uint8_t old, uint8_t new, uint16_t feature)
{
    struct alternative *a = &t.record[t.nr++];

    *a = (struct alternative){
        .feature = feature, .place_len = len, .old_len = old, .replacement_len = new
    };
    a->place = (int32_t)(&t.text[at] - (uint8_t *)&a->place);
    a->replacement = (int32_t)(t.replacement - (uint8_t *)&a->replacement);
}

static int apply(uint64_t features)
{
    return alternatives_apply(t.record, t.record + t.nr, features);
}

static void assert_untouched(unsigned int from, unsigned int to)
{
    for (; from < to; from++)
        assert_int_equal(t.text[from], MARK);
}

/* Length of the NOP at @p, as both vendors' manuals list them; 0: it is none. */
static unsigned int nop_length(const uint8_t *p)
{
    unsigned int prefix = p[0] == 0x66;
    const uint8_t *q = p + prefix;

    if (q[0] == 0x90)
        return prefix + 1;
    if (q[0] != 0x0f || q[1] != 0x1f || q[2] & 0x38)
        return 0;
    return prefix + 3 + ((q[2] & 7) == 4) + (q[2] >> 6 == 1 ? 1 : q[2] >> 6 == 2 ? 4 : 0);
}

/* How many instructions it takes to get through these bytes of padding. */
static unsigned int instructions(unsigned int from, unsigned int to)
{
    unsigned int n = 0;

    for (; from < to; n++) {
        if (t.text[from] == 0xeb)
            from += 2u + t.text[from + 1];
        else if (t.text[from] == 0xe9)
            from += 5u + (t.text[from + 1] | t.text[from + 2] << 8);
        else if (nop_length(&t.text[from]))
            from += nop_length(&t.text[from]);
        else
            fail_msg("%#x at %u is no padding", t.text[from], from);
    }
    assert_int_equal(from, to);
    return n;
}

static void test_with_and_without(void **state)
{
    record(10, 4, 4, 4, 3);
    record(20, 4, 4, 4, 5);
    assert_int_equal(apply(1u << 3), 1);
    assert_memory_equal(&t.text[10], t.replacement, 4);
    assert_untouched(0, 10);
    assert_untouched(14, sizeof(t.text));

    assert_int_equal(apply(1u << 5 | 1u << 3), 2);
    assert_memory_equal(&t.text[20], t.replacement, 4);
    assert_untouched(14, 20);
    assert_untouched(24, sizeof(t.text));
}

static void test_lacking(void **state)
{
    record(10, 4, 4, 4, FEATURE_NOT | 3);
    assert_int_equal(apply(1u << 3), 0);
    assert_untouched(0, sizeof(t.text));
    assert_int_equal(apply(~(1UL << 3)), 1);
    assert_memory_equal(&t.text[10], t.replacement, 4);
}

/* The highest bit of a set is a feature as any other. */
static void test_highest(void **state)
{
    record(10, 1, 1, 1, 63);
    assert_int_equal(apply(~0UL >> 1), 0);
    assert_int_equal(apply(1UL << 63), 1);
}

/* Of every length, for code that is shorter than its place with the feature, or without. */
static void test_padding(void **state)
{
    for (unsigned int len = 0; len <= 255; len++) {
        for (unsigned int kept = 0; kept <= len; kept += kept < 3 ? 1 : 50) {
            set_up(state);
            record(10, (uint8_t)len, (uint8_t)len, (uint8_t)kept, 0);
            assert_int_equal(apply(1), 1);
            assert_memory_equal(&t.text[10], t.replacement, kept);
            assert_true(instructions(10 + kept, 10 + len) <= 2);
            assert_untouched(0, 10);
            assert_untouched(10 + len, sizeof(t.text));

            set_up(state);
            record(10, (uint8_t)len, (uint8_t)kept, (uint8_t)len, 0);
            assert_int_equal(apply(0), 0);
            assert_untouched(0, 10 + kept);
            assert_true(instructions(10 + kept, 10 + len) <= 2);
            assert_untouched(10 + len, sizeof(t.text));
        }
    }
}

/* What would spill over the next instructions: nothing of the table is done. */
static void test_too_long(void **state)
{
    record(10, 4, 4, 4, 0);
    record(20, 4, 4, 5, 0);
    assert_int_equal(apply(1), -EINVAL);
    assert_int_equal(apply(0), -EINVAL);
    assert_untouched(0, sizeof(t.text));
}

static void test_no_records(void **state)
{
    assert_int_equal(apply(~0UL), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_with_and_without, set_up),
        cmocka_unit_test_setup(test_lacking, set_up),
        cmocka_unit_test_setup(test_highest, set_up),
        cmocka_unit_test_setup(test_padding, set_up),
        cmocka_unit_test_setup(test_too_long, set_up),
        cmocka_unit_test_setup(test_no_records, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
