/* SPDX-License-Identifier: MIT */
#include "transaction.h"

#include <stdlib.h>
#include <string.h>

/* How far back to look whether the same has been noted already. */
#define SEEN_LOOK_BACK 8

struct tx *tx_new(uint32_t id)
{
    struct tx *tx = xcalloc(1, sizeof(*tx));

    tx->id = id;
    return tx;
}

static void forget(struct tx *tx)
{
    for (uint32_t i = 0; i < tx->seen_count; i++) {
        free(tx->seen[i].path);
    }
    for (uint32_t i = 0; i < tx->op_count; i++) {
        op_release(&tx->ops[i]);
    }
    tx->seen_count = tx->op_count = 0;
    tx->bytes = 0;
    tx->delta = 0;
    node_unref(tx->base);
    node_unref(tx->root);
    tx->base = tx->root = NULL;
}

void tx_free(struct tx *tx)
{
    forget(tx);
    free(tx->seen);
    free(tx->ops);
    free(tx);
}

struct node **tx_root(struct tx *tx, struct node *live)
{
    if (!tx->base) {
        tx->base = node_ref(live);
        tx->root = node_ref(live);
    }
    return &tx->root;
}

void tx_note_seen(struct tx *tx, const char *path, size_t length, unsigned int what)
{
    uint32_t oldest = tx->seen_count > SEEN_LOOK_BACK ? tx->seen_count - SEEN_LOOK_BACK : 0;
    struct seen *seen;

    for (uint32_t i = tx->seen_count; i > oldest; i--) {
        seen = &tx->seen[i - 1];
        if (!strncmp(seen->path, path, length) && !seen->path[length]) {
            seen->what |= what;
            return;
        }
    }
    tx->seen = xgrow(tx->seen, &tx->seen_room, tx->seen_count + 1, sizeof(*tx->seen));
    seen = &tx->seen[tx->seen_count++];
    seen->path = xmalloc(length + 1);
    memcpy(seen->path, path, length);
    seen->path[length] = '\0';
    seen->what = what;
    tx->bytes += sizeof(*seen) + length + 1;
}

void tx_note_op(struct tx *tx, const struct op *op)
{
    tx->ops = xgrow(tx->ops, &tx->op_room, tx->op_count + 1, sizeof(*tx->ops));
    tx->ops[tx->op_count++] = op_copy(op);
    tx->bytes += op_bytes(op);
}

static bool seen_differs(const struct seen *seen, struct node *base, struct node *live)
{
    const struct node *then = tree_lookup(base, seen->path);
    const struct node *now = tree_lookup(live, seen->path);

    if (then == now) {
        return false;
    }
    if (!then || !now) {
        return true;
    }
    return ((seen->what & SEEN_CONTENT) && then->generation != now->generation) ||
           ((seen->what & SEEN_CHILDREN) && then->children_generation != now->children_generation);
}

bool tx_conflicts(const struct tx *tx, struct node *live)
{
    if (tx->doomed) {
        return true;
    }
    if (!tx->base || tx->base == live) {
        return false;
    }
    for (uint32_t i = 0; i < tx->seen_count; i++) {
        if (seen_differs(&tx->seen[i], tx->base, live)) {
            return true;
        }
    }
    return false;
}

void tx_doom(struct tx *tx)
{
    forget(tx);
    tx->doomed = true;
}
