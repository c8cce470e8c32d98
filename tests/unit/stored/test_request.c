/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static struct store *store;
static struct conn *dom0, *guest;

static int setup(void **state)
{
    fake_xen_reset();
    store = store_new();
    dom0 = conn_new(store, 0);
    guest = conn_new(store, 3);
    make_domain_dir(dom0, 3);
    return 0;
}

static int teardown(void **state)
{
    check_sound(store);
    store_free(store);
    return 0;
}

static void expect_payload(const char *payload, size_t length)
{
    assert_int_equal(answer.header.len, length);
    assert_memory_equal(answer.payload, payload, length);
}
#define EXPECT(literal) expect_payload(literal, sizeof(literal))

static void test_read_write(void **state)
{
    assert_int_equal(ask(dom0, XS_READ, 0, "/a"), ENOENT);
    assert_int_equal(ask_bytes(dom0, XS_WRITE, 0, "/a/b\0va\0lue", 11), 0);
    EXPECT("OK");
    assert_int_equal(ask(dom0, XS_READ, 0, "/a/b"), 0);
    expect_payload("va\0lue", 6);
    assert_int_equal(ask(dom0, XS_READ, 0, "/a"), 0);
    expect_payload("", 0);
    assert_int_equal(ask_bytes(dom0, XS_WRITE, 0, "/a/b", 5), 0);
    assert_int_equal(ask(dom0, XS_READ, 0, "/a/b"), 0);
    expect_payload("", 0);
}

static void test_malformed(void **state)
{
    static const uint32_t with_path[] = { XS_READ,  XS_DIRECTORY, XS_MKDIR,    XS_RM,
                                          XS_WRITE, XS_GET_PERMS, XS_SET_PERMS };

    for (size_t i = 0; i < sizeof(with_path) / sizeof(with_path[0]); i++) {
        assert_int_equal(ask_bytes(dom0, with_path[i], 0, "", 0), EINVAL);
        assert_int_equal(ask_bytes(dom0, with_path[i], 0, "/a", 2), EINVAL);
        assert_int_equal(ask(dom0, with_path[i], 0, "/a//b"), EINVAL);
        assert_int_equal(ask(dom0, with_path[i], 0, ""), EINVAL);
    }
    assert_int_equal(ask(dom0, XS_READ, 0, "/\0x"), EINVAL);
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "/\0q1"), EINVAL);
    assert_int_equal(ask(dom0, XS_DIRECTORY_PART, 0, "/\0x"), EINVAL);
    assert_int_equal(ask(dom0, XS_TYPE_COUNT, 0, ""), ENOSYS);
    assert_int_equal(ask(dom0, XS_WATCH_EVENT, 0, ""), ENOSYS);
    assert_int_equal(ask(dom0, 20, 0, ""), ENOSYS);
    assert_int_equal(ask(dom0, XS_INVALID, 0, ""), ENOSYS);
    assert_int_equal(ask(dom0, 0xffffffff, 0, ""), ENOSYS);
}

static void test_directory(void **state)
{
    assert_int_equal(ask_write(dom0, 0, "/a/y", ""), 0);
    assert_int_equal(ask_write(dom0, 0, "/a/x/z", ""), 0);
    assert_int_equal(ask(dom0, XS_DIRECTORY, 0, "/a"), 0);
    EXPECT("x\0y");
    assert_int_equal(ask(dom0, XS_DIRECTORY, 0, "/a/y"), 0);
    expect_payload("", 0);
    assert_int_equal(ask(dom0, XS_DIRECTORY, 0, "/none"), ENOENT);
}

/* A list longer than a message: by parts it is the whole list, once. */
static void test_directory_part(void **state)
{
    char path[64], request[64], seen[1000] = "";
    size_t offset = 0;
    bool end = false;

    for (unsigned int i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "/d/a-long-name-for-a-child-%u", i);
        assert_int_equal(ask_write(dom0, 0, path, ""), 0);
    }
    assert_int_equal(ask(dom0, XS_DIRECTORY, 0, "/d"), E2BIG);
    while (!end) {
        int length = snprintf(request, sizeof(request), "/d%c%zu", 0, offset);
        size_t at;

        assert_int_equal(ask_bytes(dom0, XS_DIRECTORY_PART, 0, request, (size_t)length + 1), 0);
        at = strlen(answer.payload) + 1;
        assert_true(at < answer.header.len);
        while (at < answer.header.len && !end) {
            const char *name = answer.payload + at;
            size_t size = strlen(name) + 1;

            end = size == 1;
            if (!end) {
                assert_int_equal(seen[atoi(strrchr(name, '-') + 1)]++, 0);
                offset += size;
            }
            at += size;
        }
        assert_int_equal(at, answer.header.len);
    }
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(seen[i], 1);
    }
}

static void test_mkdir_rm(void **state)
{
    assert_int_equal(ask_write(dom0, 0, "/a", "kept"), 0);
    assert_int_equal(ask(dom0, XS_MKDIR, 0, "/a"), 0);
    check_value(store, "/a", "kept");
    assert_int_equal(ask(dom0, XS_MKDIR, 0, "/a/b/c"), 0);
    check_value(store, "/a/b/c", "");
    assert_int_equal(ask(dom0, XS_RM, 0, "/a/b"), 0);
    check_value(store, "/a/b", NULL);
    assert_int_equal(ask(dom0, XS_RM, 0, "/a/b"), 0);
    assert_int_equal(ask(dom0, XS_RM, 0, "/none"), 0);
    assert_int_equal(ask(dom0, XS_RM, 0, "/a/none/x"), ENOENT);
    assert_int_equal(ask(dom0, XS_RM, 0, "/"), EINVAL);
}

static void test_rights(void **state)
{
    assert_int_equal(ask_write(dom0, 0, "/local/domain/3/name", "g"), 0);
    assert_int_equal(ask(guest, XS_READ, 0, "name"), 0);
    assert_int_equal(ask(guest, XS_READ, 0, "/local/domain/3/name"), 0);
    assert_int_equal(ask(guest, XS_READ, 0, "none"), ENOENT);
    assert_int_equal(ask_write(guest, 0, "name", "x"), EACCES);
    assert_int_equal(ask_write(guest, 0, "new", "x"), EACCES);
    assert_int_equal(ask(guest, XS_RM, 0, "name"), EACCES);
    assert_int_equal(ask(guest, XS_READ, 0, "/local"), EACCES);
    assert_int_equal(ask(guest, XS_READ, 0, "/none"), EACCES);
    assert_int_equal(ask(guest, XS_DIRECTORY, 0, "/"), EACCES);
    assert_int_equal(ask(guest, XS_SET_PERMS, 0, "name\0b3"), EACCES);
    /* What it makes is its own. */
    assert_int_equal(ask_write(guest, 0, "data/x/y", "1"), 0);
    assert_int_equal(ask(guest, XS_GET_PERMS, 0, "data/x"), 0);
    EXPECT("n3");
    assert_int_equal(ask(guest, XS_SET_PERMS, 0, "data/x\0n3\0r4"), 0);
    assert_int_equal(ask(guest, XS_SET_PERMS, 0, "data/x\0n4"), EPERM);
    assert_int_equal(ask(guest, XS_GET_PERMS, 0, "data/x"), 0);
    EXPECT("n3\0r4");
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "/local/domain/3/data/x\0r4"), 0);
}

static void test_guest_may_not(void **state)
{
    assert_int_equal(ask(guest, XS_INTRODUCE, 0,
                         "4\0"
                         "1\0"
                         "2"),
                     EACCES);
    assert_int_equal(ask(guest, XS_RELEASE, 0, "4"), EACCES);
    assert_int_equal(ask(guest, XS_RESUME, 0, "4"), EACCES);
    assert_int_equal(ask(guest, XS_SET_TARGET, 0,
                         "3\0"
                         "4"),
                     EACCES);
    assert_int_equal(ask(guest, XS_CONTROL, 0, "help"), EACCES);
}

static void test_domains(void **state)
{
    assert_int_equal(ask(guest, XS_GET_DOMAIN_PATH, 0, "42"), 0);
    EXPECT("/local/domain/42");
    assert_int_equal(ask(dom0, XS_GET_DOMAIN_PATH, 0, "70000"), EINVAL);
    assert_int_equal(ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "4"), 0);
    EXPECT("F");
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "4\0"
                         "1234\0"
                         "5"),
                     0);
    assert_int_equal(ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "4"), 0);
    EXPECT("T");
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "0\0"
                         "1\0"
                         "5"),
                     EINVAL);
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "32752\0"
                         "1\0"
                         "5"),
                     EINVAL);
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "x\0"
                         "1\0"
                         "5"),
                     EINVAL);
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "5\0"
                         "1"),
                     EINVAL);
    assert_int_equal(ask(dom0, XS_SET_TARGET, 0,
                         "4\0"
                         "3"),
                     0);
    assert_int_equal(domain_find(store, 4)->conn->actor.target, 3);
    assert_int_equal(ask(dom0, XS_SET_TARGET, 0,
                         "4\0"
                         "0"),
                     EPERM);
    assert_int_equal(ask(dom0, XS_SET_TARGET, 0,
                         "6\0"
                         "3"),
                     ENOENT);
    assert_int_equal(ask(dom0, XS_RESUME, 0, "4"), 0);
    assert_int_equal(ask(dom0, XS_RELEASE, 0, "4"), 0);
    assert_int_equal(ask(dom0, XS_RELEASE, 0, "4"), ENOENT);
    assert_int_equal(ask(dom0, XS_RELEASE, 0, "0"), EINVAL);
    assert_int_equal(fake_domain[4].maps, 0);
}

static void test_control(void **state)
{
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "check"), 0);
    EXPECT("OK");
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "help"), 0);
    assert_non_null(strstr(answer.payload, "memreport"));
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "memreport"), 0);
    assert_non_null(strstr(answer.payload, "nodes:"));
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "log\0on"), 0);
    assert_true(store->log_requests);
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "log\0off"), 0);
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "log\0maybe"), EINVAL);
    assert_int_equal(ask(dom0, XS_CONTROL, 0, "nonsense"), EINVAL);
}

static void test_base_nodes(void **state)
{
    ask(dom0, XS_RM, 0, "/local");
    store_make_base(store);
    check_value(store, "/local/domain/0/name", "Domain-0");
    check_value(store, "/local/domain/0/domid", "0");
    check_value(store, "/tool/xenstored", "");
    ask_write(dom0, 0, "/local/domain/0/name", "changed");
    store_make_base(store);
    check_value(store, "/local/domain/0/name", "changed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_read_write), TEST(test_malformed),      TEST(test_directory),
        TEST(test_mkdir_rm),   TEST(test_directory_part), TEST(test_rights),
        TEST(test_domains),    TEST(test_guest_may_not),  TEST(test_control),
        TEST(test_base_nodes),
    };

    return cmocka_run_group_tests_name("stored request", tests, NULL, NULL);
}
