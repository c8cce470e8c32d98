/* SPDX-License-Identifier: MIT */
/*
 * A connection, whatever carries it: a socket's client, or the ring of a domain. It has at most one
 * request that has come in part or in whole, a queue of messages to go out, watches and
 * transactions.
 */
#ifndef STORED_CONN_H
#define STORED_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "path.h"
#include "perms.h"
#include "transaction.h"
#include "watch.h"

struct store;
struct domain;
struct socket_client;

/* A message to go out; or the rest of one, if the daemon was restarted in the middle of it. */
struct message {
    TAILQ_ENTRY(message) link;
    uint32_t length, sent;
    uint32_t hash;
    bool event;
    char data[];
};
TAILQ_HEAD(message_list, message);

/* A request as it comes in; struct xsd_sockmsg first. */
#define REQUEST_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
struct input {
    uint32_t have;
    char data[REQUEST_MAX + 1];
};

struct conn {
    TAILQ_ENTRY(conn) link;
    TAILQ_ENTRY(conn) dirty_link;
    struct store *store;
    struct actor actor;

    struct domain *domain;        /* whose ring it is, or NULL */
    struct socket_client *client; /* of the socket, or NULL */
    void (*flush)(struct conn *); /* sends what is queued, as far as possible now */
    bool dirty;                   /* to be flushed after the journal's commit */
    bool hopeless;                /* fell behind too far: its socket is to be closed */

    struct input in;
    struct message_list out;
    size_t out_bytes, reply_bytes, event_bytes;
    uint32_t events;
    bool dropping; /* events were dropped since the queue was last empty */

    struct watch_list watches;
    uint32_t watch_count;
    size_t watch_bytes;

    struct tx_list transactions;
    uint32_t tx_count;
    uint32_t last_tx;

    uint32_t log_lines;
};
TAILQ_HEAD(conn_list, conn);

struct conn *conn_new(struct store *store, uint16_t domid);
void conn_free(struct conn *conn);

/* Drops watches and transactions; conn_reset() what is coming in and going out as well. */
void conn_drop_watches(struct conn *conn);
void conn_drop_transactions(struct conn *conn);
void conn_reset(struct conn *conn);

/* Starts a transaction called @id, 0: one that is free. */
struct tx *conn_start_tx(struct conn *conn, uint32_t id);
struct tx *conn_find_tx(struct conn *conn, uint32_t id);
void conn_end_tx(struct conn *conn, struct tx *tx);

/* Whether another request may be served: not while its owner does not take the replies. */
bool conn_may_serve(const struct conn *conn);

/* Queues a message. An event that is queued already is not queued again for a guest. */
void conn_send(struct conn *conn, const struct xsd_sockmsg *header, const void *payload);
void conn_send_event(struct conn *conn, const char *path, const char *token);

/* Queues bytes that belong to a message: what the journal says was queued before. */
void conn_queue(struct conn *conn, const void *data, size_t length, bool event);

/* Takes the first @length queued bytes off the queue: they have been sent. */
void conn_sent(struct conn *conn, size_t length);

/* Has it flushed after the next commit. */
void conn_set_dirty(struct conn *conn);

/* A line of the log about it; a guest can cause QUOTA_LOG_LINES only. */
void conn_log(struct conn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
