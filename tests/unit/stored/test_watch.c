/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>

static struct store *store;
static struct conn *dom0, *watcher, *guest;

static int setup(void **state)
{
    store = store_new();
    dom0 = conn_new(store, 0);
    watcher = conn_new(store, 0);
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

#define WATCH(conn, path, token)                                                                   \
    do {                                                                                           \
        assert_int_equal(ask(conn, XS_WATCH, 0, path "\0" token), 0);                              \
        check_event(conn, path, token);                                                            \
    } while (0)

static void test_changes(void **state)
{
    WATCH(watcher, "/a", "t");
    ask_write(dom0, 0, "/a", "1");
    check_event(watcher, "/a", "t");
    ask_write(dom0, 0, "/a/b/c", "1");
    check_event(watcher, "/a/b/c", "t");
    ask(dom0, XS_MKDIR, 0, "/a/d");
    check_event(watcher, "/a/d", "t");
    ask(dom0, XS_MKDIR, 0, "/a/d");
    check_no_message(watcher);
    ask(dom0, XS_SET_PERMS, 0, "/a/d\0n1");
    check_event(watcher, "/a/d", "t");
    ask(dom0, XS_RM, 0, "/a/d");
    check_event(watcher, "/a/d", "t");
    ask(dom0, XS_RM, 0, "/a/d");
    ask_write(dom0, 0, "/ab", "1");
    ask_write(dom0, 0, "/b/a", "1");
    check_no_message(watcher);
}

static void test_root(void **state)
{
    WATCH(watcher, "/", "t");
    ask_write(dom0, 0, "/x", "1");
    check_event(watcher, "/x", "t");
    ask_write(dom0, 0, "/", "1");
    check_event(watcher, "/", "t");
    check_no_message(watcher);
}

/* Who watches below what is removed hears of what it watches. */
static void test_removed_above(void **state)
{
    ask_write(dom0, 0, "/a/b/c", "1");
    WATCH(watcher, "/a/b", "below");
    WATCH(watcher, "/a/b/none", "none");
    WATCH(watcher, "/", "above");
    ask(dom0, XS_RM, 0, "/a");
    check_event(watcher, "/a", "above");
    check_event(watcher, "/a/b", "below");
    check_no_message(watcher);
}

static void test_relative(void **state)
{
    WATCH(guest, "data", "t");
    ask_write(dom0, 0, "/local/domain/3/data/x", "1");
    check_event(guest, "data/x", "t");
    assert_int_equal(ask(guest, XS_UNWATCH, 0, "data\0t"), 0);
    ask_write(dom0, 0, "/local/domain/3/data/x", "2");
    check_no_message(guest);
}

static void test_depth(void **state)
{
    assert_int_equal(ask(watcher, XS_WATCH, 0,
                         "/a\0exact\0"
                         "0"),
                     0);
    check_event(watcher, "/a", "exact");
    assert_int_equal(ask(watcher, XS_WATCH, 0,
                         "/\0one\0"
                         "1"),
                     0);
    check_event(watcher, "/", "one");
    ask_write(dom0, 0, "/a/b", "1");
    check_no_message(watcher);
    ask_write(dom0, 0, "/a", "1");
    check_event(watcher, "/a", "one");
    check_event(watcher, "/a", "exact");
    assert_int_equal(ask(watcher, XS_WATCH, 0, "/a\0exact\0x"), EINVAL);
}

static void test_special(void **state)
{
    WATCH(watcher, "@releaseDomain", "r");
    WATCH(watcher, "@introduceDomain", "i");
    WATCH(watcher, "/", "all");
    WATCH(guest, "@releaseDomain", "r");
    store_fire_special(store, SPECIAL_RELEASE);
    check_event(watcher, "@releaseDomain", "r");
    store_fire_special(store, SPECIAL_INTRODUCE);
    check_event(watcher, "@introduceDomain", "i");
    check_no_message(watcher);
    check_no_message(guest);
    assert_int_equal(ask(guest, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r3"), EACCES);
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r3"), 0);
    assert_int_equal(ask(guest, XS_GET_PERMS, 0, "@releaseDomain"), 0);
    assert_string_equal(answer.payload, "n0");
    store_fire_special(store, SPECIAL_RELEASE);
    check_event(guest, "@releaseDomain", "r");
    assert_int_equal(ask(watcher, XS_WATCH, 0, "@other\0t"), EINVAL);
    assert_int_equal(ask(dom0, XS_READ, 0, "@releaseDomain"), EINVAL);
    assert_int_equal(ask_write(dom0, 0, "@releaseDomain", "1"), EINVAL);
}

static void test_only_readable(void **state)
{
    WATCH(guest, "/local", "t");
    ask_write(dom0, 0, "/local/domain/4/secret", "1");
    check_no_message(guest);
    ask_write(dom0, 0, "/local/domain/3/name", "1");
    check_event(guest, "/local/domain/3/name", "t");
    /* That it is removed is told to who could read it. */
    ask(dom0, XS_RM, 0, "/local/domain/3/name");
    check_event(guest, "/local/domain/3/name", "t");
}

static void test_misuse(void **state)
{
    WATCH(watcher, "/a", "t");
    assert_int_equal(ask(watcher, XS_WATCH, 0, "/a\0t"), EEXIST);
    WATCH(watcher, "/a", "u");
    WATCH(dom0, "/a", "t");
    assert_int_equal(ask(watcher, XS_UNWATCH, 0, "/a\0x"), ENOENT);
    assert_int_equal(ask(watcher, XS_UNWATCH, 0, "/a\0u"), 0);
    assert_int_equal(ask(watcher, XS_WATCH, 0, "/a"), EINVAL);
    assert_int_equal(ask(watcher, XS_WATCH, 0, "a//b\0t"), EINVAL);
    assert_int_equal(ask_bytes(watcher, XS_WATCH, 0, "/a\0t", 4), EINVAL);
    assert_int_equal(ask(watcher, XS_RESET_WATCHES, 0, ""), 0);
    assert_int_equal(ask(watcher, XS_UNWATCH, 0, "/a\0t"), ENOENT);
    ask_write(dom0, 0, "/a", "1");
    check_no_message(watcher);
    check_event(dom0, "/a", "t");
}

static void test_quota(void **state)
{
    char payload[4096];
    int length;

    for (unsigned int i = 0; i < QUOTA_WATCHES; i++) {
        length = snprintf(payload, sizeof(payload), "data%c%u", 0, i);
        assert_int_equal(ask_bytes(guest, XS_WATCH, 0, payload, (size_t)length + 1), 0);
    }
    assert_int_equal(ask(guest, XS_WATCH, 0, "data\0more"), ENOSPC);
    assert_int_equal(ask(guest, XS_UNWATCH, 0,
                         "data\0"
                         "5"),
                     0);
    assert_int_equal(ask(guest, XS_WATCH, 0, "data\0more"), 0);
    ask(guest, XS_RESET_WATCHES, 0, "");
    memset(payload, 'x', sizeof(payload));
    memcpy(payload, "data", 5);
    payload[sizeof(payload) - 1] = '\0';
    while (!ask_bytes(guest, XS_WATCH, 0, payload, sizeof(payload))) {
        payload[10]++;
        assert_true(guest->watch_count < QUOTA_WATCHES);
    }
    assert_true(guest->watch_bytes > QUOTA_WATCH_BYTES);
    assert_true(guest->watch_bytes < QUOTA_WATCH_BYTES + PATH_SIZE + sizeof(payload));
}

/* A guest that fetches nothing: one event of a kind waits, and not without bound. */
static void test_not_fetched(void **state)
{
    char path[64];

    ask(dom0, XS_WATCH, 0, "/local\0t");
    ask(guest, XS_WATCH, 0, "data\0t");
    conn_sent(guest, guest->out_bytes);
    conn_sent(dom0, dom0->out_bytes);
    for (unsigned int i = 0; i < 100; i++) {
        ask_write(dom0, 0, "/local/domain/3/data/same", "1");
    }
    assert_int_equal(guest->events, 1);
    assert_int_equal(dom0->events, 100);
    for (unsigned int i = 0; i < 2 * QUOTA_EVENTS; i++) {
        snprintf(path, sizeof(path), "/local/domain/3/data/%u", i);
        ask_write(dom0, 0, path, "1");
    }
    assert_int_equal(guest->events, QUOTA_EVENTS);
    assert_true(guest->event_bytes <= QUOTA_EVENT_BYTES);
    assert_int_equal(dom0->events, 100 + 2 * QUOTA_EVENTS);
    assert_true(conn_may_serve(guest));
    conn_sent(guest, guest->out_bytes);
    assert_int_equal(guest->event_bytes, 0);
    ask_write(dom0, 0, "/local/domain/3/data/same", "1");
    check_event(guest, "data/same", "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_changes), TEST(test_root),        TEST(test_removed_above), TEST(test_relative),
        TEST(test_depth),   TEST(test_special),     TEST(test_only_readable), TEST(test_misuse),
        TEST(test_quota),   TEST(test_not_fetched),
    };

    return cmocka_run_group_tests_name("stored watch", tests, NULL, NULL);
}
