/* SPDX-License-Identifier: MIT */
/*
 * The bits of a dirty log. Pages are added under the p2m's lock, where memory is, and stay to
 * the end: setting a bit takes no lock and no memory, wherever the hypervisor writes.
 */
#include <hv/atomic.h>
#include <hv/errno.h>

#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_internal.h"

#define SLOTS 512u

/* The place of the tree's page that has the bits of @g: in its parent, or the root. */
static void **place_of(struct dirty_log *log, uint64_t g, unsigned int shift, void *parent)
{
    if (shift == LOG_TOP_SHIFT)
        return &log->root[index_nospec(g >> shift, LOG_ROOTS)];
    return (void **)parent + (g >> shift & (SLOTS - 1));
}

static int cover_leaf(struct domain *d, struct dirty_log *log, uint64_t g)
{
    void *page = NULL;

    for (unsigned int shift = LOG_TOP_SHIFT;; shift -= 9) {
        void **place = place_of(log, g, shift, page);

        page = *place;
        if (!page) {
            page = p2m_page_new(d);
            if (!page)
                return -ENOMEM;
            atomic_set_release(place, page);
        }
        if (shift == LOG_LEAF_SHIFT)
            return 0;
    }
}

int dirty_log_cover(struct domain *d, struct dirty_log *log, uint64_t g, unsigned int order)
{
    uint64_t last = g + (1UL << order) - 1;
    int rc = 0;

    for (uint64_t i = g >> LOG_LEAF_SHIFT; i <= last >> LOG_LEAF_SHIFT && !rc; i++)
        rc = cover_leaf(d, log, i << LOG_LEAF_SHIFT);
    return rc;
}

static uint64_t *leaf_of(const struct dirty_log *log, uint64_t g)
{
    void *page = NULL;

    if (unlikely(g >> LOG_TOP_SHIFT >= LOG_ROOTS))
        return NULL;
    for (unsigned int shift = LOG_TOP_SHIFT;; shift -= 9) {
        page = atomic_read_acquire(place_of((struct dirty_log *)log, g, shift, page));
        if (!page || shift == LOG_LEAF_SHIFT)
            return page;
    }
}

uint64_t *dirty_log_block(const struct dirty_log *log, uint64_t g)
{
    uint64_t *leaf = leaf_of(log, g);

    return leaf ? leaf + (g & ((1UL << LOG_LEAF_SHIFT) - 1)) / LOG_BLOCK * LOG_BLOCK_WORDS : NULL;
}

static void set_bits(struct dirty_log *log, uint64_t *word, uint64_t bits)
{
    uint64_t new = bits & ~atomic_read(word);
    uint32_t n = 0;

    if (!new) /* nobody who takes it now can miss what is written already */
        return;
    new = bits & ~atomic_or(word, new);
    for (; new; new &= new - 1)
        n++;
    if (n)
        atomic_add(&log->nr_dirty, n);
}

void dirty_log_set(struct dirty_log *log, uint64_t g, unsigned int order)
{
    uint64_t end = g + (1UL << order);
    uint64_t bits = order >= 6 ? ~0UL : ((1UL << (1u << order)) - 1) << (g & 63);

    smp_mb(); /* what was written comes before the look at the bit */
    while (g < end) {
        uint64_t *block = dirty_log_block(log, g);

        if (block)
            set_bits(log, block + (g & (LOG_BLOCK - 1)) / 64, bits);
        g = block ? g + 64 : ((g >> LOG_LEAF_SHIFT) + 1) << LOG_LEAF_SHIFT;
    }
}

void p2m_log_write(struct domain *d, gfn_t g)
{
    struct dirty_log *log = atomic_read_acquire(&d->dirty_log);

    if (log)
        dirty_log_set(log, g.v, 0);
}

/* From the lowest pages up. */
static bool free_tree(void **page, unsigned int shift, unsigned int *left)
{
    if (shift > LOG_LEAF_SHIFT) {
        for (unsigned int i = 0; i < SLOTS; i++) {
            if (page[i] && !free_tree(page[i], shift - 9, left))
                return false;
            page[i] = NULL;
        }
    }
    if (!*left)
        return false;
    --*left;
    hv_free_pages(page, 0);
    return true;
}

bool dirty_log_free_some(struct dirty_log *log, unsigned int *left)
{
    for (unsigned int i = 0; i < LOG_ROOTS; i++) {
        if (log->root[i] && !free_tree(log->root[i], LOG_TOP_SHIFT, left))
            return false;
        log->root[i] = NULL;
    }
    return true;
}
