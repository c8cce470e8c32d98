/* SPDX-License-Identifier: MIT */
/*
 * What the store's tests share: a store, connections without a transport whose replies are looked
 * at in their queue, and guests that talk through a ring.
 */
#ifndef STORED_HARNESS_H
#define STORED_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/stored/journal.h"
#include "ctl/stored/path.h"
#include "ctl/stored/request.h"
#include "ctl/stored/state.h"
#include "ctl/stored/store.h"
#include "fake_xen.h"

/* The last message that was looked at. */
struct answer {
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX + 1];
};
extern struct answer answer;

/* Sends a request and takes its reply off the queue, into answer. 0, or the errno replied. */
int ask_bytes(struct conn *conn, uint32_t type, uint32_t tx, const void *payload, size_t length);

/* The same; the payload is a string literal, whose NULs and the one behind it belong to it. */
#define ask(conn, type, tx, payload) ask_bytes(conn, type, tx, payload, sizeof(payload))

/* XS_WRITE of a string. */
int ask_write(struct conn *conn, uint32_t tx, const char *path, const char *value);

/* Takes the next message off the queue, into answer; false if there is none. */
bool next_message(struct conn *conn);

/* The next message is an event for this path and token. */
void check_event(struct conn *conn, const char *path, const char *token);
void check_no_message(struct conn *conn);

/* The live value at @path is @value (NULL: there is no such node). */
void check_value(struct store *store, const char *path, const char *value);

/* Starts a transaction; its id. */
uint32_t start_tx(struct conn *conn);

/* Whether both trees are the same, permissions included. */
bool trees_equal(const struct node *one, const struct node *other);

/* A domain's directory, as tools make it: the domain may read it and write below "data". */
void make_domain_dir(struct conn *dom0, unsigned int domid);

/* Fails if the store's bookkeeping is wrong. */
void check_sound(struct store *store);

/* A name for a journal that doesn't exist yet. */
const char *journal_path(void);

/* A guest's end of its ring. */
struct guest {
    uint16_t domid;
    struct xenstore_domain_interface *ring;
};

/* Moves up to @length bytes into the ring; how many fitted. */
size_t guest_put(struct guest *guest, const void *data, size_t length);

/* Moves up to @length bytes out of it. */
size_t guest_get(struct guest *guest, void *data, size_t length);

#endif
