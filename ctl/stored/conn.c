/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota.h"
#include "state.h"
#include "store.h"

struct conn *conn_new(struct store *store, uint16_t domid)
{
    struct conn *conn = xcalloc(1, sizeof(*conn));

    conn->store = store;
    conn->actor = (struct actor){ .domid = domid, .target = -1 };
    TAILQ_INIT(&conn->out);
    LIST_INIT(&conn->watches);
    TAILQ_INIT(&conn->transactions);
    TAILQ_INSERT_TAIL(&store->conns, conn, link);
    return conn;
}

void conn_drop_watches(struct conn *conn)
{
    struct watch *watch;

    while ((watch = LIST_FIRST(&conn->watches))) {
        watch_remove(&conn->store->watches, watch);
    }
}

void conn_drop_transactions(struct conn *conn)
{
    struct tx *tx;

    while ((tx = TAILQ_FIRST(&conn->transactions))) {
        conn_end_tx(conn, tx);
    }
}

void conn_reset(struct conn *conn)
{
    conn_drop_watches(conn);
    conn_drop_transactions(conn);
    conn_sent(conn, conn->out_bytes);
    conn->in.have = 0;
}

void conn_free(struct conn *conn)
{
    conn_reset(conn);
    if (conn->dirty) {
        TAILQ_REMOVE(&conn->store->dirty, conn, dirty_link);
    }
    TAILQ_REMOVE(&conn->store->conns, conn, link);
    free(conn);
}

struct tx *conn_find_tx(struct conn *conn, uint32_t id)
{
    struct tx *tx;

    TAILQ_FOREACH(tx, &conn->transactions, link)
    {
        if (tx->id == id) {
            return tx;
        }
    }
    return NULL;
}

struct tx *conn_start_tx(struct conn *conn, uint32_t id)
{
    struct tx *tx;

    while (!id) {
        id = ++conn->last_tx;
        if (conn_find_tx(conn, id)) {
            id = 0;
        }
    }
    tx = tx_new(id);
    TAILQ_INSERT_TAIL(&conn->transactions, tx, link);
    TAILQ_INSERT_TAIL(&conn->store->transactions, tx, age);
    conn->tx_count++;
    return tx;
}

void conn_end_tx(struct conn *conn, struct tx *tx)
{
    TAILQ_REMOVE(&conn->transactions, tx, link);
    TAILQ_REMOVE(&conn->store->transactions, tx, age);
    conn->tx_count--;
    tx_free(tx);
}

bool conn_may_serve(const struct conn *conn)
{
    return conn->reply_bytes < QUOTA_REPLY_BYTES && !conn->hopeless;
}

void conn_set_dirty(struct conn *conn)
{
    if (!conn->dirty) {
        conn->dirty = true;
        TAILQ_INSERT_TAIL(&conn->store->dirty, conn, dirty_link);
    }
}

static struct message *message_new(size_t length, bool event)
{
    struct message *message = xmalloc(sizeof(*message) + length);

    message->length = (uint32_t)length;
    message->sent = 0;
    message->hash = 0;
    message->event = event;
    return message;
}

static void message_queue(struct conn *conn, struct message *message)
{
    TAILQ_INSERT_TAIL(&conn->out, message, link);
    conn->out_bytes += message->length;
    if (message->event) {
        conn->events++;
        conn->event_bytes += message->length;
        message->hash = hash_continue(HASH_START, message->data, message->length);
    } else {
        conn->reply_bytes += message->length;
    }
    conn_set_dirty(conn);
}

void conn_queue(struct conn *conn, const void *data, size_t length, bool event)
{
    struct message *message = message_new(length, event);

    memcpy(message->data, data, length);
    message_queue(conn, message);
}

void conn_sent(struct conn *conn, size_t length)
{
    struct message *message;

    while (length && (message = TAILQ_FIRST(&conn->out))) {
        size_t left = message->length - message->sent;
        size_t step = length < left ? length : left;

        message->sent += (uint32_t)step;
        length -= step;
        conn->out_bytes -= step;
        if (message->sent < message->length) {
            return;
        }
        if (message->event) {
            conn->events--;
            conn->event_bytes -= message->length;
        } else {
            conn->reply_bytes -= message->length;
        }
        TAILQ_REMOVE(&conn->out, message, link);
        free(message);
    }
    if (!conn->out_bytes) {
        conn->dropping = false;
    }
}

/* An event is dropped: one line for each time that its owner falls behind. */
static void drop_event(struct conn *conn)
{
    if (!conn->dropping) {
        conn_log(conn, "does not fetch its watch events: %u wait, more are dropped", conn->events);
        conn->dropping = true;
    }
}

static struct message *message_build(const struct xsd_sockmsg *header, const void *payload)
{
    struct message *message =
        message_new(sizeof(*header) + header->len, header->type == XS_WATCH_EVENT);

    memcpy(message->data, header, sizeof(*header));
    if (header->len) {
        memcpy(message->data + sizeof(*header), payload, header->len);
    }
    return message;
}

void conn_send(struct conn *conn, const struct xsd_sockmsg *header, const void *payload)
{
    struct message *message = message_build(header, payload);

    message_queue(conn, message);
    state_log_output(conn, message);
}

static bool is_queued(const struct conn *conn, const struct message *event)
{
    uint32_t hash = hash_continue(HASH_START, event->data, event->length);
    const struct message *message;

    TAILQ_FOREACH(message, &conn->out, link)
    {
        if (message->event && message->hash == hash && !message->sent &&
            message->length == event->length &&
            !memcmp(message->data, event->data, event->length)) {
            return true;
        }
    }
    return false;
}

/* Whether a guest may have one more event in its queue. */
static bool guest_has_room(struct conn *conn, const struct message *event)
{
    if (is_queued(conn, event)) {
        return false;
    }
    if (conn->events >= QUOTA_EVENTS || conn->event_bytes + event->length > QUOTA_EVENT_BYTES) {
        drop_event(conn);
        return false;
    }
    return true;
}

/* Whether dom0's kernel or a socket's client may have one more. */
static bool dom0_has_room(struct conn *conn)
{
    if (conn->out_bytes < QUOTA_DOM0_OUTPUT) {
        return true;
    }
    if (!conn->client) {
        drop_event(conn);
    } else if (!conn->hopeless) {
        conn_log(conn, "does not fetch its events: %zu bytes wait: disconnected", conn->out_bytes);
        conn->hopeless = true;
        conn_set_dirty(conn);
    }
    return false;
}

void conn_send_event(struct conn *conn, const char *path, const char *token)
{
    size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
    struct xsd_sockmsg header = { .type = XS_WATCH_EVENT,
                                  .len = (uint32_t)(path_size + token_size) };
    char payload[XENSTORE_PAYLOAD_MAX];
    struct message *message;
    bool room;

    if (header.len > sizeof(payload)) {
        return; /* a path made longer than the watched one, with a token as long as a message */
    }
    memcpy(payload, path, path_size);
    memcpy(payload + path_size, token, token_size);
    message = message_build(&header, payload);
    room = actor_is_privileged(&conn->actor) ? dom0_has_room(conn) : guest_has_room(conn, message);
    if (!room) {
        free(message);
        return;
    }
    message_queue(conn, message);
    state_log_output(conn, message);
}

void conn_log(struct conn *conn, const char *format, ...)
{
    char text[256];
    va_list args;

    if (conn->log_lines >= QUOTA_LOG_LINES) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    conn->log_lines++;
    log_line("%s%u %s%s", conn->client ? "client of domain " : "domain ", conn->actor.domid, text,
             conn->log_lines == QUOTA_LOG_LINES ? " (nothing more is logged about it)" : "");
}
