/* SPDX-License-Identifier: MIT */
/*
 * The store: the live tree, who is connected, and the operations on nodes with everything that
 * belongs to them: permissions, quotas, transactions, watches, journal.
 *
 * The operations return 0 or a positive errno that is one of the protocol's. @tx is the transaction
 * to work in, or NULL. Paths are as path_resolve() makes them.
 */
#ifndef STORED_STORE_H
#define STORED_STORE_H

#include "conn.h"
#include "domain.h"
#include "quota.h"
#include "tree.h"
#include "watch.h"

struct journal;

enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIAL_COUNT };

struct store {
    struct node *root;
    struct perms *special[SPECIAL_COUNT]; /* who may see the special events */
    struct account account;
    struct watch_table watches;
    struct conn_list conns;
    struct conn_list dirty;
    struct tx_list transactions; /* of all, oldest first */
    struct domain_list domains;
    struct domain_list ready; /* those whose ring may have requests */
    struct journal *journal;  /* NULL: none, or not now */
    bool log_requests;
};

struct store *store_new(void);
void store_free(struct store *store);

/* Makes the nodes that are always there, if they aren't. */
void store_make_base(struct store *store);

int conn_read(struct conn *conn, struct tx *tx, const char *path, struct node **node);
int conn_list(struct conn *conn, struct tx *tx, const char *path, struct node **node);
int conn_write(struct conn *conn, struct tx *tx, const char *path, const void *value,
               size_t length);
int conn_mkdir(struct conn *conn, struct tx *tx, const char *path);
int conn_rm(struct conn *conn, struct tx *tx, const char *path);
int conn_get_perms(struct conn *conn, struct tx *tx, const char *path, struct perms **perms);
int conn_set_perms(struct conn *conn, struct tx *tx, const char *path, struct perms *perms);

/* Commits and ends @tx: EAGAIN if that isn't possible, ENOSPC if a quota forbids it. */
int conn_commit_tx(struct conn *conn, struct tx *tx);

/* Fires a special watch. */
void store_fire_special(struct store *store, enum special special);

/* Domain @domid has gone: nobody is to inherit its rights. */
void store_forget_domain(struct store *store, uint16_t domid);

/* Applies what the journal says was done. */
void store_replay_op(struct store *store, const struct op *op);

/* Writes what has been done to the journal, then sends what is queued. */
void store_commit(struct store *store);

/* Problems found in the store's own structures, for the control command and the tests. */
uint32_t store_check(struct store *store, struct buffer *report);

#endif
