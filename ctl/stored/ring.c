/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <string.h>

static uint32_t load(const uint32_t *shared)
{
    return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *shared, uint32_t value)
{
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

int ring_readable(const struct ring *ring)
{
    uint32_t waiting = load(&ring->page->req_prod) - ring->req_cons;

    return waiting > XENSTORE_RING_SIZE ? -1 : (int)waiting;
}

int ring_writable(const struct ring *ring)
{
    uint32_t waiting = ring->rsp_prod - load(&ring->page->rsp_cons);

    return waiting > XENSTORE_RING_SIZE ? -1 : (int)(XENSTORE_RING_SIZE - waiting);
}

void ring_peek(const struct ring *ring, void *data, size_t length)
{
    size_t at = MASK_XENSTORE_IDX(ring->req_cons);
    size_t first = XENSTORE_RING_SIZE - at;

    if (first > length) {
        first = length;
    }
    memcpy(data, ring->page->req + at, first);
    memcpy((char *)data + first, ring->page->req, length - first);
    /* The guest may change the ring now: let the compiler not read it again. */
    __asm__ volatile("" ::: "memory");
}

void ring_put(struct ring *ring, const void *data, size_t length)
{
    size_t at = MASK_XENSTORE_IDX(ring->rsp_prod);
    size_t first = XENSTORE_RING_SIZE - at;

    if (first > length) {
        first = length;
    }
    memcpy(ring->page->rsp + at, data, first);
    memcpy(ring->page->rsp, (const char *)data + first, length - first);
    ring->rsp_prod += (uint32_t)length;
}

void ring_publish(struct ring *ring)
{
    store(&ring->page->req_cons, ring->req_cons);
    store(&ring->page->rsp_prod, ring->rsp_prod);
}

bool ring_wants_reset(const struct ring *ring)
{
    return load(&ring->page->connection) == XENSTORE_RECONNECT;
}

void ring_reset(struct ring *ring)
{
    ring->req_cons = ring->rsp_prod = 0;
    store(&ring->page->req_prod, 0);
    store(&ring->page->rsp_cons, 0);
    ring_publish(ring);
    store(&ring->page->error, XENSTORE_ERROR_NONE);
    ring_offer(ring);
    store(&ring->page->connection, XENSTORE_CONNECTED);
}

void ring_adopt(struct ring *ring)
{
    ring->req_cons = load(&ring->page->req_cons);
    ring->rsp_prod = load(&ring->page->rsp_prod);
}

void ring_offer(struct ring *ring)
{
    store(&ring->page->server_features,
          XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
}

void ring_set_error(struct ring *ring, uint32_t error)
{
    store(&ring->page->error, error);
}
