/* SPDX-License-Identifier: MIT */
#include "harness.h"

#define PARSE(text) perms_parse(text, sizeof(text))

static bool may(const struct perms *perms, uint16_t domid, unsigned int access)
{
    struct actor actor = { .domid = domid, .target = -1 };

    return perms_allow(perms, &actor, access);
}

static void test_parse(void **state)
{
    struct perms *perms = PARSE("n1\0r2\0w3\0b65535");
    struct buffer text = { 0 };

    assert_non_null(perms);
    assert_int_equal(perms->count, 4);
    perms_format(perms, &text);
    assert_int_equal(text.length, sizeof("n1\0r2\0w3\0b65535"));
    assert_memory_equal(text.data, "n1\0r2\0w3\0b65535", text.length);
    buffer_free(&text);
    perms_unref(perms);
    assert_null(PARSE(""));
    assert_null(PARSE("n"));
    assert_null(PARSE("x1"));
    assert_null(PARSE("1"));
    assert_null(PARSE("r-1"));
    assert_null(PARSE("r1x"));
    assert_null(PARSE("r65536"));
    assert_null(PARSE("r1\0"));
    assert_null(perms_parse("r1", 2));
    assert_null(perms_parse("", 0));
}

static void test_access(void **state)
{
    struct perms *perms = PARSE("r1\0w2\0b3\0n4");

    assert_true(may(perms, 0, ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER));
    assert_true(may(perms, 1, ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER));
    assert_true(may(perms, 2, ACCESS_WRITE));
    assert_false(may(perms, 2, ACCESS_READ));
    assert_true(may(perms, 3, ACCESS_READ | ACCESS_WRITE));
    assert_false(may(perms, 3, ACCESS_OWNER));
    assert_false(may(perms, 4, ACCESS_READ));
    assert_true(may(perms, 5, ACCESS_READ));
    assert_false(may(perms, 5, ACCESS_WRITE));
    perms_unref(perms);
}

static void test_target(void **state)
{
    struct perms *perms = PARSE("n1\0r2");
    struct actor actor = { .domid = 2, .target = 1 };

    assert_true(perms_allow(perms, &actor, ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER));
    actor.domid = 5;
    actor.target = 2;
    assert_true(perms_allow(perms, &actor, ACCESS_READ));
    assert_false(perms_allow(perms, &actor, ACCESS_WRITE));
    perms_unref(perms);
}

static void test_without(void **state)
{
    struct perms *perms = PARSE("n1\0r2\0b1\0w3"), *without = perms_without(perms, 1);

    assert_int_equal(without->count, 3);
    assert_int_equal(perms_owner(without), 0);
    assert_false(perms_mention(without, 1));
    assert_true(perms_mention(without, 3));
    perms_unref(perms);
    perms_unref(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_without),
    };

    return cmocka_run_group_tests_name("stored perms", tests, NULL, NULL);
}
