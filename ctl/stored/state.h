/* SPDX-License-Identifier: MIT */
/*
 * What the journal's records say. Each state_log_*() adds one to the next batch, if there is a
 * journal; those about connections do nothing for a socket's client, which doesn't outlive the
 * daemon.
 *
 * How a ring survives: its indexes are in memory that survives the daemon, but only we say what
 * they are. A batch holds what a request has done, that it was taken from the ring (the new
 * req_cons), and what is to be sent in consequence. Only after the batch is written do the indexes
 * move. After a restart, req_cons is what the journal says, whether or not the ring had been told;
 * and the ring's rsp_prod tells how much of the queued output had been sent.
 */
#ifndef STORED_STATE_H
#define STORED_STATE_H

#include "store.h"
#include "util.h"

struct journal;

void state_log_op(struct store *store, const struct op *op);
void state_log_special(struct store *store, unsigned int special);

/* The domain's own fields; that it is forgotten. */
void state_log_domain(const struct domain *domain);
void state_log_domain_gone(const struct domain *domain);

/* Watches and transactions are dropped, input and output empty; the ring's indexes as they are. */
void state_log_reset(const struct domain *domain);

/* @length bytes at @data, part of a request, were taken from the ring. */
void state_log_input(const struct domain *domain, const void *data, size_t length);

/* The request that had come was served. */
void state_log_request(const struct domain *domain);
void state_log_output(const struct conn *conn, const struct message *message);
void state_log_watch(const struct watch *watch);
void state_log_unwatch(const struct watch *watch);
void state_log_drop_watches(const struct conn *conn);
void state_log_tx_start(const struct conn *conn, uint32_t id);
void state_log_tx_end(const struct conn *conn, uint32_t id);

/*
 * Adds records of the whole state to @journal's batches, and calls @step with it now and then,
 * which may write the batch. Ends with what @step returned if that isn't 0.
 */
int state_snapshot(struct store *store, struct journal *journal, int (*step)(struct journal *));

/* A journal_replay_fn; the context is the store. */
int state_replay(const char *data, size_t length, void *context);

#endif
