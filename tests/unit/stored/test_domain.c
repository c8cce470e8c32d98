/* SPDX-License-Identifier: MIT */
/*
 * Domains and their rings, good and hostile, as the daemon serves them.
 */
#include "harness.h"

#include <stdio.h>

static struct store *store;
static struct conn *dom0;
static struct guest guest;

static int setup(void **state)
{
    fake_xen_reset();
    store = store_new();
    dom0 = conn_new(store, 0);
    make_domain_dir(dom0, 3);
    assert_int_equal(domain_introduce(store, 3, 1000, 7), 0);
    store_commit(store);
    guest = (struct guest){ .domid = 3, .ring = &fake_domain[3].page.ring };
    return 0;
}

static int teardown(void **state)
{
    check_sound(store);
    store_free(store);
    for (unsigned int i = 0; i < FAKE_DOMAINS; i++) {
        assert_int_equal(fake_domain[i].maps, 0);
        assert_int_equal(fake_domain[i].binds, 0);
    }
    return 0;
}

/* What the daemon does when the guest has sent an event. */
static void serve(void)
{
    domain_event(store, FAKE_PORT(3));
    store_commit(store);
    do {
        domain_serve_ready(store);
        store_commit(store);
    } while (!TAILQ_EMPTY(&store->ready));
}

static void put_request(uint32_t type, uint32_t id, const char *payload, size_t length)
{
    struct xsd_sockmsg header = { .type = type, .req_id = id, .len = (uint32_t)length };

    assert_int_equal(guest_put(&guest, &header, sizeof(header)), sizeof(header));
    assert_int_equal(guest_put(&guest, payload, length), length);
}

static void get_reply(uint32_t type, uint32_t id)
{
    memset(&answer, 0, sizeof(answer));
    assert_int_equal(guest_get(&guest, &answer.header, sizeof(answer.header)),
                     sizeof(answer.header));
    assert_int_equal(guest_get(&guest, answer.payload, answer.header.len), answer.header.len);
    assert_int_equal(answer.header.type, type);
    assert_int_equal(answer.header.req_id, id);
}

static void test_request(void **state)
{
    unsigned int notified = fake_domain[3].notified;

    put_request(XS_WRITE, 1, "data/x\0value", 12);
    put_request(XS_READ, 2, "data/x", 7);
    serve();
    get_reply(XS_WRITE, 1);
    get_reply(XS_READ, 2);
    assert_string_equal(answer.payload, "value");
    check_value(store, "/local/domain/3/data/x", "value");
    assert_true(fake_domain[3].notified > notified);
    assert_int_equal(guest.ring->req_cons, guest.ring->req_prod);
}

/* As Linux does: an event only if all that was written before has been consumed. */
static void put_as_linux(const void *data, size_t length)
{
    uint32_t before = guest.ring->req_prod;

    assert_int_equal(guest_put(&guest, data, length), length);
    if (before == guest.ring->req_cons) {
        serve();
    }
}

/* One that comes in pieces is taken in pieces: for the later ones there might be no event. */
static void test_in_pieces(void **state)
{
    struct xsd_sockmsg header = { .type = XS_READ, .req_id = 9, .len = 2 };

    put_as_linux(&header, 10);
    put_as_linux((char *)&header + 10, 6);
    put_as_linux("/", 1);
    assert_int_equal(guest.ring->rsp_prod, 0);
    put_as_linux("", 1);
    get_reply(XS_ERROR, 9);
    assert_string_equal(answer.payload, "EACCES");
    assert_int_equal(guest.ring->req_cons, 18);
}

/* What is written before the guest can see that its last request was taken comes without an event.
 */
static void test_written_meanwhile(void **state)
{
    put_request(XS_WRITE, 1, "data/x\0value", 12);
    domain_event(store, FAKE_PORT(3));
    domain_serve_ready(store);
    assert_int_equal(guest.ring->req_cons, 0);
    put_request(XS_READ, 2, "data/x", 7);
    store_commit(store);
    while (!TAILQ_EMPTY(&store->ready)) {
        domain_serve_ready(store);
        store_commit(store);
    }
    get_reply(XS_WRITE, 1);
    get_reply(XS_READ, 2);
    assert_string_equal(answer.payload, "value");
}

/* One that is larger than the ring, with a reply that is too. */
static void test_larger_than_ring(void **state)
{
    struct xsd_sockmsg header = { .type = XS_WRITE, .req_id = 1, .len = 7 + 2000 };
    char request[sizeof(header) + 7 + 2000], reply[sizeof(header) + 2000];
    size_t done = 0;

    memcpy(request, &header, sizeof(header));
    memcpy(request + sizeof(header), "data/x", 7);
    memset(request + sizeof(header) + 7, 'v', 2000);
    for (unsigned int i = 0; done < sizeof(request) && i < 100; i++) {
        done += guest_put(&guest, request + done, sizeof(request) - done);
        serve();
    }
    get_reply(XS_WRITE, 1);
    put_request(XS_READ, 2, "data/x", 7);
    done = 0;
    for (unsigned int i = 0; done < sizeof(reply) && i < 100; i++) {
        serve();
        done += guest_get(&guest, reply + done, sizeof(reply) - done);
    }
    assert_memory_equal(reply + sizeof(header), request + sizeof(header) + 7, 2000);
    serve();
    assert_int_equal(guest.ring->rsp_prod, guest.ring->rsp_cons);
}

static void expect_broken(uint32_t error)
{
    unsigned int notified = fake_domain[3].notified;

    serve();
    assert_int_equal(guest.ring->error, error);
    assert_true(domain_find(store, 3)->broken);
    assert_true(fake_domain[3].notified > notified);
    /* It is ignored from now on, whatever it does. */
    guest.ring->req_prod = guest.ring->req_cons = guest.ring->rsp_cons = guest.ring->rsp_prod = 0;
    put_request(XS_READ, 1, "data", 5);
    serve();
    assert_int_equal(guest.ring->rsp_prod, 0);
    /* Until it asks for a new start. */
    guest.ring->connection = XENSTORE_RECONNECT;
    serve();
    assert_int_equal(guest.ring->connection, XENSTORE_CONNECTED);
    assert_int_equal(guest.ring->error, XENSTORE_ERROR_NONE);
    put_request(XS_READ, 2, "data", 5);
    serve();
    get_reply(XS_READ, 2);
}

static void test_hostile_req_prod(void **state)
{
    guest.ring->req_prod = guest.ring->req_cons + XENSTORE_RING_SIZE + 1;
    expect_broken(XENSTORE_ERROR_RINGIDX);
}

static void test_hostile_req_prod_backwards(void **state)
{
    guest.ring->req_prod = guest.ring->req_cons - 1;
    expect_broken(XENSTORE_ERROR_RINGIDX);
}

static void test_hostile_rsp_cons(void **state)
{
    guest.ring->rsp_cons = guest.ring->rsp_prod + 1;
    put_request(XS_READ, 1, "data", 5);
    expect_broken(XENSTORE_ERROR_RINGIDX);
}

static void test_hostile_length(void **state)
{
    struct xsd_sockmsg header = { .type = XS_WRITE, .len = XENSTORE_PAYLOAD_MAX + 1 };

    guest_put(&guest, &header, sizeof(header));
    expect_broken(XENSTORE_ERROR_PROTO);
}

/* The length is changed behind our back, when only a part of the request has come. */
static void test_hostile_length_change(void **state)
{
    struct xsd_sockmsg header = { .type = XS_WRITE, .len = 2000 };

    guest_put(&guest, &header, sizeof(header));
    serve();
    ((struct xsd_sockmsg *)guest.ring->req)->len = UINT32_MAX;
    guest_put(&guest, "data/x", 7);
    serve();
    assert_false(domain_find(store, 3)->broken);
    for (unsigned int i = 0; i < 10; i++) {
        char value[800] = "";

        guest_put(&guest, value, sizeof(value));
        serve();
    }
    get_reply(XS_WRITE, 0);
    assert_int_equal(tree_lookup(store->root, "/local/domain/3/data/x")->value->length, 1993);
}

static void test_guest_that_does_not_read(void **state)
{
    struct conn *conn = domain_find(store, 3)->conn;
    char value[2007] = "data/x";
    struct xsd_sockmsg header = { .type = XS_WRITE, .len = sizeof(value) };
    size_t served = 0;

    assert_int_equal(ask_write(dom0, 0, "/local/domain/3/data/x", ""), 0);
    for (unsigned int i = 0; i < 10000; i++) {
        header.type = XS_DIRECTORY;
        header.len = 5;
        if (XENSTORE_RING_SIZE - (guest.ring->req_prod - guest.ring->req_cons) >= 21) {
            guest_put(&guest, &header, sizeof(header));
            guest_put(&guest, "data", 5);
            served++;
        }
        serve();
        assert_true(conn->out_bytes <= QUOTA_REPLY_BYTES + REQUEST_MAX);
    }
    assert_true(served < 10000);
    assert_false(conn_may_serve(conn));
    /* Others are served meanwhile; and it is again when it reads. */
    assert_int_equal(ask_write(dom0, 0, "/x", "1"), 0);
    for (unsigned int i = 0; i < 10000 && conn->out_bytes; i++) {
        char sink[XENSTORE_RING_SIZE];

        guest_get(&guest, sink, sizeof(sink));
        serve();
    }
    assert_int_equal(conn->out_bytes, 0);
    assert_int_equal(guest.ring->req_cons, guest.ring->req_prod);
}

static void test_reconnect_drops_everything(void **state)
{
    put_request(XS_WATCH, 1, "data\0t", 7);
    put_request(XS_TRANSACTION_START, 2, "", 1);
    serve();
    assert_int_equal(domain_find(store, 3)->conn->watch_count, 1);
    assert_int_equal(domain_find(store, 3)->conn->tx_count, 1);
    guest.ring->connection = XENSTORE_RECONNECT;
    serve();
    assert_int_equal(domain_find(store, 3)->conn->watch_count, 0);
    assert_int_equal(domain_find(store, 3)->conn->tx_count, 0);
    assert_int_equal(guest.ring->req_prod, 0);
    assert_int_equal(guest.ring->rsp_prod, 0);
    ask_write(dom0, 0, "/local/domain/3/data/x", "1");
    serve();
    assert_int_equal(guest.ring->rsp_prod, 0);
}

static void watch_releases(void)
{
    assert_int_equal(ask(dom0, XS_WATCH, 0, "@releaseDomain\0r"), 0);
    check_event(dom0, "@releaseDomain", "r");
}

static void test_shutdown(void **state)
{
    watch_releases();
    domain_check_all(store);
    check_no_message(dom0);
    fake_domain[3].shutdown = true;
    domain_check_all(store);
    check_event(dom0, "@releaseDomain", "r");
    domain_check_all(store);
    check_no_message(dom0);
    assert_int_equal(ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "3"), 0);
    assert_string_equal(answer.payload, "T");
    assert_int_equal(ask(dom0, XS_RESUME, 0, "3"), 0);
    domain_check_all(store);
    check_event(dom0, "@releaseDomain", "r");
}

/* A dying domain's ring is unmapped at once; what it had is cleaned up when it is gone. */
static void test_death(void **state)
{
    make_domain_dir(dom0, 4);
    assert_int_equal(ask(dom0, XS_SET_PERMS, 0, "/local/domain/4/data\0n4\0b3"), 0);
    put_request(XS_WRITE, 1,
                "data/x\0"
                "1",
                8);
    put_request(XS_WRITE, 2,
                "/local/domain/4/data/left\0"
                "1",
                27);
    put_request(XS_WATCH, 3, "data\0t", 7);
    serve();
    assert_int_equal(store->account.nodes[3], 3);
    watch_releases();
    fake_domain[3].dying = true;
    domain_check_all(store);
    check_event(dom0, "@releaseDomain", "r");
    assert_int_equal(fake_domain[3].maps, 0);
    assert_int_equal(fake_domain[3].binds, 0);
    assert_int_equal(store->watches.count, 1);
    assert_int_equal(ask(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "3"), 0);
    assert_string_equal(answer.payload, "F");
    assert_int_equal(ask(dom0, XS_INTRODUCE, 0,
                         "3\0"
                         "1\0"
                         "2"),
                     ENOENT);
    fake_domain[3].exists = false;
    domain_check_all(store);
    check_event(dom0, "@releaseDomain", "r");
    domain_check_all(store);
    check_no_message(dom0);
    assert_null(domain_find(store, 3));
    assert_int_equal(store->account.nodes[3], 0);
    check_value(store, "/local/domain/3/data/x", "1");
    check_value(store, "/local/domain/4/data/left", NULL);
    assert_false(perms_mention(tree_lookup(store->root, "/local/domain/4/data")->perms, 3));
    assert_false(perms_mention(tree_lookup(store->root, "/local/domain/3")->perms, 3));
}

static void test_introduce_again(void **state)
{
    assert_int_equal(ask(dom0, XS_WATCH, 0, "@introduceDomain\0i"), 0);
    check_event(dom0, "@introduceDomain", "i");
    put_request(XS_WATCH, 1, "data\0t", 7);
    serve();
    assert_int_equal(domain_introduce(store, 3, 1000, 8), 0);
    check_event(dom0, "@introduceDomain", "i");
    assert_int_equal(fake_domain[3].maps, 1);
    assert_int_equal(fake_domain[3].binds, 1);
    assert_int_equal(domain_find(store, 3)->conn->watch_count, 0);
    fake_domain[4].refuse_map = true;
    assert_int_equal(domain_introduce(store, 4, 1000, 8), EINVAL);
    assert_null(domain_find(store, 4));
    fake_domain[5].exists = false;
    assert_int_equal(domain_introduce(store, 5, 1000, 8), ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_request),
        TEST(test_in_pieces),
        TEST(test_written_meanwhile),
        TEST(test_larger_than_ring),
        TEST(test_hostile_req_prod),
        TEST(test_hostile_req_prod_backwards),
        TEST(test_hostile_rsp_cons),
        TEST(test_hostile_length),
        TEST(test_hostile_length_change),
        TEST(test_guest_that_does_not_read),
        TEST(test_reconnect_drops_everything),
        TEST(test_shutdown),
        TEST(test_death),
        TEST(test_introduce_again),
    };

    return cmocka_run_group_tests_name("stored domain", tests, NULL, NULL);
}
