/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "state.h"
#include "store.h"

/* Requests served of one ring before the next one's turn. */
#define SERVE_AT_ONCE 8

struct domain *domain_find(struct store *store, uint16_t domid)
{
    struct domain *domain;

    TAILQ_FOREACH(domain, &store->domains, link)
    {
        if (domain->domid == domid) {
            return domain;
        }
    }
    return NULL;
}

struct domain *domain_new(struct store *store, uint16_t domid)
{
    struct domain *domain = xcalloc(1, sizeof(*domain));

    domain->store = store;
    domain->domid = domid;
    domain->target = -1;
    TAILQ_INSERT_TAIL(&store->domains, domain, link);
    return domain;
}

static void set_ready(struct domain *domain, bool ready)
{
    if (ready && !domain->ready) {
        TAILQ_INSERT_TAIL(&domain->store->ready, domain, ready_link);
    } else if (!ready && domain->ready) {
        TAILQ_REMOVE(&domain->store->ready, domain, ready_link);
    }
    domain->ready = ready;
}

/* Fails the connection: nothing more is served until the guest asks for a new start. */
static void break_ring(struct domain *domain, uint32_t error, const char *why)
{
    conn_log(domain->conn, "%s: its connection is dropped", why);
    conn_reset(domain->conn);
    domain->broken = true;
    state_log_domain(domain);
    state_log_reset(domain);
    ring_set_error(&domain->ring, error);
    xen_notify_port(domain->port);
}

/* Moves queued output into the ring as far as there is room. False if the ring is broken. */
static bool fill_ring(struct domain *domain, bool *filled)
{
    struct conn *conn = domain->conn;
    struct message *message;

    while ((message = TAILQ_FIRST(&conn->out))) {
        int room = ring_writable(&domain->ring);
        uint32_t left = message->length - message->sent;

        if (room < 0) {
            break_ring(domain, XENSTORE_ERROR_RINGIDX, "has an rsp_cons that makes no sense");
            return false;
        }
        if (!room) {
            break;
        }
        if (left > (uint32_t)room) {
            left = (uint32_t)room;
        }
        ring_put(&domain->ring, message->data + message->sent, left);
        conn_sent(conn, left);
        *filled = true;
    }
    return true;
}

/*
 * Moves queued output into the ring. The journal has it all by now.
 *
 * A guest notifies only if it finds that all it had written before has been consumed, or that the
 * ring was full of answers. What it did before it could see our new indexes it told nobody: so the
 * ring is looked at again once they are published.
 */
static void flush_ring(struct conn *conn)
{
    struct domain *domain = conn->domain;
    bool publish = domain->consumed;

    if (!domain->connected || domain->broken) {
        return;
    }
    do {
        if (!fill_ring(domain, &publish) || !publish) {
            return;
        }
        ring_publish(&domain->ring);
        xen_notify_port(domain->port);
        domain->consumed = publish = false;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while (TAILQ_FIRST(&conn->out) && ring_writable(&domain->ring) != 0);
    if (ring_readable(&domain->ring) != 0) {
        set_ready(domain, true);
    }
}

void domain_add_conn(struct domain *domain)
{
    domain->introduced = true;
    domain->conn = conn_new(domain->store, domain->domid);
    domain->conn->domain = domain;
    domain->conn->flush = flush_ring;
    domain->conn->actor.target = domain->target;
}

static void disconnect(struct domain *domain)
{
    set_ready(domain, false);
    if (domain->connected) {
        xen_unbind_port(domain->port);
        xen_unmap_ring(&domain->mapping);
    }
    domain->connected = domain->broken = domain->consumed = false;
    domain->ring = (struct ring){ 0 };
}

void domain_drop_conn(struct domain *domain)
{
    disconnect(domain);
    if (domain->conn) {
        conn_free(domain->conn);
        domain->conn = NULL;
    }
    domain->introduced = false;
}

void domain_free(struct domain *domain)
{
    domain_drop_conn(domain);
    TAILQ_REMOVE(&domain->store->domains, domain, link);
    free(domain);
}

void domain_free_all(struct store *store)
{
    struct domain *domain;

    while ((domain = TAILQ_FIRST(&store->domains))) {
        domain_free(domain);
    }
}

void domain_set_target(struct domain *domain, int32_t target)
{
    domain->target = target;
    if (domain->conn) {
        domain->conn->actor.target = target;
    }
}

/* Maps the ring and binds the port. 0 or a negative errno, with a line in the log. */
static int connect_ring(struct domain *domain)
{
    uint32_t port = domain->remote_port;
    int err;

    if (domain->domid == DOM0) {
        err = xen_map_local_ring(&domain->mapping, &port);
    } else {
        err = xen_map_ring(domain->domid, &domain->mapping);
    }
    if (err) {
        log_line("domain %u: its ring can't be mapped: %s", domain->domid, strerror(-err));
        return err;
    }
    err = xen_bind_port(domain->domid, port, &domain->port);
    if (err) {
        log_line("domain %u: its event channel %u can't be bound: %s", domain->domid, port,
                 strerror(-err));
        xen_unmap_ring(&domain->mapping);
        return err;
    }
    domain->remote_port = port;
    domain->ring.page = domain->mapping.page;
    domain->connected = true;
    return 0;
}

/* From now on it is served; the guest is told so, in case it waits. */
static void start_ring(struct domain *domain)
{
    ring_offer(&domain->ring);
    domain->consumed = true;
    conn_set_dirty(domain->conn);
    set_ready(domain, true);
}

/* Connects a ring that no daemon has served before. */
static int connect_new(struct domain *domain)
{
    int err = connect_ring(domain);

    if (err) {
        return err;
    }
    domain_add_conn(domain);
    ring_adopt(&domain->ring);
    state_log_domain(domain);
    state_log_reset(domain);
    start_ring(domain);
    return 0;
}

/*
 * Connects a ring that was served before the daemon was restarted: what of the queued output the
 * ring has got was sent.
 */
static int connect_again(struct domain *domain)
{
    int err = connect_ring(domain);
    uint32_t sent;

    if (err) {
        return err;
    }
    sent = domain->ring.page->rsp_prod - domain->ring.rsp_prod;
    if (!ring_wants_reset(&domain->ring) && !domain->broken) {
        if (sent > domain->conn->out_bytes) {
            break_ring(domain, XENSTORE_ERROR_RINGIDX, "has changed rsp_prod");
        } else {
            conn_sent(domain->conn, sent);
            domain->ring.rsp_prod += sent;
        }
    }
    start_ring(domain);
    return 0;
}

int domain_introduce_local(struct store *store)
{
    struct domain *domain = domain_find(store, DOM0);

    if (domain) {
        return domain->connected ? 0 : -EIO; /* the journal knew it */
    }
    domain = domain_new(store, DOM0);
    return connect_new(domain);
}

int domain_introduce(struct store *store, uint16_t domid, uint64_t gfn, uint32_t port)
{
    struct xen_domain_state state;
    struct domain *domain;

    if (domid == DOM0 || domid >= DOMID_COUNT) {
        return EINVAL;
    }
    if (xen_domain_state(domid, &state) || state.dying) {
        log_line("domain %u can't be introduced: there is no such domain", domid);
        return ENOENT;
    }
    domain = domain_find(store, domid);
    if (domain) {
        domain_drop_conn(domain);
    } else {
        domain = domain_new(store, domid);
    }
    domain->gfn = gfn;
    domain->remote_port = port;
    domain->shutdown = state.shutdown;
    if (connect_new(domain)) {
        state_log_domain_gone(domain);
        domain_free(domain);
        return EINVAL;
    }
    store_fire_special(store, SPECIAL_INTRODUCE);
    return 0;
}

static void release(struct domain *domain)
{
    domain_drop_conn(domain);
    state_log_domain(domain);
}

/* The record stays until the domain has gone, when what it owned is to be cleaned up. */
int domain_release(struct store *store, uint16_t domid)
{
    struct domain *domain = domain_find(store, domid);

    if (domid == DOM0) {
        return EINVAL;
    }
    if (!domain || !domain->introduced) {
        return ENOENT;
    }
    release(domain);
    store_fire_special(store, SPECIAL_RELEASE);
    return 0;
}

static void forget(struct domain *domain)
{
    struct store *store = domain->store;
    uint16_t domid = domain->domid;

    state_log_domain_gone(domain);
    domain_free(domain);
    store_forget_domain(store, domid);
}

/* Whether there is something to tell about it. */
static bool check(struct domain *domain)
{
    struct xen_domain_state state;
    int err = xen_domain_state(domain->domid, &state);

    if (err == -ESRCH) {
        forget(domain);
        return true;
    }
    if (err) {
        log_line("domain %u: its state is unknown: %s", domain->domid, strerror(-err));
        return false;
    }
    if (state.dying && domain->introduced) {
        /* A domain can't go away while its ring is mapped. */
        release(domain);
        return true;
    }
    if (state.shutdown && !domain->shutdown) {
        domain->shutdown = true;
        state_log_domain(domain);
        return true;
    }
    return false;
}

void domain_check_all(struct store *store)
{
    struct domain *domain, *next;
    bool tell = false;

    for (domain = TAILQ_FIRST(&store->domains); domain; domain = next) {
        next = TAILQ_NEXT(domain, link);
        if (domain->domid != DOM0) {
            tell |= check(domain);
        }
    }
    if (tell) {
        store_fire_special(store, SPECIAL_RELEASE);
    }
}

void domain_reconnect_all(struct store *store)
{
    struct domain *domain;

    domain_check_all(store);
    TAILQ_FOREACH(domain, &store->domains, link)
    {
        if (domain->introduced && !domain->connected && connect_again(domain)) {
            release(domain);
        }
    }
}

void domain_event(struct store *store, uint32_t port)
{
    struct domain *domain;

    TAILQ_FOREACH(domain, &store->domains, link)
    {
        if (domain->connected && (!port || domain->port == port)) {
            set_ready(domain, true);
        }
    }
}

/* The guest has asked for a new start, which it is to see only when the journal has it. */
static void reset_ring(struct domain *domain)
{
    struct store *store = domain->store;

    conn_reset(domain->conn);
    domain->broken = false;
    domain->ring.req_cons = domain->ring.rsp_prod = 0;
    state_log_domain(domain);
    state_log_reset(domain);
    store_commit(store);
    ring_reset(&domain->ring);
    xen_notify_port(domain->port);
}

/* Takes @length more bytes of a request from the ring. */
static void take(struct domain *domain, size_t length)
{
    struct input *in = &domain->conn->in;

    ring_peek(&domain->ring, in->data + in->have, length);
    in->have += (uint32_t)length;
    domain->ring.req_cons += (uint32_t)length;
    domain->consumed = true;
    conn_set_dirty(domain->conn);
}

/* Takes from the ring until the input has @length bytes; true if it has. */
static bool take_until(struct domain *domain, size_t length, size_t *waiting)
{
    size_t part = length - domain->conn->in.have;

    if (part > *waiting) {
        part = *waiting;
    }
    if (part) {
        take(domain, part);
        *waiting -= part;
    }
    return domain->conn->in.have == length;
}

/*
 * Gets the next request. Parts of one are taken as they come: a guest that adds the rest does not
 * notify as long as we have left something. 1: it is whole, 0: not yet, -1: ring broken.
 */
static int take_request(struct domain *domain, struct xsd_sockmsg *header)
{
    struct input *in = &domain->conn->in;
    uint32_t before = in->have;
    int readable = ring_readable(&domain->ring);
    size_t waiting = (size_t)readable;
    bool whole = false;

    if (readable < 0) {
        break_ring(domain, XENSTORE_ERROR_RINGIDX, "has a req_prod that makes no sense");
        return -1;
    }
    if (in->have >= sizeof(*header) || take_until(domain, sizeof(*header), &waiting)) {
        memcpy(header, in->data, sizeof(*header));
        if (header->len > XENSTORE_PAYLOAD_MAX) {
            break_ring(domain, XENSTORE_ERROR_PROTO, "sends a request that is too long");
            return -1;
        }
        whole = take_until(domain, sizeof(*header) + header->len, &waiting);
    }
    /* What came in one piece is answered before anybody may see that it was taken. */
    if (in->have != before && (before || !whole)) {
        state_log_input(domain, in->data + before, in->have - before);
    }
    return whole;
}

static void serve(struct domain *domain)
{
    struct conn *conn = domain->conn;
    struct xsd_sockmsg header;

    if (ring_wants_reset(&domain->ring)) {
        reset_ring(domain);
    }
    conn_set_dirty(conn); /* it may have made room in the ring */
    for (unsigned int i = 0; i < SERVE_AT_ONCE; i++) {
        if (domain->broken || !conn_may_serve(conn) || take_request(domain, &header) <= 0) {
            return;
        }
        request_handle(conn, &header, conn->in.data + sizeof(header));
        conn->in.have = 0;
        state_log_request(domain);
    }
    set_ready(domain, true);
}

void domain_serve_ready(struct store *store)
{
    struct domain *domain, *last = TAILQ_LAST(&store->ready, domain_list);
    bool end = !last;

    while (!end) {
        domain = TAILQ_FIRST(&store->ready);
        end = domain == last;
        set_ready(domain, false);
        serve(domain);
    }
}
