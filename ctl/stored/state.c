/* SPDX-License-Identifier: MIT */
#include "state.h"

#include "journal.h"
#include "record.h"

enum record {
    RECORD_OP = 1,
    RECORD_SPECIAL,
    RECORD_DOMAIN,
    RECORD_DOMAIN_GONE,
    RECORD_RESET,
    RECORD_INPUT,
    RECORD_REQUEST,
    RECORD_OUTPUT,
    RECORD_WATCH,
    RECORD_UNWATCH,
    RECORD_DROP_WATCHES,
    RECORD_TX_START,
    RECORD_TX_END,
};

static struct buffer *record(struct store *store, enum record type)
{
    struct buffer *out = journal_batch(store->journal);

    put_u8(out, (uint8_t)type);
    return out;
}

/* A record about a ring's connection begins with its domain. */
static struct buffer *ring_record(struct store *store, enum record type, uint16_t domid)
{
    struct buffer *out = record(store, type);

    put_u16(out, domid);
    return out;
}

/* Whether what happens on @conn is to be logged. */
static bool is_logged(const struct conn *conn)
{
    return conn->domain && conn->store->journal;
}

static void put_perms(struct buffer *out, const struct perms *perms)
{
    put_u32(out, perms ? perms->count : 0);
    for (uint32_t i = 0; perms && i < perms->count; i++) {
        put_u8(out, perms->entry[i].access);
        put_u16(out, perms->entry[i].domid);
    }
}

static struct perms *get_perms(struct reader *in)
{
    uint32_t count = get_u32(in);
    struct perm first = { 0 };
    struct perms *perms;

    if (!count || count > in->left) {
        in->bad |= count != 0;
        return NULL;
    }
    perms = xmalloc(sizeof(*perms) + count * sizeof(first));
    perms->refs = 1;
    perms->count = count;
    for (uint32_t i = 0; i < count; i++) {
        perms->entry[i].access = get_u8(in) & (ACCESS_READ | ACCESS_WRITE);
        perms->entry[i].domid = get_u16(in);
    }
    return perms;
}

void state_log_op(struct store *store, const struct op *op)
{
    struct buffer *out;

    if (!store->journal) {
        return;
    }
    out = record(store, RECORD_OP);
    put_u8(out, (uint8_t)op->kind);
    put_string(out, op->path);
    put_bytes(out, op->value ? op->value->data : "", op->value ? op->value->length : 0);
    put_perms(out, op->perms);
}

static void replay_op(struct store *store, struct reader *in)
{
    struct op op = { .kind = (enum op_kind)get_u8(in), .path = (char *)get_string(in) };
    size_t length;
    const char *value = get_bytes(in, &length);

    op.perms = get_perms(in);
    if (!in->bad && op.path[0] == '/' && (op.kind != OP_SET_PERMS || op.perms)) {
        op.value = blob_new(value, length);
        store_replay_op(store, &op);
        blob_unref(op.value);
    }
    perms_unref(op.perms);
}

void state_log_special(struct store *store, unsigned int special)
{
    if (store->journal) {
        struct buffer *out = record(store, RECORD_SPECIAL);

        put_u8(out, (uint8_t)special);
        put_perms(out, store->special[special]);
    }
}

static void replay_special(struct store *store, struct reader *in)
{
    unsigned int special = get_u8(in);
    struct perms *perms = get_perms(in);

    if (!perms || special >= SPECIAL_COUNT) {
        perms_unref(perms);
        in->bad = true;
        return;
    }
    perms_unref(store->special[special]);
    store->special[special] = perms;
}

void state_log_domain(const struct domain *domain)
{
    struct buffer *out;

    if (!domain->store->journal) {
        return;
    }
    out = ring_record(domain->store, RECORD_DOMAIN, domain->domid);
    put_u8(out, domain->introduced);
    put_u8(out, domain->shutdown);
    put_u8(out, domain->broken);
    put_u32(out, (uint32_t)domain->target);
    put_u64(out, domain->gfn);
    put_u32(out, domain->remote_port);
}

static void replay_domain(struct store *store, struct reader *in)
{
    uint16_t domid = get_u16(in);
    bool introduced = get_u8(in), shutdown = get_u8(in), broken = get_u8(in);
    int32_t target = (int32_t)get_u32(in);
    uint64_t gfn = get_u64(in);
    uint32_t port = get_u32(in);
    struct domain *domain;

    if (in->bad) {
        return;
    }
    domain = domain_find(store, domid);
    if (!domain) {
        domain = domain_new(store, domid);
    }
    if (introduced && !domain->introduced) {
        domain_add_conn(domain);
    } else if (!introduced) {
        domain_drop_conn(domain);
    }
    domain->shutdown = shutdown;
    domain->broken = broken;
    domain->gfn = gfn;
    domain->remote_port = port;
    domain_set_target(domain, target);
}

void state_log_domain_gone(const struct domain *domain)
{
    if (domain->store->journal) {
        ring_record(domain->store, RECORD_DOMAIN_GONE, domain->domid);
    }
}

void state_log_reset(const struct domain *domain)
{
    if (domain->store->journal) {
        struct buffer *out = ring_record(domain->store, RECORD_RESET, domain->domid);

        put_u32(out, domain->ring.req_cons);
        put_u32(out, domain->ring.rsp_prod);
    }
}

void state_log_input(const struct domain *domain, const void *data, size_t length)
{
    if (domain->store->journal) {
        struct buffer *out = ring_record(domain->store, RECORD_INPUT, domain->domid);

        put_u32(out, domain->ring.req_cons);
        put_bytes(out, data, length);
    }
}

void state_log_request(const struct domain *domain)
{
    if (domain->store->journal) {
        struct buffer *out = ring_record(domain->store, RECORD_REQUEST, domain->domid);

        put_u32(out, domain->ring.req_cons);
    }
}

/* Of a message that was sent in part, the rest. */
void state_log_output(const struct conn *conn, const struct message *message)
{
    if (is_logged(conn)) {
        struct buffer *out = ring_record(conn->store, RECORD_OUTPUT, conn->domain->domid);

        put_u8(out, message->event);
        put_bytes(out, message->data + message->sent, message->length - message->sent);
    }
}

void state_log_watch(const struct watch *watch)
{
    if (is_logged(watch->conn)) {
        struct buffer *out =
            ring_record(watch->conn->store, RECORD_WATCH, watch->conn->domain->domid);

        put_string(out, watch->path);
        put_string(out, watch->token);
        put_u32(out, watch->depth);
        put_u8(out, watch->relative);
    }
}

void state_log_unwatch(const struct watch *watch)
{
    if (is_logged(watch->conn)) {
        struct buffer *out =
            ring_record(watch->conn->store, RECORD_UNWATCH, watch->conn->domain->domid);

        put_string(out, watch->path);
        put_string(out, watch->token);
    }
}

void state_log_drop_watches(const struct conn *conn)
{
    if (is_logged(conn)) {
        ring_record(conn->store, RECORD_DROP_WATCHES, conn->domain->domid);
    }
}

static void log_tx(const struct conn *conn, enum record type, uint32_t id)
{
    if (is_logged(conn)) {
        put_u32(ring_record(conn->store, type, conn->domain->domid), id);
    }
}

void state_log_tx_start(const struct conn *conn, uint32_t id)
{
    log_tx(conn, RECORD_TX_START, id);
}

void state_log_tx_end(const struct conn *conn, uint32_t id)
{
    log_tx(conn, RECORD_TX_END, id);
}

static void replay_input(struct domain *domain, struct reader *in)
{
    struct input *input = &domain->conn->in;
    uint32_t req_cons = get_u32(in);
    size_t length;
    const char *data = get_bytes(in, &length);

    if (length > REQUEST_MAX - input->have) {
        in->bad = true;
        return;
    }
    memcpy(input->data + input->have, data, length);
    input->have += (uint32_t)length;
    domain->ring.req_cons = req_cons;
}

static void replay_watch(struct domain *domain, enum record type, struct reader *in)
{
    const char *path = get_string(in), *token = get_string(in);
    struct watch *watch;

    if (type == RECORD_WATCH) {
        uint32_t depth = get_u32(in);
        bool relative = get_u8(in);

        if (!in->bad) {
            watch_add(&domain->store->watches, domain->conn, path, token, depth, relative);
        }
        return;
    }
    watch = watch_find(&domain->store->watches, domain->conn, path, token);
    if (watch) {
        watch_remove(&domain->store->watches, watch);
    }
}

static void replay_tx(struct conn *conn, enum record type, uint32_t id)
{
    struct tx *tx = conn_find_tx(conn, id);

    if (type == RECORD_TX_END && tx) {
        conn_end_tx(conn, tx);
    } else if (type == RECORD_TX_START && !tx && id) {
        tx_doom(conn_start_tx(conn, id));
        conn->last_tx = id;
    }
}

/* Records about the connection of a domain that is introduced. */
static void replay_ring(struct domain *domain, enum record type, struct reader *in)
{
    const char *data;
    size_t length;
    bool event;

    switch (type) {
    case RECORD_RESET:
        conn_reset(domain->conn);
        domain->ring.req_cons = get_u32(in);
        domain->ring.rsp_prod = get_u32(in);
        break;
    case RECORD_INPUT:
        replay_input(domain, in);
        break;
    case RECORD_REQUEST:
        domain->ring.req_cons = get_u32(in);
        domain->conn->in.have = 0;
        break;
    case RECORD_OUTPUT:
        event = get_u8(in);
        data = get_bytes(in, &length);
        conn_queue(domain->conn, data, length, event);
        break;
    case RECORD_WATCH:
    case RECORD_UNWATCH:
        replay_watch(domain, type, in);
        break;
    case RECORD_DROP_WATCHES:
        conn_drop_watches(domain->conn);
        break;
    case RECORD_TX_START:
    case RECORD_TX_END:
        replay_tx(domain->conn, type, get_u32(in));
        break;
    default:
        in->bad = true;
    }
}

static void replay_record(struct store *store, enum record type, struct reader *in)
{
    struct domain *domain;

    switch (type) {
    case RECORD_OP:
        replay_op(store, in);
        return;
    case RECORD_SPECIAL:
        replay_special(store, in);
        return;
    case RECORD_DOMAIN:
        replay_domain(store, in);
        return;
    default:
        break;
    }
    domain = domain_find(store, get_u16(in));
    if (domain && type == RECORD_DOMAIN_GONE) {
        domain_free(domain);
    } else if (domain && domain->conn) {
        replay_ring(domain, type, in);
    } else {
        in->bad = true;
    }
}

int state_replay(const char *data, size_t length, void *context)
{
    struct reader in = { .data = data, .left = length };

    while (in.left && !in.bad) {
        replay_record(context, (enum record)get_u8(&in), &in);
    }
    return in.bad ? -1 : 0;
}

struct snapshot {
    struct store *store;
    int (*step)(struct journal *);
    int err;
};

static void snapshot_node(const char *path, struct node *node, void *context)
{
    struct snapshot *snapshot = context;
    struct op op = {
        .kind = OP_WRITE, .path = (char *)path, .value = node->value, .perms = node->perms
    };

    if (snapshot->err) {
        return;
    }
    state_log_op(snapshot->store, &op);
    if (!path[1]) {
        op.kind = OP_SET_PERMS;
        state_log_op(snapshot->store, &op);
    }
    snapshot->err = snapshot->step(snapshot->store->journal);
}

static void snapshot_conn(const struct domain *domain)
{
    const struct conn *conn = domain->conn;
    const struct message *message;
    const struct watch *watch;
    const struct tx *tx;

    state_log_reset(domain);
    if (conn->in.have) {
        state_log_input(domain, conn->in.data, conn->in.have);
    }
    TAILQ_FOREACH(message, &conn->out, link)
    {
        state_log_output(conn, message);
    }
    LIST_FOREACH(watch, &conn->watches, conn_link)
    {
        state_log_watch(watch);
    }
    TAILQ_FOREACH(tx, &conn->transactions, link)
    {
        state_log_tx_start(conn, tx->id);
    }
}

int state_snapshot(struct store *store, struct journal *journal, int (*step)(struct journal *))
{
    struct snapshot snapshot = { .store = store, .step = step };
    const struct domain *domain;
    struct journal *before = store->journal;

    store->journal = journal;
    tree_walk("/", store->root, snapshot_node, &snapshot);
    for (unsigned int i = 0; i < SPECIAL_COUNT; i++) {
        state_log_special(store, i);
    }
    TAILQ_FOREACH(domain, &store->domains, link)
    {
        state_log_domain(domain);
        if (domain->conn) {
            snapshot_conn(domain);
        }
        if (!snapshot.err) {
            snapshot.err = step(journal);
        }
    }
    store->journal = before;
    return snapshot.err;
}
