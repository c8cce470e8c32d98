/* SPDX-License-Identifier: MIT */
/*
 * Random guests against the daemon, which is killed at random instants. Well-behaved guests must
 * get each reply once and in order whatever happens; hostile ones write anything into their rings.
 * FUZZ_SEED and FUZZ_ROUNDS in the environment choose other runs.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUESTS  4 /* domains 1 to 4; the last is hostile */
#define HOSTILE GUESTS

static struct store *store;
static struct conn *dom0;
static const char *path;
static uint64_t random_state;

static struct peer {
    struct guest guest;
    uint32_t sent_id, got_id;
    char out[REQUEST_MAX];
    size_t out_length, out_done;
    char in[REQUEST_MAX];
    size_t in_length;
    uint32_t tx;    /* open, or 0 */
    uint32_t tx_id; /* request that starts it */
    uint32_t events;
} peer[GUESTS + 1];

static off_t size_when_notified; /* of the journal; -1: no guest was notified yet */

/* What a guest has been told of must be in the journal by then. */
static void notified(uint16_t domid)
{
    struct stat st;

    if (domid < HOSTILE && size_when_notified < 0) {
        assert_int_equal(stat(path, &st), 0);
        size_when_notified = st.st_size;
    }
}

static uint32_t rnd(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

static void start(void)
{
    store = store_new();
    assert_true(journal_replay(path, state_replay, store) >= 0);
    domain_reconnect_all(store);
    store->journal = journal_start(path, store);
    assert_non_null(store->journal);
    dom0 = conn_new(store, 0);
}

static void crash(void)
{
    journal_close(store->journal);
    store_free(store);
    assert_int_equal(tree_bytes(), 0);
    start();
    check_sound(store);
}

static size_t random_path(char *out, unsigned int domid)
{
    static const char *const part[] = { "data",
                                        "a",
                                        "b",
                                        "a-rather-long-name-of-a-node",
                                        "/",
                                        "/local/domain/1/data",
                                        "/local/domain/2/data",
                                        "@releaseDomain",
                                        "%",
                                        "" };
    size_t length = 0;

    if (rnd(4)) {
        length += (size_t)sprintf(out, "data");
    }
    for (unsigned int i = rnd(4); i; i--) {
        length += (size_t)sprintf(out + length, "%s%s", length ? "/" : "",
                                  part[rnd(rnd(3) ? 4 : sizeof(part) / sizeof(part[0]))]);
    }
    out[length] = '\0';
    return length + 1;
}

/* The payload of a random request; its length. */
static size_t random_payload(char *out, uint32_t type, unsigned int domid)
{
    size_t length = random_path(out, domid), more = 0;

    switch (type) {
    case XS_WRITE:
        more = rnd(8) ? rnd(40) : rnd(2500);
        memset(out + length, 'a' + (int)rnd(26), more);
        return length + more;
    case XS_SET_PERMS:
        return length +
               (size_t)sprintf(out + length, "%c%u%cr%u", "nrwb"[rnd(4)], rnd(2) ? domid : rnd(5),
                               0, rnd(5)) +
               1;
    case XS_WATCH:
    case XS_UNWATCH:
        return length + (size_t)sprintf(out + length, "token%u", rnd(5)) + 1;
    case XS_DIRECTORY_PART:
        return length + (size_t)sprintf(out + length, "%u", rnd(50)) + 1;
    case XS_TRANSACTION_START:
        return (size_t)sprintf(out, "%s", "") + 1;
    case XS_TRANSACTION_END:
        return (size_t)sprintf(out, "%s", rnd(4) ? "T" : "F") + 1;
    case XS_GET_DOMAIN_PATH:
    case XS_IS_DOMAIN_INTRODUCED:
        return (size_t)sprintf(out, "%u", rnd(6)) + 1;
    default:
        return length;
    }
}

static void make_request(struct peer *p)
{
    struct xsd_sockmsg header = { .type = rnd(XS_TYPE_COUNT + 1), .req_id = ++p->sent_id };

    if (rnd(3) == 0) {
        header.type = XS_WRITE;
    }
    header.tx_id = header.type != XS_TRANSACTION_START && rnd(2) ? p->tx : 0;
    if (header.type == XS_TRANSACTION_START) {
        p->tx_id = header.req_id;
    } else if (header.type == XS_TRANSACTION_END) {
        header.tx_id = p->tx;
    }
    header.len = (uint32_t)random_payload(p->out + sizeof(header), header.type, p->guest.domid);
    memcpy(p->out, &header, sizeof(header));
    p->out_length = sizeof(header) + header.len;
    p->out_done = 0;
}

static void take_message(struct peer *p)
{
    struct xsd_sockmsg header;

    memcpy(&header, p->in, sizeof(header));
    if (header.type == XS_WATCH_EVENT) {
        p->events++;
        return;
    }
    assert_int_equal(header.req_id, p->got_id + 1);
    p->got_id = header.req_id;
    if (header.type == XS_TRANSACTION_START && header.req_id == p->tx_id) {
        p->tx = (uint32_t)strtoul(p->in + sizeof(header), NULL, 10);
    } else if (header.type == XS_TRANSACTION_END) {
        p->tx = 0;
    }
}

static void get_messages(struct peer *p)
{
    struct xsd_sockmsg header;
    size_t want, n = 1;

    while (n) {
        want = sizeof(header);
        if (p->in_length >= want) {
            memcpy(&header, p->in, sizeof(header));
            assert_true(header.len <= XENSTORE_PAYLOAD_MAX);
            want += header.len;
        }
        n = guest_get(&p->guest, p->in + p->in_length, want - p->in_length);
        p->in_length += n;
        if (p->in_length == want && p->in_length >= sizeof(header)) {
            memcpy(&header, p->in, sizeof(header));
            if (want == sizeof(header) + header.len) {
                take_message(p);
                p->in_length = 0;
                n = 1;
            }
        }
    }
}

static void act(struct peer *p)
{
    if (p->out_done == p->out_length && p->sent_id - p->got_id < 30) {
        make_request(p);
    }
    p->out_done += guest_put(&p->guest, p->out + p->out_done,
                             rnd(3) ? p->out_length - p->out_done
                                    : rnd((uint32_t)(p->out_length - p->out_done + 1)));
    if (rnd(2)) {
        get_messages(p);
    }
}

static void act_hostile(struct peer *p)
{
    struct xenstore_domain_interface *ring = p->guest.ring;

    switch (rnd(12)) {
    case 0:
        ring->req_prod = rnd(UINT32_MAX);
        break;
    case 1:
        ring->rsp_cons = rnd(UINT32_MAX);
        break;
    case 2:
        ring->req_cons = rnd(UINT32_MAX);
        break;
    case 3:
        ring->rsp_prod = rnd(UINT32_MAX);
        break;
    case 4:
        ring->req[rnd(XENSTORE_RING_SIZE)] = (char)rnd(256);
        break;
    case 5:
    case 6:
        ring->connection = XENSTORE_RECONNECT;
        break;
    case 7:
        ring->rsp_cons = ring->rsp_prod;
        break;
    default:
        make_request(p);
        guest_put(&p->guest, p->out, p->out_length);
    }
}

static void act_dom0(void)
{
    char name[64];
    unsigned int domid = 1 + rnd(GUESTS);

    switch (rnd(8)) {
    case 0:
        snprintf(name, sizeof(name), "/local/domain/%u/data/a", domid);
        ask_bytes(dom0, XS_RM, 0, name, strlen(name) + 1);
        break;
    case 1:
        ask(dom0, XS_WATCH, 0, "/\0t");
        break;
    default:
        snprintf(name, sizeof(name), "/local/domain/%u/data/%u", domid, rnd(20));
        ask_write(dom0, 0, name, "from dom0");
    }
    conn_sent(dom0, dom0->out_bytes);
}

static void check_bounds(void)
{
    const struct domain *domain;

    TAILQ_FOREACH(domain, &store->domains, link)
    {
        if (domain->conn) {
            assert_true(domain->conn->out_bytes <=
                        QUOTA_REPLY_BYTES + QUOTA_EVENT_BYTES + REQUEST_MAX);
            assert_true(domain->conn->watch_count <= QUOTA_WATCHES);
            assert_true(domain->conn->tx_count <= QUOTA_TRANSACTIONS);
        }
    }
    check_sound(store);
}

static void round_of_all(void)
{
    for (unsigned int i = 1; i <= GUESTS; i++) {
        if (i == HOSTILE) {
            act_hostile(&peer[i]);
        } else if (rnd(2)) {
            act(&peer[i]);
        }
        domain_event(store, FAKE_PORT(i));
    }
    if (!rnd(4)) {
        act_dom0();
    }
    domain_serve_ready(store);
    size_when_notified = -1;
    switch (rnd(40)) {
    case 0: /* before the commit */
        crash();
        break;
    case 1: /* after the commit, before anything is sent */
        journal_commit(store->journal, store);
        crash();
        break;
    case 2: /* when the first guest has been told */
        store_commit(store);
        if (size_when_notified >= 0) {
            assert_int_equal(truncate(path, size_when_notified), 0);
        }
        crash();
        break;
    default:
        store_commit(store);
    }
}

/* All requests that were sent have had their reply. */
static void settle(void)
{
    for (unsigned int round = 0; round < 10000; round++) {
        bool busy = false;

        for (unsigned int i = 1; i < HOSTILE; i++) {
            struct peer *p = &peer[i];

            p->out_done += guest_put(&p->guest, p->out + p->out_done, p->out_length - p->out_done);
            get_messages(p);
            domain_event(store, FAKE_PORT(i));
            busy |= p->got_id != p->sent_id;
        }
        domain_serve_ready(store);
        store_commit(store);
        if (!busy) {
            return;
        }
    }
    fail_msg("replies are missing");
}

static void setup_guests(void)
{
    memset(peer, 0, sizeof(peer));
    for (unsigned int i = 1; i <= GUESTS; i++) {
        struct xenstore_domain_interface *ring = &fake_domain[i].page.ring;

        make_domain_dir(dom0, i);
        peer[i].guest = (struct guest){ .domid = (uint16_t)i, .ring = ring };
        ring->req_prod = ring->req_cons = UINT32_MAX - rnd(100000);
        ring->rsp_prod = ring->rsp_cons = UINT32_MAX - rnd(100000);
        assert_int_equal(domain_introduce(store, (uint16_t)i, i, i), 0);
    }
    store_commit(store);
}

static void test_fuzz(void **state)
{
    const char *seed = getenv("FUZZ_SEED"), *rounds = getenv("FUZZ_ROUNDS");
    unsigned int count = rounds ? (unsigned int)atoi(rounds) : 6000;

    random_state = seed ? strtoull(seed, NULL, 0) : 1;
    fake_xen_reset();
    fake_notified = notified;
    path = journal_path();
    start();
    setup_guests();
    for (unsigned int i = 0; i < count; i++) {
        round_of_all();
        if (i % 50 == 0) {
            check_bounds();
        }
    }
    settle();
    for (unsigned int i = 1; i < HOSTILE; i++) {
        assert_true(peer[i].got_id > count / 20);
        assert_false(domain_find(store, (uint16_t)i)->broken);
    }
    check_bounds();
    journal_close(store->journal);
    store_free(store);
    assert_int_equal(tree_bytes(), 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fuzz),
    };

    return cmocka_run_group_tests_name("stored fuzz", tests, NULL, NULL);
}
