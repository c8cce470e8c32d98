/* SPDX-License-Identifier: MIT */
/*
 * Inside of the store client: one connection, its wire messages and its queue of watch events.
 */
#ifndef PANDO_STORE_CONN_H
#define PANDO_STORE_CONN_H

#include <errno.h> /* before xs_wire.h, which then has its table of error names */
#include <pthread.h>
#include <stdint.h>
#include <sys/uio.h>

#include <xen/io/xs_wire.h>

#include "store.h"

/*
 * A request that takes longer means that the daemon hangs; the connection is then given up. If
 * store_open_within() says nothing else.
 */
#define STORE_REQUEST_LIMIT_MS 60000

/* Events not fetched by the owner of the handle: more than that and the oldest are dropped. */
#define STORE_QUEUE_MAX 8192

struct store_queued {
    struct store_queued *next;
    struct store_event event;
};

struct store {
    int fd;
    int wake; /* eventfd: an event was queued by a thread that waited for an answer */
    pthread_mutex_t lock;
    uint32_t next_id;
    int limit_ms; /* of a request */
    int failed;   /* negative errno that has ended the connection, or 0 */
    struct store_queued *head, **tail;
    unsigned int queued;
};

/*
 * Sends one request, made of @count parts, and waits for its answer. *reply (may be NULL) receives
 * the payload, with a NUL behind it, to be freed.
 */
int store_request(struct store *store, enum xsd_sockmsg_type type, uint32_t tx,
                  const struct iovec *parts, int count, char **reply, size_t *length);

#endif
