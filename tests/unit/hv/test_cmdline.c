/* SPDX-License-Identifier: MIT */
/* Options of the hypervisor's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hv/boot.h>
#include <hv/errno.h>

struct boot_info boot_info;

static void set(const char *s)
{
    strcpy(boot_info.cmdline, s);
}

static void test_get(void **state)
{
    char buf[8];

    set("  dom0_mem=512M\tconsole=com1  nosmap x=");
    assert_true(cmdline_get("dom0_mem", buf, sizeof(buf)));
    assert_string_equal(buf, "512M");
    assert_true(cmdline_get("console", buf, sizeof(buf)));
    assert_string_equal(buf, "com1");
    assert_true(cmdline_get("nosmap", buf, sizeof(buf)));
    assert_string_equal(buf, "");
    assert_true(cmdline_get("x", buf, sizeof(buf)));
    assert_string_equal(buf, "");
    assert_false(cmdline_get("dom0", buf, sizeof(buf)));
    assert_false(cmdline_get("mem", buf, sizeof(buf)));
    assert_false(cmdline_get("512M", buf, sizeof(buf)));
}

static void test_last_counts(void **state)
{
    char buf[8];

    set("a=1 b a=2");
    assert_true(cmdline_get("a", buf, sizeof(buf)));
    assert_string_equal(buf, "2");
}

static void test_too_long_is_not_cut(void **state)
{
    char buf[4];

    set("a=1234");
    assert_false(cmdline_get("a", buf, sizeof(buf)));
    set("a=123");
    assert_true(cmdline_get("a", buf, sizeof(buf)));
}

static void test_has(void **state)
{
    set("nosmap loglvl=all");
    assert_true(cmdline_has("nosmap"));
    assert_true(cmdline_has("loglvl"));
    assert_false(cmdline_has("smap"));
    set("");
    assert_false(cmdline_has("nosmap"));
}

static void test_size(void **state)
{
    uint64_t n;

    assert_int_equal(cmdline_parse_size("512M", 1, &n), 0);
    assert_int_equal(n, 512ul << 20);
    assert_int_equal(cmdline_parse_size("3g", 1, &n), 0);
    assert_int_equal(n, 3ul << 30);
    assert_int_equal(cmdline_parse_size("4", 1024, &n), 0);
    assert_int_equal(n, 4096);
    assert_int_equal(cmdline_parse_size("1T", 1024, &n), 0);
    assert_int_equal(n, 1ul << 40);
}

static void test_wrong_size(void **state)
{
    static const char *const wrong[] = {
        "", "M", "12x", "1MM", "-1", "0x10", "1 M", "99999999999999999999", "99999999999999T"
    };
    uint64_t n = 7;

    for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(cmdline_parse_size(wrong[i], 1, &n), -EINVAL);
    assert_int_equal(n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),  cmocka_unit_test(test_last_counts),
        cmocka_unit_test(test_has),  cmocka_unit_test(test_too_long_is_not_cut),
        cmocka_unit_test(test_size), cmocka_unit_test(test_wrong_size),
    };

    return cmocka_run_group_tests_name("hv-cmdline", tests, NULL, NULL);
}
