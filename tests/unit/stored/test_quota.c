/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>

static struct store *store;
static struct conn *dom0, *guest, *other;

static int setup(void **state)
{
    store = store_new();
    dom0 = conn_new(store, 0);
    guest = conn_new(store, 3);
    other = conn_new(store, 4);
    make_domain_dir(dom0, 3);
    make_domain_dir(dom0, 4);
    return 0;
}

static int teardown(void **state)
{
    check_sound(store);
    store_free(store);
    return 0;
}

static void test_nodes(void **state)
{
    char path[64];

    assert_int_equal(store->account.nodes[3], 1);
    for (unsigned int i = 1; i < QUOTA_NODES; i++) {
        snprintf(path, sizeof(path), "data/%u", i);
        assert_int_equal(ask_write(guest, 0, path, "1"), 0);
    }
    assert_int_equal(ask_write(guest, 0, "data/more", "1"), ENOSPC);
    assert_int_equal(ask(guest, XS_MKDIR, 0, "data/more"), ENOSPC);
    assert_int_equal(ask_write(guest, 0, "data/1", "changed"), 0);
    assert_int_equal(ask(guest, XS_RM, 0, "data/1"), 0);
    assert_int_equal(ask_write(guest, 0, "data/a/b", "1"), ENOSPC);
    assert_int_equal(ask_write(guest, 0, "data/a", "1"), 0);
    /* Others aren't touched by that, and dom0 may make nodes there. */
    assert_int_equal(ask_write(other, 0, "data/x", "1"), 0);
    assert_int_equal(ask_write(dom0, 0, "/local/domain/3/data/by-dom0", "1"), 0);
    assert_int_equal(store->account.nodes[3], QUOTA_NODES + 1);
    assert_int_equal(ask(dom0, XS_RM, 0, "/local/domain/3"), 0);
    assert_int_equal(store->account.nodes[3], 0);
}

static void test_value(void **state)
{
    char payload[4096] = "data/x";

    memset(payload + 7, 'v', sizeof(payload) - 7);
    assert_int_equal(ask_bytes(guest, XS_WRITE, 0, payload, 7 + QUOTA_NODE_SIZE), 0);
    assert_int_equal(ask_bytes(guest, XS_WRITE, 0, payload, 7 + QUOTA_NODE_SIZE + 1), ENOSPC);
    memcpy(payload, "/dom0x", 7);
    assert_int_equal(ask_bytes(dom0, XS_WRITE, 0, payload, 4096), 0);
    assert_int_equal(ask(dom0, XS_READ, 0, "/dom0x"), 0);
    assert_int_equal(answer.header.len, 4096 - 7);
}

static void test_perms(void **state)
{
    char payload[256];
    size_t length = sizeof("data");

    memcpy(payload, "data\0n3", 8);
    length = 8;
    for (unsigned int i = 1; i < QUOTA_PERMS; i++) {
        length += (size_t)snprintf(payload + length, sizeof(payload) - length, "r%u", 10 + i) + 1;
    }
    assert_int_equal(ask_bytes(guest, XS_SET_PERMS, 0, payload, length), 0);
    length += (size_t)snprintf(payload + length, sizeof(payload) - length, "r99") + 1;
    assert_int_equal(ask_bytes(guest, XS_SET_PERMS, 0, payload, length), ENOSPC);
}

/* Who does not fetch its replies is not served. */
static void test_replies(void **state)
{
    struct xsd_sockmsg header = { .type = XS_READ, .len = 7 };
    char value[2048];
    unsigned int served = 0;

    memset(value, 'v', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    ask_write(guest, 0, "data/x", value);
    while (conn_may_serve(guest)) {
        char payload[16] = "data/x";

        request_handle(guest, &header, payload);
        served++;
    }
    assert_true(served > 4 && served < 20);
    assert_true(guest->out_bytes < QUOTA_REPLY_BYTES + REQUEST_MAX);
    conn_sent(guest, 4000);
    assert_true(conn_may_serve(guest));
}

static void test_owner_change_moves_charge(void **state)
{
    ask_write(dom0, 0, "/a/b", "1");
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "/a\0n3"), 0);
    assert_int_equal(store->account.nodes[3], 2);
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "/a\0n4"), 0);
    assert_int_equal(store->account.nodes[3], 1);
    assert_int_equal(store->account.nodes[4], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_nodes),
        TEST(test_value),
        TEST(test_perms),
        TEST(test_replies),
        TEST(test_owner_change_moves_charge),
    };

    return cmocka_run_group_tests_name("stored quota", tests, NULL, NULL);
}
