/* SPDX-License-Identifier: MIT */
/*
 * Requests: the messages of <xen/io/xs_wire.h>.
 */
#ifndef STORED_REQUEST_H
#define STORED_REQUEST_H

#include "store.h"

/* A request that is being served. */
struct request {
    struct conn *conn;
    struct store *store;
    struct xsd_sockmsg header;
    const char *payload; /* header.len bytes, a NUL behind them */
    struct tx *tx;       /* the one that the header names, or NULL */
    struct buffer reply; /* payload of the reply */
    bool replied;        /* the handler has sent its reply itself */
};

/*
 * Serves a request and queues the reply. @payload has room for a NUL behind its bytes. Whoever
 * calls does store_commit() afterwards.
 */
void request_handle(struct conn *conn, const struct xsd_sockmsg *header, char *payload);

/* For handlers. */

/* Strings of the payload, each with its NUL, at most @max: their number, or -1 if the last one has
 * no NUL or there are more. */
int request_strings(const struct request *request, const char **string, int max);

/* A decimal number up to @max. */
bool request_number(const char *text, uint64_t max, uint64_t *value);

/* Sends the reply ahead of what else the handler does. */
void request_reply(struct request *request);

/* A reply that is one string. */
void request_reply_string(struct request *request, const char *string);

/* Handlers of request_domain.c and control.c: 0 or a positive errno. */
int request_introduce(struct request *request);
int request_release(struct request *request);
int request_resume(struct request *request);
int request_is_introduced(struct request *request);
int request_set_target(struct request *request);
int request_get_domain_path(struct request *request);
int request_control(struct request *request);

#endif
