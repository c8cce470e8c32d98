/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: a buddy system for each node and side of the 4 GiB line.
 * Its lists are threaded through the frame table by 32-bit frame numbers. Clean
 * (zeroed) and dirty blocks are kept apart and merge only with their like, so
 * that allocation finds clean ones first and the scrubber finds the dirty ones.
 */
#include <hv/lock.h>
#include <hv/log.h>
#include <hv/percpu.h>
#include <hv/string.h>

#include "core/page_internal.h"

#define MAX_ORDER    ORDER_1G
#define NR_ORDERS    (MAX_ORDER + 1)
#define NIL          0u /* frame 0 is never handed out */
#define MFN_4G       (1UL << (32 - PAGE_SHIFT))
#define SCRUB_ORDER  6u /* frames zeroed in one go: 256 KiB */
#define REFILL_ORDER 3u /* frames that a CPU takes into its cache at once */

/* Blocks lie below 4 GiB or above, never across: the largest is 1 GiB. */
enum zone_kind { ZONE_LOW, ZONE_HIGH, NR_ZONES };

struct zone {
    spinlock_t lock;
    uint32_t mask[2];            /* [dirty]: bit n is set if list n isn't empty */
    uint32_t head[2][NR_ORDERS]; /* [dirty][order]: mfns of the first blocks */
    uint64_t free, dirty;        /* frames; dirty ones are free too */
    unsigned int scrubbing;      /* blocks being zeroed, in no list meanwhile */
};

static struct zone zones[MAX_NODES][NR_ZONES];
static unsigned int nr_nodes;
static uint64_t total_frames[MAX_NODES];
static uint8_t fallback[MAX_NODES][MAX_NODES]; /* [node]: the order in which nodes are tried */

static struct zone *zone_of(uint64_t m, unsigned int node)
{
    return &zones[node][m < MFN_4G ? ZONE_LOW : ZONE_HIGH];
}

static struct page_info *info(uint64_t m)
{
    return mfn_to_page(mfn(m));
}

/* --- lists; the zone's lock is held ------------------------------------------ */

static void block_insert(struct zone *z, uint32_t m, unsigned int order, bool dirty)
{
    struct page_info *pg = info(m);
    uint32_t first = z->head[dirty][order];

    pg->ref_word = page_word(0, PAGE_NO_OWNER, PAGE_FREE | (dirty ? PAGE_DIRTY : 0));
    pg->order = (uint8_t)order;
    pg->next = first;
    pg->prev = NIL;
    if (first != NIL)
        info(first)->prev = m;
    z->head[dirty][order] = m;
    z->mask[dirty] |= 1u << order;
}

static void block_remove(struct zone *z, uint32_t m)
{
    struct page_info *pg = info(m);
    bool dirty = pg->flags & PAGE_DIRTY;

    if (pg->next != NIL)
        info(pg->next)->prev = pg->prev;
    if (pg->prev != NIL)
        info(pg->prev)->next = pg->next;
    else
        z->head[dirty][pg->order] = pg->next;
    if (z->head[dirty][pg->order] == NIL)
        z->mask[dirty] &= ~(1u << pg->order);
    pg->ref_word = page_word(0, PAGE_NO_OWNER, 0);
}

/* A free block of exactly 2^order frames; larger ones are split. NIL: none. */
static uint32_t block_take(struct zone *z, unsigned int order, bool dirty)
{
    uint32_t candidates = z->mask[dirty] >> order << order, m;
    unsigned int o;

    if (!candidates)
        return NIL;
    o = (unsigned int)__builtin_ctz(candidates);
    m = z->head[dirty][o];
    block_remove(z, m);
    while (o > order) {
        o--;
        block_insert(z, m + (1u << o), o, dirty);
    }
    return m;
}

/* Puts a block back, joined with its free neighbours of the same kind in @r. */
static void block_give(struct zone *z, const struct page_range *r, uint64_t m, unsigned int order,
                       bool dirty)
{
    uint8_t like = PAGE_FREE | (dirty ? PAGE_DIRTY : 0);

    for (; order < MAX_ORDER; order++) {
        uint64_t buddy = m ^ (1UL << order);

        if (buddy < r->start || buddy + (1UL << order) > r->end || info(buddy)->flags != like ||
            info(buddy)->order != order)
            break;
        block_remove(z, (uint32_t)buddy);
        m &= buddy;
    }
    block_insert(z, (uint32_t)m, order, dirty);
}

/* --- zones ---------------------------------------------------------------------- */

static void zone_give(uint64_t m, unsigned int order, bool dirty)
{
    struct page_range r;
    struct zone *z;

    if (!page_range_find(m, &r))
        panic("frame %#lx freed, which is no memory", m);
    z = zone_of(m, r.node);
    spin_lock(&z->lock);
    block_give(z, &r, m, order, dirty);
    z->free += 1UL << order;
    if (dirty)
        z->dirty += 1UL << order;
    spin_unlock(&z->lock);
}

static uint32_t zone_take(struct zone *z, unsigned int order, unsigned int flags, bool *dirty)
{
    bool first = flags & ALLOC_NO_SCRUB; /* what will be overwritten may as well be dirty */
    uint32_t m;

    if (atomic_read(&z->free) < 1UL << order)
        return NIL;
    spin_lock(&z->lock);
    *dirty = first;
    m = !(flags & ALLOC_CLEAN) || !first ? block_take(z, order, first) : NIL;
    if (m == NIL && !(flags & ALLOC_CLEAN)) {
        *dirty = !first;
        m = block_take(z, order, !first);
    }
    if (m != NIL) {
        z->free -= 1UL << order;
        if (*dirty)
            z->dirty -= 1UL << order;
    }
    spin_unlock(&z->lock);
    return m;
}

static uint32_t node_take(unsigned int node, unsigned int order, unsigned int flags, bool *dirty)
{
    uint32_t m = NIL;

    if (!(flags & ALLOC_BELOW_4G))
        m = zone_take(&zones[node][ZONE_HIGH], order, flags, dirty);
    if (m == NIL)
        m = zone_take(&zones[node][ZONE_LOW], order, flags, dirty);
    return m;
}

static uint32_t any_take(unsigned int order, unsigned int flags, bool *dirty)
{
    unsigned int node = this_cpu()->node;
    uint32_t m = NIL;

    if (flags & 0xff)
        node = (flags & 0xff) - 1;
    if (flags & ALLOC_EXACT)
        return node < nr_nodes ? node_take(index_nospec(node, MAX_NODES), order, flags, dirty)
                               : NIL;
    if (node >= MAX_NODES)
        node = 0;
    node = index_nospec(node, MAX_NODES);
    for (unsigned int i = 0; i < nr_nodes && m == NIL; i++)
        m = node_take(fallback[node][i], order, flags, dirty);
    return m;
}

/* --- each CPU's cache of single frames ---------------------------------------------- */

static bool cache_refill(struct cpu *c, unsigned int flags)
{
    bool dirty;
    unsigned int order = REFILL_ORDER;
    uint32_t m = any_take(order, flags, &dirty);

    if (m == NIL) {
        order = 0;
        m = any_take(order, flags, &dirty);
    }
    if (m == NIL)
        return false;
    for (uint32_t i = 1u << order; i-- > 0;) { /* handed out in ascending order */
        info(m + i)->ref_word = page_word(0, PAGE_NO_OWNER, dirty ? PAGE_DIRTY : 0);
        c->page_cache[c->page_cache_count++] = m + i;
    }
    return true;
}

static uint32_t cache_take(unsigned int flags, bool *dirty)
{
    struct cpu *c = this_cpu();
    uint32_t m;

    if (!c->page_cache_count && !cache_refill(c, flags))
        return NIL;
    m = c->page_cache[--c->page_cache_count];
    *dirty = info(m)->flags & PAGE_DIRTY;
    return m;
}

static void cache_shrink(struct cpu *c, unsigned int leave)
{
    unsigned int n = c->page_cache_count > leave ? c->page_cache_count - leave : 0;

    for (unsigned int i = 0; i < n; i++)
        zone_give(c->page_cache[i], 0, info(c->page_cache[i])->flags & PAGE_DIRTY);
    memmove(&c->page_cache[0], &c->page_cache[n],
            (c->page_cache_count - n) * sizeof(c->page_cache[0]));
    c->page_cache_count -= n;
}

void page_give(struct page_info *pg)
{
    uint32_t m = (uint32_t)page_to_mfn(pg).v;
    struct cpu *c = this_cpu();
    struct page_range r;

    pg->ref_word = page_word(0, PAGE_NO_OWNER, PAGE_DIRTY);
    if (nr_nodes > 1 && page_range_find(m, &r) && r.node != c->node) {
        zone_give(m, 0, true);
        return;
    }
    if (c->page_cache_count == PAGE_CACHE_SIZE)
        cache_shrink(c, PAGE_CACHE_SIZE / 2);
    c->page_cache[c->page_cache_count++] = m;
}

/* --- allocation -------------------------------------------------------------------------- */

/*
 * Dirty blocks don't merge with clean ones, so scrubbing may be what makes a
 * large block; a few steps of it are worth a try.
 */
static uint32_t take_after_scrub(unsigned int order, unsigned int flags, bool *dirty)
{
    uint32_t m = NIL;

    if (!order)
        return NIL;
    cache_shrink(this_cpu(), 0);
    for (unsigned int i = 0; i < 4 && m == NIL && page_alloc_scrub_some(); i++)
        m = any_take(order, flags, dirty);
    return m;
}

static struct page_info *frames_set(uint64_t m, unsigned int order, uint64_t word)
{
    struct page_info *pg = info(m);

    for (uint32_t i = 0; i < 1u << order; i++) {
        pg[i].type_info = 0;
        atomic_set_release(&pg[i].ref_word, word);
    }
    return pg;
}

struct page_info *page_take(unsigned int order, unsigned int flags, uint64_t word)
{
    bool dirty = false;
    uint32_t m;

    if (order > MAX_ORDER)
        return NULL;
    if (!order && !(flags & ~ALLOC_NO_SCRUB))
        m = cache_take(flags, &dirty);
    else
        m = any_take(order, flags, &dirty);
    if (unlikely(m == NIL)) {
        m = take_after_scrub(order, flags, &dirty);
        if (m == NIL)
            return NULL;
    }
    if (dirty && !(flags & ALLOC_NO_SCRUB))
        memset(mfn_to_virt(mfn(m)), 0, PAGE_SIZE << order);
    return frames_set(m, order, word);
}

struct page_info *page_alloc(unsigned int order, unsigned int flags)
{
    return page_take(order, flags, page_word(1, PAGE_NO_OWNER, PAGE_HV));
}

void page_free(struct page_info *pg, unsigned int order)
{
    for (uint32_t i = 0; i < 1u << order; i++) {
        if (pg[i].ref_word != page_word(1, PAGE_NO_OWNER, PAGE_HV))
            panic("page_free: frame %#lx is in state %#lx", page_to_mfn(&pg[i]).v, pg[i].ref_word);
        pg[i].ref_word = page_word(0, PAGE_NO_OWNER, 0);
    }
    if (order)
        zone_give(page_to_mfn(pg).v, order, true);
    else
        page_give(pg);
}

/* --- given frames ------------------------------------------------------------------------ */

/* The free block that holds frame @m, or NIL; its order. The zone's lock is held. */
static uint32_t block_around(uint64_t m, unsigned int *order)
{
    struct page_range r;

    if (!page_range_find(m, &r))
        return NIL;
    for (unsigned int o = 0; o <= MAX_ORDER; o++) {
        uint64_t head = m >> o << o;

        if (head < r.start)
            return NIL;
        if (info(head)->flags & PAGE_FREE && info(head)->order >= o) {
            *order = info(head)->order;
            return (uint32_t)head;
        }
    }
    return NIL;
}

/* Takes [m, m + 2^order) out of the free block @head of 2^size that holds all of it. */
static void block_carve(struct zone *z, uint32_t m, unsigned int order, uint32_t head,
                        unsigned int size)
{
    bool dirty = info(head)->flags & PAGE_DIRTY;

    block_remove(z, head);
    z->free -= 1UL << order;
    if (dirty)
        z->dirty -= 1UL << order;
    while (size > order) {
        uint32_t upper;

        size--;
        upper = head + (1u << size);
        if (m >= upper) {
            block_insert(z, head, size, dirty);
            head = upper;
        } else {
            block_insert(z, upper, size, dirty);
        }
    }
}

/* False, and nothing changed, unless all of [m, m + 2^order) is free. */
static bool zone_take_exact(struct zone *z, uint32_t m, unsigned int order)
{
    uint32_t head, end = m + (1u << order);
    unsigned int size;

    for (uint32_t i = m; i < end; i = head + (1u << size)) {
        head = block_around(i, &size);
        if (head == NIL)
            return false;
    }
    for (uint32_t i = m; i < end; i += 1u << min(size, order)) {
        head = block_around(i, &size);
        block_carve(z, i, min(size, order), head, size);
    }
    return true;
}

struct page_info *page_take_exact(mfn_t start, unsigned int order, uint64_t word)
{
    struct page_range r;
    struct zone *z;
    bool ok, wait;

    if (order > MAX_ORDER || start.v & ((1UL << order) - 1) || !page_range_find(start.v, &r) ||
        start.v + (1UL << order) > r.end)
        return NULL;
    cache_shrink(this_cpu(), 0);
    z = zone_of(start.v, r.node);
    do { /* a block that is being scrubbed comes back */
        spin_lock(&z->lock);
        ok = zone_take_exact(z, (uint32_t)start.v, order);
        wait = !ok && z->scrubbing;
        spin_unlock(&z->lock);
    } while (wait);
    return ok ? frames_set(start.v, order, word) : NULL;
}

struct page_info *page_alloc_exact(mfn_t start, unsigned int order)
{
    return page_take_exact(start, order, page_word(1, PAGE_NO_OWNER, PAGE_HV));
}

void *hv_alloc_pages(unsigned int order, unsigned int flags)
{
    struct page_info *pg = page_alloc(order, flags);

    return pg ? page_to_virt(pg) : NULL;
}

void hv_free_pages(void *va, unsigned int order)
{
    if (va)
        page_free(virt_to_page(va), order);
}

/* --- boot, scrubbing, figures --------------------------------------------------------------- */

static void nodes_add(unsigned int node)
{
    if (node < nr_nodes)
        return;
    for (; nr_nodes <= node; nr_nodes++) {
        for (unsigned int k = 0; k < NR_ZONES; k++)
            spin_lock_init(&zones[nr_nodes][k].lock, LOCK_PAGE_ALLOC);
    }
    for (unsigned int a = 0; a < MAX_NODES; a++)
        for (unsigned int i = 0; i < nr_nodes; i++)
            fallback[a][i] = (uint8_t)((a + i) % nr_nodes);
}

void page_alloc_set_fallback(unsigned int node, const uint8_t *order)
{
    memcpy(fallback[node], order, nr_nodes);
}

void page_alloc_add_range(mfn_t start, mfn_t end, unsigned int node)
{
    uint64_t m = max(start.v, 1UL);

    if (m >= end.v || node >= MAX_NODES || end.v >= 1UL << 32)
        return;
    nodes_add(node);
    for (uint64_t i = m; i < end.v; i++)
        *info(i) = (struct page_info){ .ref_word = page_word(0, PAGE_NO_OWNER, 0) };
    if (!page_range_add(m, end.v, node)) {
        log_warning("memory: too many ranges, %#lx-%#lx is not used\n", m, end.v);
        return;
    }
    total_frames[node] += end.v - m;
    while (m < end.v) { /* the largest aligned blocks that fit */
        unsigned int order = min(MAX_ORDER, (unsigned int)__builtin_ctzl(m));

        while (m + (1UL << order) > end.v)
            order--;
        zone_give(m, order, true);
        m += 1UL << order;
    }
}

/* While a block is being zeroed it still counts as free, though nobody gets it just then. */
static bool zone_scrub(struct zone *z)
{
    unsigned int order = SCRUB_ORDER;
    struct page_range r;
    uint32_t m;

    if (!atomic_read(&z->dirty))
        return false;
    spin_lock(&z->lock);
    while ((m = block_take(z, order, true)) == NIL && order)
        order--;
    if (m != NIL) {
        z->dirty -= 1UL << order;
        z->scrubbing++;
    }
    spin_unlock(&z->lock);
    if (m == NIL || !page_range_find(m, &r))
        return false;
    memset(mfn_to_virt(mfn(m)), 0, PAGE_SIZE << order);
    spin_lock(&z->lock);
    block_give(z, &r, m, order, false);
    z->scrubbing--;
    spin_unlock(&z->lock);
    return true;
}

bool page_alloc_scrub_some(void)
{
    unsigned int node = this_cpu()->node;

    for (unsigned int n = 0; n < nr_nodes; n++, node++) {
        if (node >= nr_nodes)
            node = 0;
        if (zone_scrub(&zones[node][ZONE_LOW]) || zone_scrub(&zones[node][ZONE_HIGH]))
            return true;
    }
    return false;
}

uint64_t page_alloc_total(void)
{
    uint64_t n = 0;

    for (unsigned int i = 0; i < nr_nodes; i++)
        n += total_frames[i];
    return n;
}

uint64_t page_alloc_total_of(unsigned int node)
{
    return node < nr_nodes ? total_frames[index_nospec(node, MAX_NODES)] : 0;
}

unsigned int page_alloc_nodes(void)
{
    return nr_nodes;
}

uint64_t page_alloc_free(int node)
{
    uint64_t n = 0;
    unsigned int i;

    for (i = 0; i < nr_nodes; i++) {
        if (node < 0 || node == (int)i)
            n += atomic_read(&zones[i][ZONE_LOW].free) + atomic_read(&zones[i][ZONE_HIGH].free);
    }
    for_each_online_cpu(i) {
        if (node < 0 || node == (int)cpus[i]->node)
            n += atomic_read(&cpus[i]->page_cache_count);
    }
    return n;
}

uint64_t page_alloc_dirty(void)
{
    uint64_t n = 0;

    for (unsigned int i = 0; i < nr_nodes; i++)
        n += atomic_read(&zones[i][ZONE_LOW].dirty) + atomic_read(&zones[i][ZONE_HIGH].dirty);
    return n;
}
