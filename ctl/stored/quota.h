/* SPDX-License-Identifier: MIT */
/*
 * Limits. Those of guests bound what one guest can make the daemon keep; dom0 has none but for the
 * size of a message and QUOTA_DOM0_OUTPUT.
 */
#ifndef STORED_QUOTA_H
#define STORED_QUOTA_H

#include <stdint.h>

#include "perms.h"
#include "tree.h"

/* Of a guest. */
#define QUOTA_NODES        1000 /* that it owns */
#define QUOTA_NODE_SIZE    2048 /* bytes of a value */
#define QUOTA_PERMS        8    /* entries of a node's permissions */
#define QUOTA_WATCHES      128
#define QUOTA_WATCH_BYTES  65536 /* paths and tokens of all its watches */
#define QUOTA_TRANSACTIONS 10
#define QUOTA_TX_BYTES     65536 /* paths and values that one transaction has seen or changed */
#define QUOTA_EVENTS       1024  /* watch events not yet fetched; more are dropped */
#define QUOTA_EVENT_BYTES  262144
#define QUOTA_LOG_LINES    20 /* about one guest */

/* Of anybody. */
#define QUOTA_REPLY_BYTES  32768      /* not yet fetched; no request is served meanwhile */
#define QUOTA_DOM0_OUTPUT  (16 << 20) /* bytes; a socket client behind by more is disconnected */
#define QUOTA_OLD_VERSIONS (64 << 20) /* bytes of old nodes, kept for transactions only */

/* What is in the live tree, and whose it is. */
struct account {
    uint32_t nodes[UINT16_MAX + 1]; /* by owner */
    uint32_t total;
    int64_t bytes; /* node_cost() of all */
};

void account_add(struct account *account, uint16_t owner, uint32_t nodes, int64_t bytes);
void account_remove_tree(struct account *account, struct node *node);

/* Nodes below and including @node that @owner owns. */
uint32_t count_owned(const struct node *node, uint16_t owner);

/* Whether @actor may own @more nodes than it does now, in the live tree or a transaction that has
 * changed the number by @delta. */
bool quota_allows_nodes(const struct account *account, const struct actor *actor, int32_t delta,
                        uint32_t more);
bool quota_allows_value(const struct actor *actor, size_t length);

#endif
