/* SPDX-License-Identifier: MIT */
/*
 * A domain's memory grows and shrinks. By the interface these calls report no
 * errors but the number of extents that are done; the caller sees from it that
 * one could not be.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/log.h>

#include "core/memory_internal.h"

#define READ_AHEAD 32u /* frame numbers read from the guest at once */

struct extents {
    struct domain *d;
    XEN_GUEST_HANDLE(xen_pfn_t) list;
    uint64_t nr;
    unsigned int order, alloc_flags;

    xen_pfn_t buf[READ_AHEAD];
    uint64_t buf_start, buf_nr;
};

/* The caller's flags for the allocator, or -EINVAL for what can't be done. */
static int alloc_flags(unsigned int mem_flags)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags), node = mem_flags >> 8 & 0xff;
    unsigned int flags = ALLOC_ANY;

    if (mem_flags & (XENMEMF_populate_on_demand | XENMEMF_vnode))
        return -EINVAL;
    if (bits && bits < 32)
        return -EINVAL;
    if (bits && bits < 64 && page_alloc_max_mfn().v >= 1UL << (bits - PAGE_SHIFT))
        flags |= ALLOC_BELOW_4G;
    if (node)
        flags |= ALLOC_NODE(node - 1);
    if (mem_flags & XENMEMF_exact_node_request)
        flags |= node ? ALLOC_EXACT : 0;
    return (int)flags;
}

/* Of the nodes that @d is to have its memory from, the one with the most; none if from all. */
static unsigned int preferred_node(const struct domain *d)
{
    uint64_t map = atomic_read(&d->node_affinity), most = 0;
    unsigned int nodes = page_alloc_nodes(), best = 0;

    if (likely(map == ~0UL >> (64 - nodes)))
        return ALLOC_ANY;
    for (unsigned int i = 0; i < nodes; i++) {
        uint64_t n = map >> i & 1 ? page_alloc_free((int)i) : 0;

        if (n > most) {
            most = n;
            best = i;
        }
    }
    return most ? ALLOC_NODE(best) : ALLOC_ANY;
}

/* False: *rc is the call's result. */
static bool extents_get(struct extents *e, unsigned long cmd, memory_arg_t arg, long *rc)
{
    struct xen_memory_reservation r;
    uint64_t start = MEMOP_START(cmd);
    int flags;

    *rc = (long)start;
    if (guest_read(&r, guest_handle_cast(arg, xen_memory_reservation_t)))
        return false;
    flags = alloc_flags(r.mem_flags);
    if (start >= r.nr_extents || r.nr_extents > ~0UL >> (MEMOP_BITS + 1) || flags < 0)
        return false;
    /* Large ones only for those who build domains: one step must stay short. */
    if (r.extent_order > (current->domain->is_privileged ? ORDER_1G : ORDER_2M))
        return false;
    switch (memory_target_get(r.domid, &e->d)) {
    case 0:
        break;
    case -EPERM:
        *rc = -EPERM;
        return false;
    default:
        return false;
    }
    e->list.p = r.extent_start.p;
    e->nr = r.nr_extents;
    e->order = r.extent_order;
    e->alloc_flags = (unsigned int)flags;
    if (!(e->alloc_flags & 0xff))
        e->alloc_flags |= preferred_node(e->d);
    e->buf_start = e->buf_nr = 0;
    return true;
}

/* The number of extent @i, from the guest's list. */
static bool extent_read(struct extents *e, uint64_t i, xen_pfn_t *pfn)
{
    if (i - e->buf_start >= e->buf_nr) {
        e->buf_start = i;
        e->buf_nr = min(e->nr - i, (uint64_t)READ_AHEAD);
        if (copy_from_guest_va(e->buf, (vaddr_t)(e->list.p + i), e->buf_nr * sizeof(*e->buf))) {
            e->buf_nr = 0;
            return false;
        }
    }
    *pfn = e->buf[i - e->buf_start];
    return *pfn <= ~0UL >> PAGE_SHIFT;
}

typedef bool extent_fn(struct extents *e, struct release *r, gfn_t g);

/* Does @fn for all extents, until one fails or something else wants the CPU. */
static long for_extents(unsigned long cmd, memory_arg_t arg, extent_fn *fn)
{
    struct release r;
    struct extents e;
    xen_pfn_t pfn;
    uint64_t i;
    long rc;

    if (!extents_get(&e, cmd, arg, &rc))
        return rc;
    release_init(&r, e.d);
    for (i = (uint64_t)rc; i < e.nr; i++) {
        if (i != (uint64_t)rc && hypercall_preempt_check())
            break;
        if (!extent_read(&e, i, &pfn) || !fn(&e, &r, gfn(pfn))) {
            e.nr = i; /* the end, then */
            break;
        }
    }
    release_all(&r);
    domain_put(e.d);
    if (i < e.nr)
        return hypercall_continue(1, MEMOP_CONTINUE(cmd & MEMOP_MASK, i));
    return (long)i;
}

/* --- populate ------------------------------------------------------------------ */

static bool is_aligned(gfn_t g, unsigned int order)
{
    return !(g.v & ((1UL << order) - 1));
}

/* Memory that stood there already goes: the new one takes its place. */
static int add_or_replace(struct extents *e, struct release *r, gfn_t g, mfn_t m,
                          unsigned int order)
{
    int rc = p2m_add(e->d, g, m, order, p2m_ram_rw);

    if (rc != -EEXIST || order > ORDER_2M)
        return rc;
    for (uint64_t i = 0; i < 1UL << order; i++) {
        rc = release_take(r, gfn_add(g, i), 0, P2M_RAM);
        if (rc && rc != -ENOENT)
            return rc;
    }
    return p2m_add(e->d, g, m, order, p2m_ram_rw);
}

static void give_up(struct page_info *pg, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        page_free_guest(&pg[i]);
}

static bool populate_extent(struct extents *e, struct release *r, gfn_t g)
{
    /* Zeroing a gigabyte takes too long for one step: only what is clean already. */
    unsigned int flags = e->alloc_flags | (e->order > ORDER_2M ? ALLOC_CLEAN : 0);
    unsigned int step = is_aligned(g, e->order) ? e->order : 0;
    struct page_info *pg;
    uint64_t i;

    if (e->order > ORDER_2M && !step)
        return false; /* piece by piece it would take too long, too */
    pg = domain_page_alloc(e->d, e->order, flags);
    if (!pg)
        return false;
    for (i = 0; i < 1UL << e->order; i += 1UL << step) {
        if (add_or_replace(e, r, gfn_add(g, i), page_to_mfn(&pg[i]), step)) {
            give_up(pg, i, 1UL << e->order);
            return false;
        }
    }
    return true;
}

long memory_populate(unsigned long cmd, memory_arg_t arg)
{
    return for_extents(cmd, arg, populate_extent);
}

/* --- decrease --------------------------------------------------------------------- */

static bool decrease_extent(struct extents *e, struct release *r, gfn_t g)
{
    if (e->order > ORDER_2M)
        return false;
    if (is_aligned(g, e->order)) {
        int rc = release_take(r, g, e->order, P2M_RAM);

        if (rc != -EAGAIN)
            return !rc;
    }
    for (uint64_t i = 0; i < 1UL << e->order; i++) {
        if (release_take(r, gfn_add(g, i), 0, P2M_RAM))
            return false;
    }
    return true;
}

long memory_decrease(unsigned long cmd, memory_arg_t arg)
{
    return for_extents(cmd, arg, decrease_extent);
}

/*
 * Memory without a place in the guest's address space: something for PV guests
 * only, who place it themselves. For others nothing is allocated.
 */
long memory_increase(unsigned long cmd, memory_arg_t arg)
{
    return (long)MEMOP_START(cmd);
}
