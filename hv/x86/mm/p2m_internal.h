/* SPDX-License-Identifier: MIT */
/* A p2m's tables; between p2m.c, p2m_table.c and p2m_teardown.c only. */
#ifndef X86_MM_P2M_INTERNAL_H
#define X86_MM_P2M_INTERNAL_H

#include <hv/domain.h>

#include "x86/mm/p2m_x86.h"

#define P2M_ENTRIES   512u
#define P2M_TOP_ORDER 27u /* an entry of the top table covers 2^27 frames */
#define P2M_LEVELS    4u
#define P2M_LEAF      0x80UL
#define P2M_WRITE     0x2UL

/*
 * Lookups take no lock. A table that is no longer used stays with the p2m and is
 * used again by it alone, after seq was advanced (so that a lookup which went
 * through it starts over) and the CPUs' translations were flushed.
 */
struct p2m {
    spinlock_t lock; /* changes */
    uint64_t *root;
    uint32_t seq;
    unsigned int max_order; /* of a leaf */
    uint64_t limit;         /* gfns below it can be mapped */
    uint64_t max_gfn;       /* the highest ever populated */
    bool closed;            /* teardown has begun: nothing new */
    uint64_t teardown_gfn;  /* how far it got */

    /*
     * By order / 9 of a table's entries: mfn of the first unused one, linked by
     * page_info.next; 0: none. A table is used again for the same order only, so that a
     * lookup which still is in it takes a leaf for a leaf.
     */
    uint32_t pool[P2M_LEVELS];
    uint64_t nr_tables;   /* made, those in the pools among them, and pages of the dirty log */
    uint64_t table_limit; /* as a tool set it; 0: not */
    bool pool_stale;      /* not flushed since the last one was put there */

    /*
     * Without all of these bits a 4 KiB leaf of RAM is clean (dirty_log.h); a larger one is
     * without P2M_WRITE. 0: nothing is logged.
     */
    uint64_t log_mask;
};

/* Of a present entry that covers 2^order frames. */
static inline bool entry_is_leaf(uint64_t e, unsigned int order)
{
    return !order || e & P2M_LEAF;
}

static inline uint64_t *entry_table(uint64_t e)
{
    return mfn_to_virt(entry_mfn(e));
}

static inline unsigned int entry_index(uint64_t g, unsigned int order)
{
    return g >> order & (P2M_ENTRIES - 1);
}

/* The entry in force for @g, which covers 2^*order frames, and in *e what it was. */
static inline uint64_t *p2m_walk_entry(const struct p2m *p, uint64_t g, unsigned int *order,
                                       uint64_t *e)
{
    uint64_t present = p2m_format->present, *table = p->root, *slot;

    /* Unrolled: each access of the hypervisor to a guest's memory comes through here. */
#pragma GCC unroll 3
    for (unsigned int o = P2M_TOP_ORDER; o; o -= 9) {
        slot = &table[entry_index(g, o)];
        *e = atomic_read(slot);
        *order = o;
        if (!(*e & present) || *e & P2M_LEAF)
            return slot;
        table = entry_table(*e);
    }
    slot = &table[entry_index(g, 0)];
    *e = atomic_read(slot);
    *order = 0;
    return slot;
}

static inline uint64_t *p2m_walk(const struct p2m *p, uint64_t g, unsigned int *order)
{
    uint64_t e;

    return p2m_walk_entry(p, g, order, &e);
}

/* A leaf of memory proper: what is logged. */
static inline bool entry_is_logged(uint64_t e)
{
    return entry_present(e) && entry_type(e) == p2m_ram_rw;
}

/* The bits that a clean leaf of RAM lacks. */
static inline uint64_t p2m_clean_mask(const struct p2m *p, unsigned int order)
{
    return order ? P2M_WRITE : p->log_mask;
}

/* p2m_table.c; the lock is held. */

/* A page for the domain's tables or dirty log, within its limit; zeroed. NULL: no more. */
void *p2m_page_new(struct domain *d);

/* An empty table, or NULL. @order: of its entries. */
uint64_t *p2m_table_create(struct domain *d, unsigned int order);
/* Takes it, and all below it, out of use. @order: of its entries. */
void p2m_table_retire(struct p2m *p, uint64_t *table, unsigned int order);
/* Replaces the leaf in @slot, of 2^order frames, by a table of the same meaning; 0 or -ENOMEM. */
int p2m_split(struct domain *d, uint64_t *slot, unsigned int order);
/*
 * An entry of @table, of 2^order frames, was set: if the whole table means one
 * larger leaf by now, puts that into @slot in its place.
 */
bool p2m_try_merge(struct p2m *p, uint64_t *slot, uint64_t *table, unsigned int order);
/* The same for the table of the entries of 2^order frames that @g is in, whatever was set lately.
 */
void p2m_merge_at(struct p2m *p, uint64_t g, unsigned int order);
/* False: there are more. */
bool p2m_table_free_some(struct p2m *p);

#endif
