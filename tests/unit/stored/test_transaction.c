/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>

static struct store *store;
static struct conn *one, *two, *guest;

static int setup(void **state)
{
    store = store_new();
    one = conn_new(store, 0);
    two = conn_new(store, 0);
    guest = conn_new(store, 3);
    make_domain_dir(one, 3);
    return 0;
}

static int teardown(void **state)
{
    check_sound(store);
    store_free(store);
    assert_int_equal(tree_bytes(), 0);
    return 0;
}

static int end(struct conn *conn, uint32_t tx)
{
    return ask(conn, XS_TRANSACTION_END, tx, "T");
}

static void test_isolation(void **state)
{
    uint32_t tx = start_tx(one);

    assert_int_equal(ask_write(one, tx, "/a/b", "1"), 0);
    check_value(store, "/a", NULL);
    assert_int_equal(ask(two, XS_READ, 0, "/a/b"), ENOENT);
    assert_int_equal(ask(one, XS_READ, tx, "/a/b"), 0);
    assert_string_equal(answer.payload, "1");
    assert_int_equal(ask(one, XS_READ, 0, "/a/b"), ENOENT);
    assert_int_equal(end(one, tx), 0);
    check_value(store, "/a/b", "1");
    assert_int_equal(end(one, tx), ENOENT);
}

static void test_abort(void **state)
{
    uint32_t tx = start_tx(one);

    assert_int_equal(ask_write(one, tx, "/a", "1"), 0);
    assert_int_equal(ask(one, XS_TRANSACTION_END, tx, "F"), 0);
    check_value(store, "/a", NULL);
}

/* What a transaction has read, written, listed or missed must not have changed. */
static void test_conflicts(void **state)
{
    static const struct {
        const char *name;
        uint32_t type;
        const char *path;
        const char *change; /* by the other one */
        int result;
    } table[] = {
        { "read", XS_READ, "/c/a", "/c/a", EAGAIN },
        { "read, other changed", XS_READ, "/c/a", "/c/b", 0 },
        { "read, child made", XS_READ, "/c/a", "/c/a/x", 0 },
        { "list, child made", XS_DIRECTORY, "/c/a", "/c/a/x", EAGAIN },
        { "list, child changed", XS_DIRECTORY, "/c", "/c/a", 0 },
        { "missed", XS_READ, "/c/none", "/c/none", EAGAIN },
        { "made, other made", XS_MKDIR, "/c/m", "/c/n", 0 },
        { "made, made", XS_MKDIR, "/c/m", "/c/m", EAGAIN },
        { "removed, changed", XS_RM, "/c/a", "/c/a", EAGAIN },
        { "permissions", XS_GET_PERMS, "/c/a", "/c/a", EAGAIN },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t tx;
        int result;

        ask(one, XS_RM, 0, "/c");
        ask_write(one, 0, "/c/a", "1");
        ask_write(one, 0, "/c/b", "1");
        tx = start_tx(one);
        ask_bytes(one, table[i].type, tx, table[i].path, strlen(table[i].path) + 1);
        assert_int_equal(ask_write(one, tx, "/done", table[i].name), 0);
        assert_int_equal(ask_write(two, 0, table[i].change, "2"), 0);
        result = end(one, tx);
        if (result != table[i].result) {
            fail_msg("%s: %d", table[i].name, result);
        }
        check_value(store, "/done", result ? NULL : table[i].name);
        ask(one, XS_RM, 0, "/done");
    }
}

/* Of two that have read the same and write it, one must be told to try again. */
static void test_counter(void **state)
{
    uint32_t first, second;

    ask_write(one, 0, "/n", "0");
    first = start_tx(one);
    second = start_tx(two);
    ask(one, XS_READ, first, "/n");
    ask(two, XS_READ, second, "/n");
    ask_write(one, first, "/n", "1");
    ask_write(two, second, "/n", "1");
    assert_int_equal(end(one, first), 0);
    assert_int_equal(end(two, second), EAGAIN);
    check_value(store, "/n", "1");
}

static void test_order_within(void **state)
{
    uint32_t tx;

    ask_write(one, 0, "/a/old", "1");
    tx = start_tx(one);
    ask(one, XS_RM, tx, "/a");
    ask_write(one, tx, "/a/new", "2");
    ask(one, XS_SET_PERMS, tx, "/a/new\0n3\0r4");
    ask_write(two, 0, "/elsewhere", "3");
    assert_int_equal(end(one, tx), 0);
    check_value(store, "/a/old", NULL);
    check_value(store, "/a/new", "2");
    assert_int_equal(perms_owner(tree_lookup(store->root, "/a/new")->perms), 3);
    check_value(store, "/elsewhere", "3");
}

static void test_events_at_commit(void **state)
{
    uint32_t tx;

    ask(two, XS_WATCH, 0, "/a\0t");
    check_event(two, "/a", "t");
    tx = start_tx(one);
    ask_write(one, tx, "/a/b", "1");
    check_no_message(two);
    assert_int_equal(end(one, tx), 0);
    check_event(two, "/a/b", "t");
    tx = start_tx(one);
    ask_write(one, tx, "/a/b", "2");
    ask(one, XS_TRANSACTION_END, tx, "F");
    check_no_message(two);
}

static void test_misuse(void **state)
{
    uint32_t tx = start_tx(one);

    assert_int_equal(ask(one, XS_TRANSACTION_START, tx, ""), EBUSY);
    assert_int_equal(ask(one, XS_READ, tx + 100, "/"), ENOENT);
    assert_int_equal(ask(two, XS_READ, tx + 1, "/"), ENOENT);
    assert_int_equal(ask(one, XS_TRANSACTION_END, tx, "X"), EINVAL);
    assert_int_equal(ask(one, XS_TRANSACTION_END, tx, ""), EINVAL);
    assert_int_equal(ask(one, XS_TRANSACTION_END, 0, "T"), ENOENT);
    assert_int_equal(end(one, tx), 0);
}

static void test_rights_are_checked(void **state)
{
    uint32_t tx = start_tx(guest);

    assert_int_equal(ask_write(guest, tx, "data/x", "1"), 0);
    assert_int_equal(ask_write(guest, tx, "name", "1"), EACCES);
    /* What it may do there is taken from it before it commits. */
    ask(one, XS_SET_PERMS, 0, "/local/domain/3/data\0n0");
    assert_int_equal(end(guest, tx), EAGAIN);
    check_value(store, "/local/domain/3/data/x", NULL);
}

static void test_quota(void **state)
{
    char path[32];
    uint32_t tx;

    for (unsigned int i = 0; i < QUOTA_TRANSACTIONS; i++) {
        tx = start_tx(guest);
    }
    assert_int_equal(ask(guest, XS_TRANSACTION_START, 0, ""), ENOSPC);
    for (unsigned int i = 1; i < QUOTA_NODES; i++) {
        snprintf(path, sizeof(path), "data/%u", i);
        if (i == 500) {
            assert_int_equal(end(guest, tx), 0);
            tx = start_tx(guest);
        }
        assert_int_equal(ask_write(guest, tx, path, "1"), 0);
    }
    assert_int_equal(ask_write(guest, tx, "data/more", "1"), ENOSPC);
    assert_int_equal(ask(guest, XS_RM, tx, "data/1"), 0);
    assert_int_equal(ask_write(guest, tx, "data/more", "1"), 0);
    /* The room is used up outside of the transaction. */
    assert_int_equal(ask_write(guest, 0, "data/other", "1"), 0);
    assert_int_equal(end(guest, tx), ENOSPC);
    assert_int_equal(store->account.nodes[3], 501);
}

/* A transaction can't see without bound. */
static void test_size(void **state)
{
    char path[2048];
    uint32_t tx = start_tx(guest);
    int err = 0, i;

    for (i = 0; !err && i < 1000; i++) {
        int length = snprintf(path, sizeof(path), "data/%1000d", i);

        for (char *p = path; *p; p++) {
            *p = *p == ' ' ? '0' : *p;
        }
        err = ask_bytes(guest, XS_READ, tx, path, (size_t)length + 1);
        if (err == ENOENT) {
            err = 0;
        }
    }
    assert_int_equal(err, ENOSPC);
    assert_true(i > 30 && i < 100);
}

/* Old versions that transactions keep are bounded: they lose them, and are told so at their end. */
static void test_old_versions(void **state)
{
    static char value[4000];
    char payload[4090], path[32];
    uint32_t tx[40];

    memset(value, 'x', sizeof(value));
    for (unsigned int round = 0; round < 40; round++) {
        tx[round] = start_tx(two);
        for (unsigned int i = 0; i < 1000; i++) {
            size_t length = (size_t)snprintf(path, sizeof(path), "/big/%u", i) + 1;

            memcpy(payload, path, length);
            memcpy(payload + length, value, sizeof(value));
            assert_int_equal(ask_bytes(one, XS_WRITE, 0, payload, length + sizeof(value)), 0);
            store_commit(store);
        }
        assert_true((int64_t)tree_bytes() - store->account.bytes <= QUOTA_OLD_VERSIONS);
    }
    assert_int_equal(ask(two, XS_READ, tx[0], "/big/1"), 0);
    assert_int_equal(end(two, tx[0]), EAGAIN);
    assert_int_equal(end(two, tx[39]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_isolation),    TEST(test_abort),
        TEST(test_conflicts),    TEST(test_counter),
        TEST(test_order_within), TEST(test_events_at_commit),
        TEST(test_misuse),       TEST(test_rights_are_checked),
        TEST(test_quota),        TEST(test_size),
        TEST(test_old_versions),
    };

    return cmocka_run_group_tests_name("stored transaction", tests, NULL, NULL);
}
