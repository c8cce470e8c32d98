/* SPDX-License-Identifier: MIT */
/*
 * What survives the daemon's end at any instant.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path;
static struct store *store;
static struct conn *dom0;

static void start(void)
{
    store = store_new();
    assert_true(journal_replay(path, state_replay, store) >= 0);
    domain_reconnect_all(store);
    store->journal = journal_start(path, store);
    assert_non_null(store->journal);
    dom0 = conn_new(store, 0);
}

/* Ends the daemon as kill -9 does. */
static void crash(void)
{
    journal_close(store->journal);
    store_free(store);
}

static int setup(void **state)
{
    fake_xen_reset();
    path = journal_path();
    start();
    make_domain_dir(dom0, 3);
    return 0;
}

static int teardown(void **state)
{
    check_sound(store);
    crash();
    unlink(path);
    return 0;
}

static off_t file_size(void)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void test_tree(void **state)
{
    struct node *before;

    ask_bytes(dom0, XS_WRITE, 0, "/a/b\0bin\0ary", 13);
    ask_write(dom0, 0, "/", "root");
    ask(dom0, XS_SET_PERMS, 0, "/\0r0");
    ask_write(dom0, 0, "/gone/x", "1");
    ask(dom0, XS_RM, 0, "/gone");
    ask(dom0, XS_MKDIR, 0, "/dir");
    ask(dom0, XS_SET_PERMS, 0, "/a\0n3\0r4\0b5");
    ask(dom0, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r3");
    store_commit(store);
    before = node_ref(store->root);
    for (unsigned int i = 0; i < 2; i++) {
        crash();
        start();
        assert_true(trees_equal(before, store->root));
        assert_true(perms_mention(store->special[SPECIAL_RELEASE], 3));
        check_sound(store);
    }
    node_unref(before);
}

/* Nothing but what was committed. */
static void test_not_committed(void **state)
{
    ask_write(dom0, 0, "/a", "1");
    store_commit(store);
    ask_write(dom0, 0, "/a", "2");
    ask_write(dom0, 0, "/b", "2");
    crash();
    start();
    check_value(store, "/a", "1");
    check_value(store, "/b", NULL);
}

/* The file may end anywhere: what was committed before is there, and nothing in part. */
static void test_cut_off(void **state)
{
    char copy[160];
    int fd;

    store_commit(store);
    ask_write(dom0, 0, "/first", "1");
    store_commit(store);
    for (off_t cut = file_size(), end = cut + 200; cut < end; cut++) {
        if (cut == file_size()) {
            uint32_t tx = start_tx(dom0);

            ask_write(dom0, tx, "/second/a", "2");
            ask_write(dom0, tx, "/second/b", "2");
            ask(dom0, XS_TRANSACTION_END, tx, "T");
            store_commit(store);
            end = file_size();
        }
        snprintf(copy, sizeof(copy), "cp %s %s.cut", path, path);
        assert_int_equal(system(copy), 0);
        snprintf(copy, sizeof(copy), "%s.cut", path);
        fd = open(copy, O_WRONLY);
        assert_int_equal(ftruncate(fd, cut), 0);
        close(fd);
        {
            struct store *other = store_new();

            assert_true(journal_replay(copy, state_replay, other) > 0);
            check_value(other, "/first", "1");
            check_value(other, "/second/a", NULL);
            check_value(other, "/second/b", NULL);
            check_sound(other);
            store_free(other);
        }
        unlink(copy);
    }
}

static void test_damaged(void **state)
{
    struct store *other = store_new();
    off_t middle = file_size() / 2;
    int fd;

    ask_write(dom0, 0, "/a", "1");
    store_commit(store);
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, middle), 8);
    close(fd);
    assert_true(journal_replay(path, state_replay, other) >= 0);
    check_sound(other);
    store_free(other);
    /* Another boot's. */
    other = store_new();
    fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "xxxx", 4, 20), 4);
    close(fd);
    assert_int_equal(journal_replay(path, state_replay, other), 0);
    check_value(other, "/local", NULL);
    store_free(other);
}

static void test_size_is_bounded(void **state)
{
    char payload[2048] = "/a";

    for (unsigned int i = 0; i < 5000; i++) {
        memset(payload + 3, 'a' + i % 26, sizeof(payload) - 3);
        ask_bytes(dom0, XS_WRITE, 0, payload, sizeof(payload));
        store_commit(store);
        assert_true(file_size() < 2 * JOURNAL_SLACK);
    }
    payload[sizeof(payload) - 1] = '\0';
    crash();
    start();
    check_sound(store);
    assert_int_equal(tree_lookup(store->root, "/a")->value->length, sizeof(payload) - 3);
    assert_int_equal(tree_lookup(store->root, "/a")->value->data[0], 'a' + 4999 % 26);
}

/* What a guest's connection is made of. */
static void test_connection(void **state)
{
    struct xsd_sockmsg header = { .type = XS_WRITE, .req_id = 5, .len = 2000 };
    struct guest guest = { .domid = 3, .ring = &fake_domain[3].page.ring };
    struct conn *conn;
    uint32_t tx;

    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "3\0"
                         "77\0"
                         "9"),
                     0);
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "4\0"
                         "78\0"
                         "9"),
                     0);
    assert_int_equal(ask(dom0, XS_SET_TARGET, 0,
                         "4\0"
                         "3"),
                     0);
    conn = domain_find(store, 3)->conn;
    ask(conn, XS_WATCH, 0, "data\0t");
    ask(conn, XS_WATCH, 0, "data\0gone");
    ask(conn, XS_UNWATCH, 0, "data\0gone");
    tx = start_tx(conn);
    ask(conn, XS_TRANSACTION_END, tx, "F");
    tx = start_tx(conn);
    ask_write(conn, tx, "data/lost", "1");
    conn_sent(conn, conn->out_bytes);
    guest_put(&guest, &header, sizeof(header));
    guest_put(&guest, "data/large", 11);
    domain_serve_ready(store);
    store_commit(store);
    for (unsigned int i = 0; i < 2; i++) {
        crash();
        start();
    }
    conn = domain_find(store, 3)->conn;
    assert_non_null(conn);
    assert_int_equal(domain_find(store, 3)->gfn, 77);
    assert_int_equal(domain_find(store, 3)->remote_port, 9);
    assert_int_equal(domain_find(store, 4)->conn->actor.target, 3);
    assert_int_equal(conn->watch_count, 1);
    assert_int_equal(conn->in.have, sizeof(header) + 11);
    conn_sent(conn, conn->out_bytes);
    /* A transaction that was open fails, but only at its end. */
    assert_int_equal(ask_write(conn, tx, "data/lost", "1"), 0);
    assert_int_equal(ask(conn, XS_READ, tx, "data/lost"), 0);
    assert_int_equal(ask(conn, XS_TRANSACTION_END, tx, "T"), EAGAIN);
    assert_int_equal(ask(conn, XS_TRANSACTION_END, tx, "T"), ENOENT);
    check_value(store, "/local/domain/3/data/lost", NULL);
    assert_int_not_equal(start_tx(conn), tx);
    ask_write(dom0, 0, "/local/domain/3/data/x", "1");
    check_event(conn, "data/x", "t");
}

/* A domain that went while there was no daemon. */
static void test_gone_meanwhile(void **state)
{
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "3\0"
                         "77\0"
                         "9"),
                     0);
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "4\0"
                         "77\0"
                         "9"),
                     0);
    store_commit(store);
    crash();
    fake_domain[3].exists = false;
    fake_domain[4].refuse_map = true;
    start();
    assert_null(domain_find(store, 3));
    assert_false(domain_find(store, 4)->introduced);
    assert_int_equal(store->account.nodes[3], 0);
}

/* No space: the daemon goes on, and the journal is whole again as soon as there is. */
static void test_no_space(void **state)
{
    char moved[80];

    store_commit(store);
    crash();
    store = store_new();
    assert_null(journal_start("/nonexistent/journal", store));
    store_free(store);
    start();
    check_value(store, "/local/domain/3/data", "");
    snprintf(moved, sizeof(moved), "%s.new", path);
    assert_int_equal(mkdir(moved, 0700), 0);
    for (unsigned int i = 0; i < 2000; i++) {
        char payload[1024] = "/a";

        ask_bytes(dom0, XS_WRITE, 0, payload, sizeof(payload));
        store_commit(store);
    }
    assert_int_equal(rmdir(moved), 0);
    ask_write(dom0, 0, "/b", "later");
    store_commit(store);
    crash();
    start();
    check_value(store, "/b", "later");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_tree),     TEST(test_not_committed),   TEST(test_cut_off),
        TEST(test_damaged),  TEST(test_size_is_bounded), TEST(test_connection),
        TEST(test_no_space), TEST(test_gone_meanwhile),
    };

    return cmocka_run_group_tests_name("stored journal", tests, NULL, NULL);
}
