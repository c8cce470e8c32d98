/* SPDX-License-Identifier: MIT */
/*
 * Writing many nodes in one transaction. The first error stays in the writer and makes all later
 * calls do nothing, so that only the end has to look at it.
 */
#ifndef PANDO_STORE_NODES_H
#define PANDO_STORE_NODES_H

#include "store.h"

struct store_nodes {
    struct store *store;
    uint32_t tx;
    int err;
    char base[256]; /* what names are relative to */
};

/* Sets the folder that names are relative to, as by printf. */
void nodes_base(struct store_nodes *nodes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the node @name of the base. */
void nodes_put(struct store_nodes *nodes, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes the node @name of the base, or with "" the base itself, with these permissions. */
void nodes_make(struct store_nodes *nodes, const char *name, const struct store_perm *perms,
                size_t count);

/* Makes a node that domain @owner owns and domain @reader may read. */
void nodes_make_shared(struct store_nodes *nodes, const char *name, uint32_t owner,
                       uint32_t reader);

/* Removes the node @name of the base, if there is one. */
void nodes_remove(struct store_nodes *nodes, const char *name);

typedef void nodes_fn(struct store_nodes *nodes, void *arg);

/* Runs @fn in a transaction, again while it conflicts with others'. 0 or a negative errno. */
int nodes_transaction(struct store *store, nodes_fn *fn, void *arg);

#endif
