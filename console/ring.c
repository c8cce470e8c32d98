/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <string.h>

static XENCONS_RING_IDX load(const XENCONS_RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void store(XENCONS_RING_IDX *index, XENCONS_RING_IDX value)
{
    /* Our reads of the ring's bytes must be over before the guest sees that they are free; a
     * release store orders them, and our writes, before itself. */
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

void ring_init(struct ring *ring, void *page)
{
    ring->page = page;
    ring->out_cons = load(&ring->page->out_cons);
    ring->in_prod = load(&ring->page->in_prod);
    ring->resets = 0;
}

/*
 * Bytes between two indexes, @ours and @theirs, where @ahead is the one that leads. If they can't
 * both be right, ours becomes what the page has for it (a guest that has started anew clears the
 * page), or else the guest's, which makes the ring empty.
 */
static size_t distance(struct ring *ring, XENCONS_RING_IDX *ours, const XENCONS_RING_IDX *shared,
                       XENCONS_RING_IDX theirs, bool ours_leads, size_t size)
{
    XENCONS_RING_IDX used = ours_leads ? *ours - theirs : theirs - *ours;

    if (used <= size) {
        return used;
    }
    ring->resets++;
    *ours = load(shared);
    used = ours_leads ? *ours - theirs : theirs - *ours;
    if (used > size) {
        *ours = theirs;
        used = 0;
    }
    return used;
}

size_t ring_peek(struct ring *ring, void *buf, size_t size)
{
    XENCONS_RING_IDX prod = load(&ring->page->out_prod);
    size_t length =
        distance(ring, &ring->out_cons, &ring->page->out_cons, prod, false, RING_OUT_SIZE);
    size_t start = MASK_XENCONS_IDX(ring->out_cons, ring->page->out), first;

    if (length > size) {
        length = size;
    }
    first = length < RING_OUT_SIZE - start ? length : RING_OUT_SIZE - start;
    memcpy(buf, ring->page->out + start, first);
    memcpy((char *)buf + first, ring->page->out, length - first);
    return length;
}

void ring_consume(struct ring *ring, size_t length)
{
    ring->out_cons += (XENCONS_RING_IDX)length;
    store(&ring->page->out_cons, ring->out_cons);
}

uint32_t ring_pending(const struct ring *ring)
{
    return load(&ring->page->out_prod) - ring->out_cons;
}

size_t ring_write(struct ring *ring, const void *buf, size_t length)
{
    XENCONS_RING_IDX cons = load(&ring->page->in_cons);
    size_t used = distance(ring, &ring->in_prod, &ring->page->in_prod, cons, true, RING_IN_SIZE);
    size_t start = MASK_XENCONS_IDX(ring->in_prod, ring->page->in), first;

    if (length > RING_IN_SIZE - used) {
        length = RING_IN_SIZE - used;
    }
    first = length < RING_IN_SIZE - start ? length : RING_IN_SIZE - start;
    memcpy(ring->page->in + start, buf, first);
    memcpy(ring->page->in, (const char *)buf + first, length - first);
    if (length) {
        ring->in_prod += (XENCONS_RING_IDX)length;
        store(&ring->page->in_prod, ring->in_prod);
    }
    return length;
}
