/* SPDX-License-Identifier: MIT */
/*
 * A transaction works on its own version of the tree, and notes what it has looked at and what it
 * has done. It is committed by doing that again on the live tree, provided that what it has looked
 * at is still the same there.
 *
 * A transaction may be doomed: then it goes on, but its commit fails with EAGAIN and its owner does
 * it once more. That happens to those that were open when the daemon was restarted, and to the
 * oldest ones when they keep too much memory.
 */
#ifndef STORED_TRANSACTION_H
#define STORED_TRANSACTION_H

#include <sys/queue.h>

#include "op.h"

/* What a transaction has looked at in a node; that it does or doesn't exist is noted always. */
#define SEEN_CONTENT  1u /* value and permissions */
#define SEEN_CHILDREN 2u /* the set of its children */

struct seen {
    char *path;
    unsigned int what;
};

struct conn;

struct tx {
    TAILQ_ENTRY(tx) link; /* of its connection's transactions */
    TAILQ_ENTRY(tx) age;  /* of all, by the time when they took their version */
    uint32_t id;
    bool doomed;
    struct node *base; /* the live tree as it was; NULL: not yet taken */
    struct node *root;
    struct seen *seen;
    uint32_t seen_count, seen_room;
    struct op *ops;
    uint32_t op_count, op_room;
    size_t bytes;  /* in seen and ops */
    int32_t delta; /* how many nodes more its domain owns */
};
TAILQ_HEAD(tx_list, tx);

struct tx *tx_new(uint32_t id);
void tx_free(struct tx *tx);

/* Its version of the tree, which begins as @live. */
struct node **tx_root(struct tx *tx, struct node *live);

void tx_note_seen(struct tx *tx, const char *path, size_t length, unsigned int what);
void tx_note_op(struct tx *tx, const struct op *op);

/* Whether it can't be committed onto @live. */
bool tx_conflicts(const struct tx *tx, struct node *live);

/* Dooms it and gives back the versions of the tree that it keeps. */
void tx_doom(struct tx *tx);

#endif
