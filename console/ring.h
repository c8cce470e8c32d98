/* SPDX-License-Identifier: MIT */
/*
 * The back-end's end of a PV console ring, <xen/io/console.h>: one page shared with a guest, with
 * 2 KiB from the guest ("out") and 1 KiB for it ("in").
 *
 * The guest may change any byte of the page at any time. So the indexes that are ours are kept
 * here and only ever written to the page, those that are the guest's are read once for each
 * operation, and a distance that the ring can't hold makes us start again at what the page says.
 */
#ifndef CONSOLE_RING_H
#define CONSOLE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/console.h>

#define RING_OUT_SIZE sizeof(((struct xencons_interface *)0)->out)
#define RING_IN_SIZE  sizeof(((struct xencons_interface *)0)->in)

struct ring {
    struct xencons_interface *page;
    XENCONS_RING_IDX out_cons; /* ours: up to here the guest's bytes are consumed */
    XENCONS_RING_IDX in_prod;  /* ours: up to here there are bytes for the guest */
    unsigned int resets;       /* times that the guest's indexes made no sense */
};

/* Starts to use @page where the back-end before us has stopped. The page stays the caller's. */
void ring_init(struct ring *ring, void *page);

/* Copies what the guest has written, at most @size bytes, but leaves it in the ring. */
size_t ring_peek(struct ring *ring, void *buf, size_t size);

/* Frees the first @length bytes of what ring_peek() has copied. */
void ring_consume(struct ring *ring, size_t length);

/* How much the guest has written that is not consumed, by its own word: perhaps nonsense. */
uint32_t ring_pending(const struct ring *ring);

/* Puts bytes for the guest into the ring, as many as fit: returns how many. */
size_t ring_write(struct ring *ring, const void *buf, size_t length);

#endif
