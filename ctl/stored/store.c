/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "state.h"

static const char *const special_path[SPECIAL_COUNT] = {
    [SPECIAL_INTRODUCE] = PATH_INTRODUCE,
    [SPECIAL_RELEASE] = PATH_RELEASE,
};

static const struct perm dom0_only = { .access = 0, .domid = DOM0 };

struct store *store_new(void)
{
    struct store *store = xcalloc(1, sizeof(*store));
    struct perms *perms = perms_new(&dom0_only, 1);

    store->root = tree_new(perms);
    account_add(&store->account, DOM0, 1, (int64_t)node_cost(store->root));
    for (unsigned int i = 0; i < SPECIAL_COUNT; i++) {
        store->special[i] = perms_ref(perms);
    }
    perms_unref(perms);
    TAILQ_INIT(&store->conns);
    TAILQ_INIT(&store->dirty);
    TAILQ_INIT(&store->transactions);
    TAILQ_INIT(&store->domains);
    TAILQ_INIT(&store->ready);
    return store;
}

void store_free(struct store *store)
{
    struct conn *conn;

    store->journal = NULL;
    domain_free_all(store);
    while ((conn = TAILQ_FIRST(&store->conns))) {
        conn_free(conn);
    }
    for (unsigned int i = 0; i < SPECIAL_COUNT; i++) {
        perms_unref(store->special[i]);
    }
    node_unref(store->root);
    free(store);
}

/* Does @op on the live tree, and all that follows from it. */
static void apply_live(struct store *store, const struct op *op)
{
    struct change change = op_apply(&store->root, op, &store->account);

    if (!change.changed) {
        return;
    }
    state_log_op(store, op);
    if (change.removed) {
        watch_fire_removed(&store->watches, op->path, change.removed);
        node_unref(change.removed);
    } else {
        watch_fire(&store->watches, op->path, tree_lookup(store->root, op->path)->perms);
    }
}

static void apply_in_tx(struct conn *conn, struct tx *tx, const struct op *op)
{
    struct change change = op_apply(&tx->root, op, NULL);

    if (change.created && perms_owner(op->perms) == conn->actor.domid) {
        tx->delta += (int32_t)change.created;
    }
    if (change.removed) {
        tx->delta -= (int32_t)count_owned(change.removed, conn->actor.domid);
        node_unref(change.removed);
    }
    tx_note_op(tx, op);
}

static void apply(struct conn *conn, struct tx *tx, const struct op *op)
{
    if (tx) {
        apply_in_tx(conn, tx, op);
    } else {
        apply_live(conn->store, op);
    }
}

static struct node **view(struct conn *conn, struct tx *tx)
{
    return tx ? tx_root(tx, conn->store->root) : &conn->store->root;
}

/* A transaction of a guest that has seen too much. */
static bool tx_is_full(const struct conn *conn, const struct tx *tx)
{
    return tx && !actor_is_privileged(&conn->actor) && tx->bytes > QUOTA_TX_BYTES;
}

/*
 * Finds a node that the connection may access so. If there is none, ENOENT tells so to who may
 * access the nearest above it, *node; others get EACCES.
 */
static int find(struct conn *conn, struct tx *tx, const char *path, unsigned int access,
                struct node **node)
{
    struct node **root = view(conn, tx);
    size_t length;

    *node = NULL;
    if (path[0] != '/') {
        return EINVAL;
    }
    if (tx_is_full(conn, tx)) {
        return ENOSPC;
    }
    *node = tree_nearest(*root, path, &length);
    if (tx) {
        tx_note_seen(tx, path, length, SEEN_CONTENT);
        if (path[length]) {
            tx_note_seen(tx, path, strlen(path), SEEN_CONTENT);
        }
    }
    if (!perms_allow((*node)->perms, &conn->actor, access)) {
        return EACCES;
    }
    return path[length] ? ENOENT : 0;
}

int conn_read(struct conn *conn, struct tx *tx, const char *path, struct node **node)
{
    return find(conn, tx, path, ACCESS_READ, node);
}

int conn_list(struct conn *conn, struct tx *tx, const char *path, struct node **node)
{
    int err = find(conn, tx, path, ACCESS_READ, node);

    if (!err && tx) {
        tx_note_seen(tx, path, strlen(path), SEEN_CHILDREN);
    }
    return err;
}

/* Nodes made are like the one above them, but belong to the guest that has made them. */
static struct perms *inherited_perms(const struct conn *conn, const struct node *parent)
{
    if (actor_is_privileged(&conn->actor)) {
        return perms_ref(parent->perms);
    }
    return perms_with_owner(parent->perms, conn->actor.domid);
}

static uint32_t missing_nodes(struct node *root, const char *path)
{
    uint32_t count = 0;
    size_t length;

    tree_nearest(root, path, &length);
    if (length == 1 && path[1]) {
        length = 0;
    }
    for (; path[length]; length++) {
        count += path[length] == '/';
    }
    return count;
}

/* Does @op, which makes the node at its path if @err, what find() has said, is ENOENT. */
static int make_or_change(struct conn *conn, struct tx *tx, struct op *op, int err,
                          const struct node *parent)
{
    if (err == ENOENT) {
        if (!quota_allows_nodes(&conn->store->account, &conn->actor, tx ? tx->delta : 0,
                                missing_nodes(*view(conn, tx), op->path))) {
            conn_log(conn, "is at its quota of %u nodes", QUOTA_NODES);
            return ENOSPC;
        }
        op->perms = inherited_perms(conn, parent);
    } else if (err) {
        return err;
    }
    apply(conn, tx, op);
    perms_unref(op->perms);
    return 0;
}

int conn_write(struct conn *conn, struct tx *tx, const char *path, const void *value, size_t length)
{
    struct op op = { .kind = OP_WRITE, .path = (char *)path };
    struct node *node;
    int err = find(conn, tx, path, ACCESS_WRITE, &node);

    if (err && err != ENOENT) {
        return err;
    }
    if (!quota_allows_value(&conn->actor, length)) {
        conn_log(conn, "writes a value of %zu bytes, more than %u", length, QUOTA_NODE_SIZE);
        return ENOSPC;
    }
    op.value = blob_new(value, length);
    err = make_or_change(conn, tx, &op, err, node);
    blob_unref(op.value);
    return err;
}

int conn_mkdir(struct conn *conn, struct tx *tx, const char *path)
{
    struct op op = { .kind = OP_MKDIR, .path = (char *)path };
    struct node *node;
    int err = find(conn, tx, path, ACCESS_WRITE, &node);

    return err ? make_or_change(conn, tx, &op, err, node) : 0;
}

int conn_rm(struct conn *conn, struct tx *tx, const char *path)
{
    struct op op = { .kind = OP_RM, .path = (char *)path };
    struct node *node;
    size_t length;
    int err;

    if (!path[1]) {
        return EINVAL;
    }
    err = find(conn, tx, path, ACCESS_WRITE, &node);
    if (err == ENOENT) {
        /* That is no error, provided that the node above is there. */
        tree_nearest(*view(conn, tx), path, &length);
        return length == path_parent_length(path) ? 0 : ENOENT;
    }
    if (err) {
        return err;
    }
    apply(conn, tx, &op);
    return 0;
}

static int special_index(const char *path)
{
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        if (!strcmp(path, special_path[i])) {
            return i;
        }
    }
    return -1;
}

int conn_get_perms(struct conn *conn, struct tx *tx, const char *path, struct perms **perms)
{
    int special = special_index(path);
    struct node *node;
    int err;

    if (special >= 0) {
        *perms = conn->store->special[special];
        return perms_allow(*perms, &conn->actor, ACCESS_READ) ? 0 : EACCES;
    }
    err = find(conn, tx, path, ACCESS_READ, &node);
    if (!err) {
        *perms = node->perms;
    }
    return err;
}

int conn_set_perms(struct conn *conn, struct tx *tx, const char *path, struct perms *perms)
{
    struct op op = { .kind = OP_SET_PERMS, .path = (char *)path, .perms = perms };
    int special = special_index(path);
    struct node *node;
    int err;

    if (special >= 0) {
        if (!actor_is_privileged(&conn->actor)) {
            return EACCES;
        }
        perms_unref(conn->store->special[special]);
        conn->store->special[special] = perms_ref(perms);
        state_log_special(conn->store, (unsigned int)special);
        return 0;
    }
    err = find(conn, tx, path, ACCESS_OWNER, &node);
    if (err) {
        return err;
    }
    if (!actor_is_privileged(&conn->actor)) {
        if (perms_owner(perms) != perms_owner(node->perms)) {
            return EPERM;
        }
        if (perms->count > QUOTA_PERMS) {
            return ENOSPC;
        }
    }
    apply(conn, tx, &op);
    return 0;
}

int conn_commit_tx(struct conn *conn, struct tx *tx)
{
    struct store *store = conn->store;
    int err = 0;

    if (tx_conflicts(tx, store->root)) {
        err = EAGAIN;
    } else if (tx->delta > 0 && !quota_allows_nodes(&store->account, &conn->actor, tx->delta, 0)) {
        err = ENOSPC;
    } else {
        /* Without these the live tree is changed in place. */
        node_unref(tx->base);
        node_unref(tx->root);
        tx->base = tx->root = NULL;
        for (uint32_t i = 0; i < tx->op_count; i++) {
            apply_live(store, &tx->ops[i]);
        }
    }
    state_log_tx_end(conn, tx->id);
    conn_end_tx(conn, tx);
    return err;
}

void store_fire_special(struct store *store, enum special special)
{
    watch_fire(&store->watches, special_path[special], store->special[special]);
}

struct forgetting {
    uint16_t domid;
    char own[DOMAIN_PREFIX_SIZE];
    struct op *ops;
    uint32_t count, room;
};

static void forget_in_node(const char *path, struct node *node, void *context)
{
    struct forgetting *forgetting = context;
    struct op op = { .path = (char *)path };

    if (!perms_mention(node->perms, forgetting->domid)) {
        return;
    }
    if (perms_owner(node->perms) == forgetting->domid && path[1] &&
        !path_is_at_or_below(path, forgetting->own)) {
        op.kind = OP_RM;
    } else {
        op.kind = OP_SET_PERMS;
        op.perms = perms_without(node->perms, forgetting->domid);
    }
    forgetting->ops = xgrow(forgetting->ops, &forgetting->room, forgetting->count + 1, sizeof(op));
    forgetting->ops[forgetting->count++] = op_copy(&op);
    perms_unref(op.perms);
}

/*
 * What it owned in its own directory becomes dom0's, whose tools remove that directory; what it
 * owned elsewhere, nobody would remove.
 */
void store_forget_domain(struct store *store, uint16_t domid)
{
    struct forgetting forgetting = { .domid = domid };

    path_of_domain(forgetting.own, domid);
    tree_walk("/", store->root, forget_in_node, &forgetting);
    for (uint32_t i = 0; i < forgetting.count; i++) {
        apply_live(store, &forgetting.ops[i]);
        op_release(&forgetting.ops[i]);
    }
    free(forgetting.ops);
    for (unsigned int i = 0; i < SPECIAL_COUNT; i++) {
        if (perms_mention(store->special[i], domid)) {
            struct perms *perms = perms_without(store->special[i], domid);

            perms_unref(store->special[i]);
            store->special[i] = perms;
            state_log_special(store, i);
        }
    }
}

void store_replay_op(struct store *store, const struct op *op)
{
    struct change change = op_apply(&store->root, op, &store->account);

    node_unref(change.removed);
}

/* Transactions must not keep old versions of the tree without bound: the oldest ones lose them. */
static void limit_old_versions(struct store *store)
{
    struct tx *tx, *next;

    for (tx = TAILQ_FIRST(&store->transactions); tx; tx = next) {
        if ((int64_t)tree_bytes() - store->account.bytes <= QUOTA_OLD_VERSIONS) {
            return;
        }
        next = TAILQ_NEXT(tx, age);
        if (tx->base) {
            tx_doom(tx);
            TAILQ_REMOVE(&store->transactions, tx, age);
            TAILQ_INSERT_TAIL(&store->transactions, tx, age);
        }
    }
}

void store_commit(struct store *store)
{
    struct conn *conn;

    limit_old_versions(store);
    if (store->journal) {
        journal_commit(store->journal, store);
    }
    while ((conn = TAILQ_FIRST(&store->dirty))) {
        TAILQ_REMOVE(&store->dirty, conn, dirty_link);
        conn->dirty = false;
        if (conn->flush) {
            conn->flush(conn);
        }
    }
}

/* Nodes that a new store has: dom0's own, and what tools look for. */
void store_make_base(struct store *store)
{
    static const struct {
        const char *path, *value;
    } base[] = {
        { "/tool/xenstored", "" },
        { "/local/domain", "" },
        { "/vm", "" },
        { "/local/domain/0/domid", "0" },
        { "/local/domain/0/name", "Domain-0" },
        { "/local/pool/0/name", "Pool-0" },
    };
    struct perms *perms = perms_new(&dom0_only, 1);
    bool have_dom0 = tree_lookup(store->root, "/local/domain/0") != NULL;

    for (unsigned int i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
        struct op op = { .kind = base[i].value[0] ? OP_WRITE : OP_MKDIR,
                         .path = (char *)base[i].path,
                         .perms = perms };

        /* A store that was read back has them, as they were changed since. */
        if (have_dom0 && (path_is_at_or_below(op.path, "/local/domain/0") ||
                          path_is_at_or_below(op.path, "/local/pool"))) {
            continue;
        }
        op.value = blob_new(base[i].value, strlen(base[i].value));
        apply_live(store, &op);
        blob_unref(op.value);
    }
    perms_unref(perms);
}
