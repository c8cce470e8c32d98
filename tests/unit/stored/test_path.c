/* SPDX-License-Identifier: MIT */
#include "harness.h"

static void expect_path(const char *sent, const char *resolved, bool relative)
{
    char path[PATH_SIZE];
    bool is_relative;

    if (!resolved) {
        assert_int_equal(path_resolve(path, sent, 7, &is_relative), EINVAL);
        return;
    }
    assert_int_equal(path_resolve(path, sent, 7, &is_relative), 0);
    assert_string_equal(path, resolved);
    assert_int_equal(is_relative, relative);
}

static void test_resolve(void **state)
{
    expect_path("/", "/", false);
    expect_path("/a/b-c_d@e/0", "/a/b-c_d@e/0", false);
    expect_path("domid", "/local/domain/7/domid", true);
    expect_path("a/b", "/local/domain/7/a/b", true);
    expect_path("@releaseDomain", "@releaseDomain", false);
    expect_path("", NULL, false);
    expect_path("/a/", NULL, false);
    expect_path("a/", NULL, false);
    expect_path("/a//b", NULL, false);
    expect_path("//", NULL, false);
    expect_path("/a b", NULL, false);
    expect_path("/a:b", NULL, false);
    expect_path("/../x", NULL, false);
    expect_path("/\xc3\xa4", NULL, false);
}

static void test_length(void **state)
{
    char sent[PATH_SIZE + 8], path[PATH_SIZE];

    memset(sent, 'a', sizeof(sent));
    sent[0] = '/';
    sent[XENSTORE_ABS_PATH_MAX] = '\0';
    assert_int_equal(path_resolve(path, sent, 7, NULL), 0);
    sent[XENSTORE_ABS_PATH_MAX] = 'a';
    sent[XENSTORE_ABS_PATH_MAX + 1] = '\0';
    assert_int_equal(path_resolve(path, sent, 7, NULL), EINVAL);
    sent[0] = 'a';
    sent[XENSTORE_REL_PATH_MAX] = '\0';
    assert_int_equal(path_resolve(path, sent, 65535, NULL), 0);
    sent[XENSTORE_REL_PATH_MAX] = 'a';
    sent[XENSTORE_REL_PATH_MAX + 1] = '\0';
    assert_int_equal(path_resolve(path, sent, 7, NULL), EINVAL);
}

static void test_relations(void **state)
{
    assert_true(path_is_at_or_below("/a/b", "/a"));
    assert_true(path_is_at_or_below("/a", "/a"));
    assert_true(path_is_at_or_below("/a", "/"));
    assert_false(path_is_at_or_below("/ab", "/a"));
    assert_false(path_is_at_or_below("/a", "/a/b"));
    assert_int_equal(path_parent_length("/"), 0);
    assert_int_equal(path_parent_length("/a"), 1);
    assert_int_equal(path_parent_length("/a/b"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_relations),
    };

    return cmocka_run_group_tests_name("stored path", tests, NULL, NULL);
}
