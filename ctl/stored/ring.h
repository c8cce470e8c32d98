/* SPDX-License-Identifier: MIT */
/*
 * The ring page of <xen/io/xs_wire.h>, seen from the store. The guest may write anything into it at
 * any time: our own indexes are kept outside, the guest's are read once and checked, and what is
 * taken is copied once.
 */
#ifndef STORED_RING_H
#define STORED_RING_H

#include <errno.h> /* before xs_wire.h, which then has its table of error names */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

struct ring {
    struct xenstore_domain_interface *page;
    uint32_t req_cons; /* ours; published by ring_publish() */
    uint32_t rsp_prod;
};

/* Bytes of requests that wait, or -1 if the guest's index makes no sense. */
int ring_readable(const struct ring *ring);

/* Bytes of output that the ring has room for, or -1 if the guest's index makes no sense. */
int ring_writable(const struct ring *ring);

/* Copies @length bytes, that must be readable, without taking them. */
void ring_peek(const struct ring *ring, void *data, size_t length);

/* Copies @length bytes, that there must be room for, and moves rsp_prod; not published yet. */
void ring_put(struct ring *ring, const void *data, size_t length);

/* Makes our indexes known to the guest. */
void ring_publish(struct ring *ring);

/* Whether the guest asks for a new start. */
bool ring_wants_reset(const struct ring *ring);

/* A new start: both queues empty, indexes 0, connected, no error. */
void ring_reset(struct ring *ring);

/* Takes over the indexes of a page that we have not served before, and tells what we offer. */
void ring_adopt(struct ring *ring);
void ring_offer(struct ring *ring);

/* Tells the guest why it is not served any more: XENSTORE_ERROR_*. */
void ring_set_error(struct ring *ring, uint32_t error);

#endif
