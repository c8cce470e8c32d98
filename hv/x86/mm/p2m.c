/* SPDX-License-Identifier: MIT */
/* The nested page table of a domain: lookups, changes, the end. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <hv/string.h>

#include "x86/cpu/insn.h"
#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_internal.h"

#define MAX_GFN_BITS 36u /* 48 bits of address: four levels */

/* Frames given back between two looks at the clock. */
#define TEARDOWN_BATCH 256u
/* Pages of the dirty log freed in one go. */
#define LOG_FREE_BATCH 1024u

const struct p2m_format *p2m_format = &npt_format;

paddr_t p2m_root(struct domain *d)
{
    return virt_to_paddr(d->p2m->root);
}

gfn_t p2m_max_gfn(const struct domain *d)
{
    return gfn(atomic_read(&d->p2m->max_gfn));
}

uint64_t p2m_limit(const struct domain *d)
{
    return d->p2m->limit;
}

static unsigned int host_gfn_bits(void)
{
    unsigned int bits = cpuid(0x80000000).a >= 0x80000008 ? cpuid(0x80000008).a & 0xff : 36;

    return min(bits - PAGE_SHIFT, MAX_GFN_BITS);
}

int p2m_init(struct domain *d)
{
    struct p2m *p = hv_alloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->root = hv_alloc_pages(0, 0);
    if (!p->root) {
        hv_free(p);
        return -ENOMEM;
    }
    spin_lock_init(&p->lock, LOCK_P2M);
    p->max_order = p2m_format->max_order();
    p->limit = 1UL << host_gfn_bits();
    d->p2m = p;
    return 0;
}

int p2m_free(struct domain *d)
{
    unsigned int left = LOG_FREE_BATCH;

    if (!d->p2m)
        return 0;
    if (d->dirty_log) {
        if (!dirty_log_free_some(d->dirty_log, &left))
            return -ERESTART;
        hv_free(d->dirty_log);
        d->dirty_log = NULL;
    }
    if (!p2m_table_free_some(d->p2m))
        return -ERESTART;
    hv_free(d->p2m);
    d->p2m = NULL;
    return 0;
}

/* --- lookups ------------------------------------------------------------------- */

mfn_t p2m_lookup(struct domain *d, gfn_t g, enum p2m_type *t, unsigned int *order)
{
    const struct p2m *p = d->p2m;
    uint64_t e = 0;
    unsigned int o = 0;
    uint32_t seq;

    if (likely(g.v < p->limit)) {
        do {
            seq = atomic_read_acquire(&p->seq);
            (void)p2m_walk_entry(p, g.v, &o, &e);
            smp_rmb();
        } while (unlikely(atomic_read(&p->seq) != seq));
    }
    if (order)
        *order = o;
    if (t)
        *t = entry_type(e);
    return entry_present(e) ? mfn_add(entry_mfn(e), g.v & ((1UL << o) - 1)) : INVALID_MFN;
}

/* Guests' addresses are of any alignment. */
typedef uint64_t __attribute__((aligned(1), may_alias)) uint64_any_t;
typedef uint32_t __attribute__((aligned(1), may_alias)) uint32_any_t;

/* Page table entries, and most arguments, in one access. */
static inline void read_from(void *dst, const void *src, size_t len)
{
    if (len == sizeof(uint64_t))
        *(uint64_any_t *)dst = *(const volatile uint64_any_t *)src;
    else if (len == sizeof(uint32_t))
        *(uint32_any_t *)dst = *(const volatile uint32_any_t *)src;
    else
        memcpy(dst, src, len);
}

/* False: an entry on the way, which is left in the view, is of nothing. */
static inline bool look_around(const struct p2m *p, struct p2m_view *w, paddr_t gpa)
{
    const uint64_t *table = p->root, *slot;
    uint64_t e;

#pragma GCC unroll 3
    for (unsigned int o = P2M_TOP_ORDER; o; o -= 9) {
        slot = &table[entry_index(gpa >> PAGE_SHIFT, o)];
        e = atomic_read(slot);
        if (unlikely(!entry_present(e)))
            return false;
        if (e & P2M_LEAF) {
            w->size = PAGE_SIZE << o;
            w->start = gpa & ~(w->size - 1);
            w->table = NULL;
            w->at = mfn_to_virt(entry_mfn(e));
            w->slot = slot;
            w->entry = e;
            return p2m_entry_readable(e);
        }
        table = entry_table(e);
    }
    w->size = PAGE_SIZE << ORDER_2M;
    w->start = gpa & ~(w->size - 1);
    w->table = table;
    return true;
}

bool p2m_view_move(struct p2m_view *w, paddr_t gpa)
{
    const struct p2m *p = w->d->p2m;

    if (unlikely(gpa >> PAGE_SHIFT >= p->limit))
        return false;
    w->seq = &p->seq;
    do {
        w->seen = atomic_read_acquire(&p->seq);
        if (likely(look_around(p, w, gpa)))
            return true;
    } while (atomic_read(&p->seq) != w->seen);
    w->size = 0;
    return false;
}

/* Whatever it is. */
static __noinline struct page_info *get_page(struct domain *d, gfn_t g, enum p2m_type *t)
{
    enum p2m_type type, again;
    mfn_t m = p2m_lookup(d, g, &type, NULL);
    struct page_info *pg = NULL;

    /* A few attempts: what is replaced just now is not a hole. */
    for (unsigned int i = 0; i < 4; i++) {
        bool got;
        mfn_t now;

        if (!p2m_is_ram(type) && !p2m_holds_ref(type))
            break;
        pg = mfn_to_page(m);
        got = p2m_is_ram(type) ? page_get(pg, d) : page_get_any(pg);
        if (got && p2m_is_ram(type))
            break; /* its own memory, whatever the map says by now */
        now = p2m_lookup(d, g, &again, NULL);
        if (got && again == type && mfn_eq(now, m))
            break;
        if (got)
            page_put(pg);
        pg = NULL;
        if (again == type && mfn_eq(now, m))
            break;
        type = again;
        m = now;
    }
    *t = type;
    return pg;
}

struct page_info *p2m_view_get_page(struct p2m_view *w, paddr_t gpa, enum p2m_type *t)
{
    const void *at = p2m_view_at(w, gpa);
    struct page_info *pg;

    if (likely(at && entry_type(w->entry) == p2m_ram_rw)) {
        pg = virt_to_page(at);
        *t = p2m_ram_rw;
        if (likely(page_get(pg, w->d))) {
            if (likely(p2m_view_holds(w)))
                return pg;
            page_put(pg);
        }
    }
    return get_page(w->d, gfn(gpa >> PAGE_SHIFT), t);
}

struct page_info *p2m_get_page(struct domain *d, gfn_t g, enum p2m_type *t)
{
    enum p2m_type type;
    struct p2m_view w;

    if (!t)
        t = &type;
    *t = p2m_invalid;
    if (unlikely(g.v >= d->p2m->limit)) /* nor is it an address */
        return NULL;
    p2m_view_init(&w, d);
    return p2m_view_get_page(&w, g.v << PAGE_SHIFT, t);
}

bool p2m_view_read(struct p2m_view *w, paddr_t gpa, void *dst, size_t len)
{
    const void *at;

    do {
        at = p2m_view_at(w, gpa);
        if (unlikely(!at))
            return false;
        read_from(dst, at, len);
    } while (unlikely(!p2m_view_holds(w)));
    return true;
}

bool p2m_read(struct domain *d, paddr_t gpa, void *dst, size_t len)
{
    struct p2m_view w;

    p2m_view_init(&w, d);
    return p2m_view_read(&w, gpa, dst, len);
}

/* --- changes; the lock is held --------------------------------------------------- */

/* Whether a change of an entry from @old to @type is one of what the log tells. */
static bool changes_memory(uint64_t old, unsigned int order, enum p2m_type type)
{
    if (type == p2m_ram_rw)
        return true;
    return entry_present(old) && (!entry_is_leaf(old, order) || entry_is_logged(old));
}

/*
 * The entry of 2^order frames in @table was set, to which the last of @path leads: larger ones
 * in place of tables, as far as it goes.
 */
static void merge_up(struct p2m *p, uint64_t *const *path, unsigned int depth, uint64_t *table,
                     unsigned int order)
{
    for (; depth && order < p->max_order; order += 9, depth--) {
        if (!p2m_try_merge(p, path[depth - 1], table, order))
            break;
        table = (uint64_t *)((uintptr_t)path[depth - 1] & PAGE_MASK);
    }
}

/* Sets one entry of 2^order frames, order being a level's. *flush: a translation went away. */
static int set_leaf(struct domain *d, uint64_t g, mfn_t m, unsigned int order, enum p2m_type t,
                    bool *flush)
{
    struct p2m *p = d->p2m;
    uint64_t *path[4], *table = p->root, *slot, old, new;
    unsigned int depth = 0, o;

    for (o = P2M_TOP_ORDER; o > order; o -= 9) {
        slot = &table[entry_index(g, o)];
        if (!entry_present(*slot)) {
            uint64_t *sub;

            if (t == p2m_invalid)
                return 0;
            sub = p2m_table_create(d, o - 9);
            if (!sub)
                return -ENOMEM;
            atomic_set_release(slot, p2m_format->make_table(virt_to_mfn(sub)));
        } else if (entry_is_leaf(*slot, o)) {
            uint64_t offset = g & ((1UL << o) - 1);

            if (entry_type(*slot) == t && mfn_eq(mfn_add(entry_mfn(*slot), offset), m))
                return 0;
            if (p2m_split(d, slot, o))
                return -ENOMEM;
        }
        path[depth++] = slot;
        table = entry_table(*slot);
    }
    slot = &table[entry_index(g, order)];
    old = *slot;
    new = t == p2m_invalid ? 0 : p2m_format->make_leaf(m, order, t);
    atomic_set_release(slot, new);
    if (entry_present(old) && old != new)
        *flush = true;
    if (unlikely(p->log_mask) && changes_memory(old, order, t))
        dirty_log_set(d->dirty_log, g, order);
    if (entry_present(old) && !entry_is_leaf(old, order))
        p2m_table_retire(p, entry_table(old), order - 9);
    if (new &&likely(!p->log_mask))
        merge_up(p, path, depth, table, order);
    return 0;
}

static int set_range(struct domain *d, uint64_t g, mfn_t m, unsigned int order, enum p2m_type t,
                     bool *flush)
{
    unsigned int level = order >= ORDER_1G ? ORDER_1G : order >= ORDER_2M ? ORDER_2M : ORDER_4K;
    int rc = 0;

    if (t != p2m_invalid && level > d->p2m->max_order)
        level = d->p2m->max_order;
    /* All of them are entries of one table: only the first can run out of memory. */
    for (uint64_t i = 0; i < 1UL << order && !rc; i += 1UL << level)
        rc = set_leaf(d, g + i, mfn_add(m, i), level, t, flush);
    return rc;
}

static bool set_is_valid(const struct p2m *p, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t)
{
    uint64_t mask = (1UL << order) - 1;

    if (p2m_holds_ref(t) && order)
        return false; /* references are per page */
    return order <= ORDER_1G && g.v < p->limit && !(g.v & mask) &&
           (t == p2m_invalid || (!(m.v & mask) && m.v <= P2M_ADDR >> PAGE_SHIFT));
}

static int set_locked(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t,
                      bool *flush)
{
    struct p2m *p = d->p2m;
    uint64_t last = g.v + (1UL << order) - 1;
    int rc;

    if (p->closed)
        return -ESRCH;
    if (unlikely(p->log_mask) && t == p2m_ram_rw && dirty_log_cover(d, d->dirty_log, g.v, order))
        return -ENOMEM;
    rc = set_range(d, g.v, m, order, t, flush);
    if (!rc && t != p2m_invalid && last > p->max_gfn)
        atomic_set(&p->max_gfn, last);
    return rc;
}

int p2m_set(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t)
{
    struct p2m *p = d->p2m;
    bool flush = false;
    int rc;

    if (!set_is_valid(p, g, m, order, t))
        return -EINVAL;
    spin_lock(&p->lock);
    rc = set_locked(d, g, m, order, t, &flush);
    spin_unlock(&p->lock);
    if (flush)
        arch_p2m_flush(d);
    return rc;
}

int p2m_replace(struct domain *d, gfn_t g, mfn_t old, enum p2m_type old_type, mfn_t m,
                enum p2m_type t)
{
    struct p2m *p = d->p2m;
    enum p2m_type now_type;
    bool flush = false;
    mfn_t now;
    int rc;

    if (!set_is_valid(p, g, m, 0, t))
        return -EINVAL;
    spin_lock(&p->lock);
    now = p2m_lookup(d, g, &now_type, NULL);
    if (now_type == old_type && (old_type == p2m_invalid || mfn_eq(now, old)))
        rc = set_locked(d, g, m, 0, t, &flush);
    else
        rc = -EAGAIN;
    spin_unlock(&p->lock);
    if (flush)
        arch_p2m_flush(d);
    return rc;
}

static bool is_hole(const struct p2m *p, uint64_t g, uint64_t n)
{
    unsigned int order;

    for (uint64_t i = 0; i < n; i = ((g + i) >> order << order) + (1UL << order) - g) {
        if (entry_present(*p2m_walk(p, g + i, &order)))
            return false;
    }
    return true;
}

int p2m_add(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t)
{
    struct p2m *p = d->p2m;
    bool flush = false; /* stays so: nothing is replaced */
    int rc;

    if (!set_is_valid(p, g, m, order, t))
        return -EINVAL;
    spin_lock(&p->lock);
    rc = is_hole(p, g.v, 1UL << order) ? set_locked(d, g, m, order, t, &flush) : -EEXIST;
    spin_unlock(&p->lock);
    return rc;
}

/* The lock is held. */
static int take_locked(struct domain *d, gfn_t g, unsigned int order, unsigned int types, mfn_t *m,
                       enum p2m_type *t)
{
    unsigned int o;
    uint64_t e = *p2m_walk(d->p2m, g.v, &o);
    bool flush;

    if (!entry_present(e))
        return -ENOENT;
    *t = entry_type(e);
    if (!(types & P2M_TYPE(*t)))
        return -EPERM;
    if (o < order)
        return -EAGAIN;
    *m = mfn_add(entry_mfn(e), g.v & ((1UL << o) - 1));
    return set_locked(d, g, INVALID_MFN, order, p2m_invalid, &flush);
}

int p2m_take(struct domain *d, gfn_t g, unsigned int order, unsigned int types, mfn_t *m,
             enum p2m_type *t)
{
    struct p2m *p = d->p2m;
    int rc;

    if (!set_is_valid(p, g, INVALID_MFN, order, p2m_invalid))
        return -ENOENT;
    spin_lock(&p->lock);
    rc = take_locked(d, g, order, types, m, t);
    spin_unlock(&p->lock);
    return rc;
}

/* Every frame keeps its meaning: nothing is flushed. */
int p2m_break_up(struct domain *d, gfn_t g)
{
    struct p2m *p = d->p2m;
    unsigned int order = 0;
    uint64_t *slot;
    int rc = 0;

    if (g.v >= p->limit)
        return 0;
    spin_lock(&p->lock);
    do {
        slot = p2m_walk(p, g.v, &order);
        if (entry_present(*slot) && order)
            rc = p2m_split(d, slot, order);
    } while (!rc && entry_present(*slot) && order);
    spin_unlock(&p->lock);
    return rc;
}

/* --- the end ----------------------------------------------------------------------- */

/* What one leaf refers to is given back, from frame @from of it on; how far it came. */
static unsigned int release_leaf(uint64_t e, unsigned int from, unsigned int order)
{
    unsigned int i, end = min(from + TEARDOWN_BATCH, 1u << order);
    enum p2m_type t = entry_type(e);

    if (t == p2m_mmio_direct)
        return 1u << order;
    for (i = from; i < end; i++) {
        struct page_info *pg = mfn_to_page(mfn_add(entry_mfn(e), i));

        if (p2m_holds_ref(t))
            page_put(pg);
        else
            page_free_guest(pg); /* false for frames that the hypervisor shares: not the map's */
    }
    return end;
}

int p2m_teardown(struct domain *d)
{
    struct p2m *p = d->p2m;

    if (!p)
        return 0;
    spin_lock(&p->lock);
    p->closed = true; /* whoever is in p2m_set is done; from here on only we change it */
    spin_unlock(&p->lock);
    while (p->teardown_gfn <= p->max_gfn) {
        unsigned int order, done;
        uint64_t *slot = p2m_walk(p, p->teardown_gfn, &order), e = *slot;
        uint64_t base = p->teardown_gfn >> order << order;

        if (entry_present(e)) {
            done = release_leaf(e, (unsigned int)(p->teardown_gfn - base), order);
            p->teardown_gfn = base + done;
            if (done == 1u << order)
                atomic_set_release(slot, 0);
        } else {
            p->teardown_gfn = base + (1UL << order);
        }
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
